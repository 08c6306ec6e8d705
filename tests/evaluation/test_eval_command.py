"""`refinegraph eval`: its files, what agents never see, and what remains after a kill."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from refinegraph.agents.models import ScriptedChatModel
from refinegraph.agents.prompts import PROMPT_SETS
from refinegraph.cli import main
from refinegraph.embedded.tasks import generate_tasks
from refinegraph.evaluation.failures import Failed
from refinegraph.evaluation.metrics import Summary
from refinegraph.evaluation.results_dir import read_results, read_runs
from refinegraph.evaluation.running import Evaluation
from refinegraph.evaluation.summary import summarise
from refinegraph.graphs.strategies import Plan, build_strategy
from refinegraph.schema import Gold, LabelledProblem, Problem
from refinegraph.tools.sandbox import Sandbox

pytest.importorskip("xllamacpp", reason="the extra 'local' is not installed")
COUNT = 8
RUN = [sys.executable, "-m", "refinegraph"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("data") / "tasks.jsonl"
    with file.open("w") as lines:
        for task in generate_tasks("held_out", count=COUNT, seed=4):
            problem, gold = task.labelled
            record = {
                "id": problem.id,
                "prompt": problem.prompt,
                "tests": problem.tests,
                "hidden_tests": gold.tests,
                "entry_point": problem.entry_point,
            }
            lines.write(json.dumps(record) + "\n")
    return file


def arguments(dataset: Path, out: Path, *more: str) -> list[str]:
    return ["eval", "--dataset", str(dataset), "--out", str(out), "--seed", "1", *more]


def test_results_summary_and_page_agree(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(arguments(dataset, out, "--strategy", "single,adaptive")) == 0
    lines = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert len(lines) == 2 * COUNT
    summary = Summary.model_validate_json((out / "summary.json").read_text())
    for name, found in summary.strategies.items():
        own = [line for line in lines if line["strategy"] == name]
        assert found.n == len(own) == COUNT
        assert found.accuracy == sum(line["correct"] for line in own) / COUNT
        assert found.total_tokens == sum(line["usage"]["total_tokens"] for line in own)
        assert sum(found.transitions.model_dump().values()) == COUNT
        assert f"{found.accuracy:.1%}" in (out / "report.html").read_text()
    assert list(summary.strategies) == ["single", "adaptive"]
    assert "adaptive against single" in capsys.readouterr().out


def test_table_fits_eighty_columns(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(arguments(dataset, tmp_path / "out", "--strategy", "self-consistency", "--limit", "1"))
    table = capsys.readouterr().out.splitlines()[:3]
    assert all(len(line) <= 80 for line in table)


def test_fail_under_is_an_exit_code(dataset: Path, tmp_path: Path) -> None:
    few = ("--strategy", "single", "--limit", "2")
    assert main(arguments(dataset, tmp_path / "a", *few, "--fail-under", "0")) == 0
    file = tmp_path / "impossible.jsonl"
    file.write_text('{"id": "a", "prompt": "Write f(x).", "hidden_tests": "assert f(1) == f(2)+1"}')
    assert main(arguments(file, tmp_path / "b", "--strategy", "single", "--fail-under", "0.5")) == 1


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--strategy", "singel"], "did you mean 'single'?"),
        (["--strategy", ","], "--strategy is empty"),
        (["--ids", "nobody"], "No problem has the id 'nobody'"),
    ],
)
def test_bad_input_gets_one_sentence(
    more: list[str],
    says: str,
    dataset: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(arguments(dataset, tmp_path / "out", *more)) == 2
    assert says in capsys.readouterr().err


def test_a_folder_is_never_mixed_with_another_run(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, few = tmp_path / "out", ("--strategy", "single", "--limit", "1")
    assert main(arguments(dataset, out, *few)) == 0
    assert main(arguments(dataset, out, *few)) == 2
    assert "go on with --resume" in capsys.readouterr().err
    assert main([*arguments(dataset, out, "--strategy", "best-of-n"), "--resume"]) == 2
    assert "was begun with --strategy single, not best-of-n" in capsys.readouterr().err


def test_resuming_counts_nothing_twice(dataset: Path, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    few = ("--strategy", "single,best-of-n", "--limit", "4")
    assert main(arguments(dataset, whole, *few)) == 0
    assert main(arguments(dataset, broken, *few)) == 0
    results, runs = broken / "results.jsonl", broken / "runs.jsonl"
    kept = results.read_text().splitlines(keepends=True)
    results.write_text("".join(kept[:3]) + kept[3][:50])
    runs.write_text(runs.read_text()[:-40])
    assert main([*arguments(dataset, broken, *few), "--resume"]) == 0
    found = {(each.problem_id, each.strategy): each.correct for each in read_results(broken)}
    assert found == {(each.problem_id, each.strategy): each.correct for each in read_results(whole)}
    assert len(list(read_results(broken))) == len(list(read_runs(broken))) == 8


def test_a_killed_run_is_resumed_to_the_same_end(dataset: Path, tmp_path: Path) -> None:
    out, undisturbed = tmp_path / "out", tmp_path / "undisturbed"
    more = ("--strategy", "single,adaptive", "--concurrency", "1")
    assert main(arguments(dataset, undisturbed, *more)) == 0
    process = subprocess.Popen(
        [*RUN, *arguments(dataset, out, *more)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    results = out / "results.jsonl"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        if results.exists() and results.read_text().count("\n") >= 3:
            break
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert main([*arguments(dataset, out, *more), "--resume"]) == 0
    assert outcomes(out) == outcomes(undisturbed)


def test_folders_are_compared_problem_by_problem(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("single", "best-of-n"):
        main(arguments(dataset, tmp_path / name, "--strategy", name, "--limit", "3"))
    capsys.readouterr()
    page = tmp_path / "page.html"
    folders = [str(tmp_path / name) for name in ("single", "best-of-n")]
    assert main(["compare", *folders, "--output", str(page)]) == 0
    assert "best-of-n/best-of-n against single/single" in capsys.readouterr().out
    assert "best-of-n/best-of-n" in page.read_text()
    assert main(["compare", str(tmp_path)]) == 2


def test_training_data_are_exported_from_judged_runs(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    main(arguments(dataset, out, "--strategy", "magicore", "--samples", "2"))
    judged = {each.problem_id: each for each in read_runs(out)}
    for form in ("sft", "dpo", "critique", "step"):
        capsys.readouterr()
        assert main(["export", str(out), "--format", form]) == 0
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert lines or form == "step"
        for line in lines:
            run = judged[line["source"]["problem_id"]]
            assert line["prompt"] == run.prompt
            if form == "dpo":
                right = {each.content for each in run.result.candidates if run.judged[each.id]}
                assert line["chosen"] in right
                assert line["rejected"] not in right


def outcomes(folder: Path) -> dict[tuple[str, str], tuple[bool | None, str | None]]:
    lines = list(read_results(folder))
    found = {(each.problem_id, each.strategy): (each.correct, each.answer) for each in lines}
    assert len(found) == len(lines)
    return found


async def test_agents_never_see_what_is_hidden() -> None:
    model = ScriptedChatModel("def f(x): return x + 1", cycle=True)
    labelled = LabelledProblem(
        Problem(id="a", prompt="Write f(x).", tests="assert f(1) == 3"),
        Gold(tests="assert f(4711) == 4712"),
    )
    plan = Plan(model=model, sandbox=Sandbox())
    graphs = {name: build_strategy(name, plan) for name in ("single", "adaptive", "magicore")}
    evaluation = Evaluation(graphs, Sandbox())
    outcomes = [each async for each in evaluation.run([labelled], done=lambda key: False)]
    assert len(outcomes) == 3
    assert all("4711" not in call.prompt for call in model.calls)
    assert len(model.calls) > 3


async def test_a_problem_that_the_model_declines_is_not_solved() -> None:
    prompts = PROMPT_SETS["compact2"]
    model = ScriptedChatModel(prompts.abstention, cycle=True, prompt_set="compact2")
    problem = Problem(id="a", prompt="Write f(x).", tests="assert f(1) == 1")
    graphs = {"single": build_strategy("single", Plan(model=model, sandbox=Sandbox()))}
    evaluation = Evaluation(graphs, Sandbox())
    labelled = LabelledProblem(problem, Gold(tests="assert f(2) == 2"))
    [found] = [each async for each in evaluation.run([labelled], done=lambda key: False)]
    assert not isinstance(found, Failed)
    assert (found.correct, found.result.answer) == (False, None)
    assert found.result.stop_reason.rule == "abstained"
    assert found.result.usage.llm_calls == 1
    assert summarise([found]).strategies["single"].accuracy == 0.0


async def test_runs_without_any_model_answer_are_reported_and_not_counted() -> None:
    model = ScriptedChatModel(lambda messages, sampling: broken(messages[-1].text))
    problems = [
        LabelledProblem(
            Problem(id=name, prompt=f"Write f(x). {name}", tests="assert f(1) == 1"),
            Gold(tests="assert f(2) == 2"),
        )
        for name in ("good", "bad")
    ]
    graphs = {"single": build_strategy("single", Plan(model=model, sandbox=Sandbox()))}
    evaluation = Evaluation(graphs, Sandbox())
    found = [each async for each in evaluation.run(problems, done=lambda key: False)]
    assert [each.key for each in found if isinstance(each, Failed)] == [("bad", "single")]
    summary = summarise(each for each in found if not isinstance(each, Failed))
    assert summary.strategies["single"].n == 1


def broken(prompt: str) -> str:
    if "bad" in prompt:
        raise ConnectionError("nobody there")
    return "def f(x): return x"


def test_a_budget_counts_what_was_spent_before_a_resume(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = arguments(dataset, tmp_path / "out", "--strategy", "single", "--budget-calls", "3")
    assert main(asked) == 0
    assert "the budget of 3 calls is spent" in capsys.readouterr().err
    assert main([*asked, "--resume"]) == 0
    assert len((tmp_path / "out" / "results.jsonl").read_text().splitlines()) == 3
    more = [*asked[:-1], "5", "--resume"]
    assert main(more) == 0
    assert len((tmp_path / "out" / "results.jsonl").read_text().splitlines()) == 5


def test_baselines_are_added_once(dataset: Path, tmp_path: Path) -> None:
    few = ("--limit", "2", "--samples", "2", "--baselines", "--max-tokens", "100")
    assert main(arguments(dataset, tmp_path / "out", "--strategy", "best-of-n", *few)) == 0
    summary = Summary.model_validate_json((tmp_path / "out" / "summary.json").read_text())
    sampling = ["single", "single-long", "self-consistency", "best-of-n", "sample-until"]
    assert list(summary.strategies) == sampling


def with_hidden_tests(dataset: Path, tmp_path: Path, tests: str) -> Path:
    """Return the dataset with other hidden tests in its first problem."""
    records = [json.loads(line) for line in dataset.read_text().splitlines()]
    records[0]["hidden_tests"] = tests
    file = tmp_path / "changed.jsonl"
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    return file


def test_a_run_that_failed_has_a_line_and_is_counted_by_no_figure(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, file = tmp_path / "out", with_hidden_tests(dataset, tmp_path, "assert f(1) ==")
    more = ("--strategy", "single", "--limit", "3", "--no-reference-check")
    assert main(arguments(file, out, *more)) == 0
    said = capsys.readouterr().err
    assert "1 run failed; the figures do not include it" in said
    assert "cannot be judged by its hidden tests" in said
    assert "2 of 3 runs are in" in said
    lines = list(read_results(out))
    assert [each.error.kind for each in lines if each.error] == ["input"]
    summary = Summary.model_validate_json((out / "summary.json").read_text())
    found = summary.strategies["single"]
    assert (found.n, found.runs, found.failed) == (2, 2, 1)


def test_where_every_run_failed_the_exit_code_says_why(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, file = tmp_path / "out", with_hidden_tests(dataset, tmp_path, "assert f(1) ==")
    more = ("--strategy", "single,best-of-n", "--limit", "1")
    assert main(arguments(file, out, *more, "--no-reference-check")) == 2
    assert "2 runs failed; the figures do not include them" in capsys.readouterr().err


def test_a_problem_whose_tests_judge_nothing_is_left_out(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = {"task_id": "a", "canonical_solution": "    return x\n", "entry_point": "f"}
    record = {
        "prompt": "def f(x):\n",
        "test": "def check(candidate):\n    assert candidate(1) == 2",
    }
    file = tmp_path / "humaneval.jsonl"
    sound = {**reference, "task_id": "b", **record, "test": record["test"].replace("2", "1")}
    file.write_text(json.dumps({**reference, **record}) + "\n" + json.dumps(sound) + "\n")
    out = tmp_path / "out"
    assert main(arguments(file, out, "--strategy", "single")) == 0
    said = capsys.readouterr().err
    assert "checking 2 reference solutions against the hidden tests" in said
    assert "1 problem left out" in said
    assert "a: Its reference solution fails its hidden tests" in said
    assert [each.problem_id for each in read_results(out)] == ["b"]
    summary = Summary.model_validate_json((out / "summary.json").read_text())
    assert [each.problem_id for each in summary.left_out] == ["a"]
    other = tmp_path / "other"
    assert main(arguments(file, other, "--strategy", "single", "--no-reference-check")) == 0
    assert {each.problem_id for each in read_results(other)} == {"a", "b"}


def test_a_record_that_cannot_be_read_is_left_out(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = dataset.read_text().splitlines()
    half = json.dumps({**json.loads(lines[0]), "id": "half \ud800"})
    file = tmp_path / "bad.jsonl"
    file.write_text("\n".join(['{"question": 1}', half, *lines[1:3]]) + "\n")
    out = tmp_path / "out"
    assert main(arguments(file, out, "--strategy", "single")) == 0
    assert "2 records left out, since they cannot be read" in capsys.readouterr().err
    assert len(list(read_results(out))) == 2
    summary = Summary.model_validate_json((out / "summary.json").read_text())
    assert len(summary.left_out) == 2


def test_a_data_set_that_judges_nothing_is_refused(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = with_hidden_tests(dataset, tmp_path, "assert f(1) ==")
    assert main(arguments(file, tmp_path / "out", "--strategy", "single", "--limit", "1")) == 2
    assert "has no problem whose tests can judge an answer" in capsys.readouterr().err


def test_a_figure_below_its_threshold_is_named(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "impossible.jsonl"
    file.write_text('{"id": "a", "prompt": "Write f(x).", "hidden_tests": "assert f(1) == f(2)+1"}')
    asked = arguments(file, tmp_path / "out", "--strategy", "single", "--fail-under", "0.5")
    assert main(asked) == 1
    assert "the accuracy of single is 0.0%, below 50.0%" in capsys.readouterr().err
    assert main(["compare", str(tmp_path / "out"), "--fail-under", "0.5"]) == 1
    assert "the accuracy of out/single is 0.0%, below 50.0%" in capsys.readouterr().err


def test_a_folder_that_is_removed_meanwhile_is_named_in_one_sentence(
    dataset: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen(
        [*RUN, *arguments(dataset, out, "--strategy", "magicore,adaptive", "--concurrency", "1")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr
    results = out / "results.jsonl"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if results.exists() and results.read_text().count("\n") >= 1:
            break
        time.sleep(0.01)
    shutil.rmtree(out)
    said = process.communicate(timeout=60)[1].decode()
    assert "Traceback" not in said
    assert "the file was removed" in said
    assert process.returncode == 2
