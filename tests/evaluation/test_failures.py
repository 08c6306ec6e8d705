"""Failed runs are recorded under their names, and the other runs continue."""

import asyncio
from collections.abc import Sequence

import pytest

from refinegraph.agents.models import Ledger, ScriptedChatModel
from refinegraph.errors import InputError, ModelError, SandboxUnavailable, SettingError
from refinegraph.evaluation.failures import Failed
from refinegraph.evaluation.records import ResultLine, RunLine
from refinegraph.evaluation.running import Evaluation, Outcome
from refinegraph.graphs.strategies import Plan, build_strategy
from refinegraph.schema import Gold, LabelledProblem, Problem
from refinegraph.testing import FakeSandbox, sandbox_failure
from refinegraph.tools.sandbox import Sandbox

RIGHT = "def f(x): return x"


def failing_sandbox(mark: str = "") -> FakeSandbox:
    """Return a sandbox that fails for programs with a marker, or for every program."""
    return FakeSandbox(lambda run: sandbox_failure() if mark in run.source else True)


def problem(name: str, *, tests: str = "", hidden: str = "assert f(2) == 2") -> LabelledProblem:
    return LabelledProblem(
        Problem(id=name, prompt=f"Write f(x). {name}", tests=tests), Gold(tests=hidden)
    )


def answers(**raises: BaseException) -> ScriptedChatModel:
    """A model that answers correctly but raises for the named problems."""

    def answer(prompt: str) -> str:
        for name, error in raises.items():
            if name in prompt:
                raise error
        return f"{RIGHT}  # bad" if "bad" in prompt else RIGHT

    return ScriptedChatModel(lambda messages, sampling: answer(messages[-1].text))


async def evaluate(
    problems: Sequence[LabelledProblem],
    model: ScriptedChatModel,
    *,
    sandbox: Sandbox | None = None,
    ledger: Ledger | None = None,
) -> list[Outcome]:
    place = sandbox or Sandbox()
    graphs = {"single": build_strategy("single", Plan(model=model, sandbox=place))}
    evaluation = Evaluation(graphs, place, ledger=ledger)
    return [outcome async for outcome in evaluation.run(problems, done=lambda key: False)]


def by_problem(outcomes: Sequence[Outcome]) -> dict[str, Outcome]:
    return {outcome.key[0]: outcome for outcome in outcomes}


@pytest.mark.parametrize(
    ("error", "kind", "named"),
    [
        (KeyError("colour"), "unexpected", "KeyError"),
        (ZeroDivisionError(), "unexpected", "ZeroDivisionError"),
        (RecursionError("deep"), "unexpected", "RecursionError"),
        (asyncio.CancelledError(), "unexpected", "NodeCancelledError"),
        (ExceptionGroup("two", [OSError("a"), ValueError("b")]), "unexpected", "ExceptionGroup"),
        (InputError("no such thing."), "input", "InputError"),
    ],
)
async def test_an_exception_in_one_run_does_not_stop_the_others(
    error: BaseException, kind: str, named: str
) -> None:
    problems = [problem(name) for name in ("one", "bad", "two")]
    outcomes = by_problem(await evaluate(problems, answers(bad=error)))
    assert isinstance(outcomes["one"], RunLine)
    assert isinstance(outcomes["two"], RunLine)
    failed = outcomes["bad"]
    assert isinstance(failed, Failed)
    assert (failed.error.kind, failed.error.type) == (kind, named)
    line = ResultLine.model_validate_json(failed.line.model_dump_json())
    assert (line.problem_id, line.correct, line.solved) == ("bad", None, None)
    assert line.error == failed.error


async def test_hidden_tests_that_cannot_be_read_cost_no_call() -> None:
    model = answers()
    problems = [problem("one"), problem("bad", hidden="assert f(2) ==")]
    outcomes = by_problem(await evaluate(problems, model))
    assert isinstance(outcomes["one"], RunLine)
    failed = outcomes["bad"]
    assert isinstance(failed, Failed)
    assert failed.error.kind == "input"
    assert len(model.calls) == 1


async def test_a_failed_run_reports_its_cost() -> None:
    problems = [problem("one"), problem("bad")]
    sandbox = failing_sandbox("# bad")
    outcomes = by_problem(await evaluate(problems, answers(), sandbox=sandbox))
    failed = outcomes["bad"]
    assert isinstance(failed, Failed)
    assert failed.usage.llm_calls == 1


@pytest.mark.parametrize("tests", ["", "assert f(1) == 1"], ids=["hidden tests", "visible tests"])
async def test_a_program_that_the_sandbox_could_not_run_is_not_wrong(tests: str) -> None:
    problems = [problem(name, tests=tests) for name in ("one", "bad", "two")]
    outcomes = by_problem(await evaluate(problems, answers(), sandbox=failing_sandbox("# bad")))
    rights = {key: each.correct for key, each in outcomes.items() if isinstance(each, RunLine)}
    assert rights == {"one": True, "two": True}
    failed = outcomes["bad"]
    assert isinstance(failed, Failed)
    assert failed.error.kind == "sandbox"


async def test_a_sandbox_that_runs_nothing_ends_the_evaluation() -> None:
    problems = [problem(str(number)) for number in range(20)]
    model = answers()
    with pytest.raises(SandboxUnavailable, match="no process could be started"):
        await evaluate(problems, model, sandbox=failing_sandbox())
    assert len(model.calls) < 20


async def test_a_model_that_is_not_set_up_ends_the_evaluation() -> None:
    error = SettingError("no key is set.")
    problems = [problem("one"), problem("bad")]
    with pytest.raises(SettingError, match="no key is set"):
        await evaluate(problems, answers(bad=error))


async def test_five_runs_that_no_model_answered_end_the_evaluation() -> None:
    names = [f"p{number}" for number in range(40)]
    raises: dict[str, BaseException] = {name: ModelError("nobody there.") for name in names}
    with pytest.raises(ModelError, match="nobody there"):
        await evaluate([problem(name) for name in names], answers(**raises))


async def test_an_interrupt_is_no_failure_of_a_run() -> None:
    begun = asyncio.Event()

    async def stall() -> None:
        async for _ in Evaluation(
            {"single": build_strategy("single", Plan(model=model, sandbox=Sandbox()))}, Sandbox()
        ).run([problem("one")], done=lambda key: False):
            raise AssertionError("the run was cancelled, so it has no outcome")

    def answer(*_: object) -> str:
        begun.set()
        return RIGHT

    model = ScriptedChatModel(answer)
    task = asyncio.ensure_future(stall())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
