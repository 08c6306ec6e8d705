"""Measure a strategy with EvalPlus and Inspect through the server, and with `refinegraph eval`.

    python replay_server.py --data humaneval_codegen16b.jsonl --port 8123 &
    python -m venv /tmp/evals && /tmp/evals/bin/pip install evalplus inspect_ai inspect_evals openai
    python benchmarks/harnesses.py --dataset humaneval.jsonl --out /tmp/measured \
        --recorded humaneval_codegen16b.jsonl --evals /tmp/evals --strategy best-of-n:5

All three receive the same recorded generations, which a `POST /reset` to the upstream server
restarts, so each problem must have the same result under all three. The harnesses are the published
ones: they write their own prompts, extract the programs from the answers and judge them themselves.
Only their copies of HumanEval are replaced by the given file, because nothing is downloaded.
EvalPlus compares answers with the results of the reference solution, on the inputs of HumanEval's
tests. Problems whose statement has no example are omitted, because the server forwards them to the
model, and so are those whose tests draw random inputs, which EvalPlus does not support.

The harnesses run the recorded programs without this package's sandbox.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from serving import served

from refinegraph.tools.test_cases import statement_examples

INPUTS = r"""
import copy, json, sys
problem = json.load(sys.stdin)
space, inputs = {}, []
exec(problem["prompt"] + problem["canonical_solution"], space)
reference = space[problem["entry_point"]]
def candidate(*given):
    inputs.append(copy.deepcopy(list(given)))
    return reference(*given)
exec(problem["test"], space)
space["check"](candidate)
print(json.dumps(inputs) if json.loads(json.dumps(inputs)) == inputs else "[]")
"""
"""A program that prints the inputs with which the tests of a problem call the reference
solution."""
INSPECT = """
from inspect_ai import Task, task
from inspect_ai.dataset import json_dataset
from inspect_ai.solver import generate
from inspect_evals.humaneval.humaneval import record_to_sample, verify

@task
def humaneval(file: str):
    data = json_dataset(file, record_to_sample())
    return Task(data, solver=generate(), scorer=verify(), sandbox="local")
"""
"""Inspect's HumanEval task, with records from a file instead of the hub."""

_PATIENCE = 3_600
"""Time limit in seconds for each measurement. EvalPlus repeats failing requests forever."""

Scores = Mapping[str, bool]
"""For every problem, whether the answer is right."""


class Setting(NamedTuple):
    """The dataset, the recorded generations and the strategy to measure."""

    problems: Mapping[str, dict[str, Any]]
    chosen: tuple[str, ...]
    evals: Path
    out: Path
    upstream: str
    model: str
    strategy: str

    @property
    def served_name(self) -> str:
        """The name by which clients request the strategy from the server."""
        return f"{self.strategy}/openai/{self.model}"

    def program(self, name: str) -> str:
        """Return the path of a program in the environment of the harnesses."""
        return str(self.evals / "bin" / name)


def read_problems(path: Path) -> dict[str, dict[str, Any]]:
    """Return the records of HumanEval by id."""
    records = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return {record["task_id"]: record for record in records}


def inputs_of(problem: Mapping[str, Any]) -> list[Any]:
    """Return what the tests call the function with; nothing where JSON cannot hold it."""
    done = subprocess.run(
        [sys.executable, "-c", INPUTS],
        input=json.dumps(problem),
        capture_output=True,
        text=True,
        timeout=60,
    )
    return json.loads(done.stdout) if done.returncode == 0 else []


def comparable(problem: Mapping[str, Any], recorded: Collection[str]) -> bool:
    """Whether a problem has an example, recorded answers, and tests of fixed inputs."""
    return (
        problem["entry_point"] in recorded
        and "random" not in problem["test"]
        and bool(statement_examples(problem["prompt"], entry_point=problem["entry_point"]))
        and bool(inputs_of(problem))
    )


def reset(setting: Setting) -> None:
    """Let the upstream server begin its recordings again."""
    address = setting.upstream.removesuffix("/v1") + "/reset"
    urllib.request.urlopen(urllib.request.Request(address, method="POST"), data=b"").close()


def run(*words: str, folder: Path | None = None, **variables: str) -> None:
    """Run a program to its end; show the end of its output if it fails."""
    done = subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(words[:4])} …: {(done.stderr or done.stdout)[-2_000:]}")


def by_refinegraph(setting: Setting, dataset: Path) -> Scores:
    """Measure by `refinegraph eval`, without the server."""
    name, _, samples = setting.strategy.partition(":")
    out = setting.out / "refinegraph"
    run(
        *(sys.executable, "-m", "refinegraph", "eval", "--dataset", str(dataset)),
        *("--ids", ",".join(setting.chosen), "--strategy", name, "--out", str(out)),
        *(("--samples", samples) if samples else ()),
        *("--model", f"openai/{setting.model}", "--api-base", setting.upstream),
    )
    records = map(json.loads, (out / "results.jsonl").read_text().splitlines())
    return {record["problem_id"]: record["correct"] for record in records}


def by_evalplus(setting: Setting, base: str) -> Scores:
    """Let EvalPlus generate answers through the server, and judge them."""
    out = setting.out / "evalplus"
    out.mkdir(parents=True)
    records = [_for_evalplus(setting, problem) for problem in setting.problems.values()]
    data = _write_lines(setting.out / "evalplus.jsonl", records)
    # EvalPlus insists on all 164 problems, and goes on with a file of samples that it finds.
    identifier = setting.served_name.replace("/", "--") + "_openai_temp_0.0"
    samples = out / "humaneval" / f"{identifier}.jsonl"
    samples.parent.mkdir()
    others = [name for name in setting.problems if name not in setting.chosen]
    _write_lines(samples, [{"task_id": name, "solution": "pass"} for name in others])
    run(
        *(setting.program("evalplus.evaluate"), "--dataset", "humaneval", "--base-only"),
        *("--model", setting.served_name, "--backend", "openai", "--base-url", base, "--greedy"),
        *("--root", str(out), "--parallel", "2"),
        HUMANEVAL_OVERRIDE_PATH=str(data),
        OPENAI_API_KEY="none",
        XDG_CACHE_HOME=str(out / "cache"),
    )
    (results,) = samples.parent.glob("*eval_results.json")
    judged = json.loads(results.read_text())["eval"]
    return {name: judged[name][0]["base_status"] == "pass" for name in setting.chosen}


def _for_evalplus(setting: Setting, problem: Mapping[str, Any]) -> dict[str, Any]:
    inputs = inputs_of(problem) if problem["task_id"] in setting.chosen else []
    return {**problem, "base_input": inputs, "plus_input": [], "contract": "", "atol": 0}


def by_inspect(setting: Setting, base: str) -> Scores:
    """Let Inspect generate answers through the server, and judge them."""
    out = setting.out / "inspect"
    out.mkdir(parents=True)
    chosen = [setting.problems[name] for name in setting.chosen]
    data = _write_lines(out / "problems.jsonl", chosen)
    (out / "task.py").write_text(INSPECT)
    run(
        *(setting.program("inspect"), "eval", "task.py", "-T", f"file={data}"),
        *("--model", f"openai/{setting.served_name}", "--model-base-url", base),
        *("--log-dir", str(out / "logs"), "--log-format", "json", "--display", "none"),
        folder=out,  # it takes no absolute path to a task
        OPENAI_API_KEY="none",
        PATH=f"{setting.evals / 'bin'}:{os.environ['PATH']}",
    )
    (log,) = (out / "logs").glob("*.json")
    samples = json.loads(log.read_text())["samples"]
    return {sample["id"]: _is_correct(sample) for sample in samples}


def _is_correct(sample: Mapping[str, Any]) -> bool:
    # The name of the scorer is qualified by its package in some versions.
    (score,) = sample["scores"].values()
    return score["value"] == "C"


def _write_lines(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records), encoding="utf-8")
    return path


async def main(arguments: argparse.Namespace) -> int:
    """Run all three measurements; return the number of problems with different results."""
    problems = read_problems(arguments.dataset)
    recorded = {problem["entry_point"] for problem in _recorded(arguments)}
    chosen = [name for name in problems if comparable(problems[name], recorded)]
    setting = Setting(
        problems,
        tuple(chosen[: arguments.limit]),
        arguments.evals.absolute(),
        arguments.out.absolute(),
        arguments.upstream,
        arguments.model,
        arguments.strategy,
    )
    reset(setting)
    ours = by_refinegraph(setting, arguments.dataset)
    async with served(setting.upstream, 8, f"openai/{setting.model}") as base:
        reset(setting)
        evalplus = await asyncio.to_thread(by_evalplus, setting, base)
        reset(setting)
        inspect = await asyncio.to_thread(by_inspect, setting, base)
    print(f"{len(setting.chosen)} problems of HumanEval, {arguments.strategy}")
    _show("refinegraph eval", ours, ours)
    _show("EvalPlus", evalplus, ours)
    _show("Inspect", inspect, ours)
    return sum(evalplus[name] != ours[name] or inspect[name] != ours[name] for name in ours)


def _recorded(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    lines = arguments.recorded.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _show(name: str, scores: Scores, ours: Scores) -> None:
    differ = [problem for problem in ours if scores.get(problem) != ours[problem]]
    others = f"; differs on {', '.join(differ)}" if differ else ""
    print(f"  {name:<17} {sum(scores.values()):>3} right{others}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", type=Path, required=True, help="HumanEval as JSON lines")
    parser.add_argument("--recorded", type=Path, required=True, help="replayed generations")
    parser.add_argument("--evals", type=Path, required=True, help="environment of the harnesses")
    parser.add_argument("--out", type=Path, required=True, help="a new folder")
    parser.add_argument("--upstream", default="http://127.0.0.1:8123/v1")
    parser.add_argument("--model", default="codegen-solver")
    parser.add_argument("--strategy", default="best-of-n:5")
    parser.add_argument("--limit", type=int, default=None)
    sys.exit(1 if asyncio.run(main(parser.parse_args())) else 0)
