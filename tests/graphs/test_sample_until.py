"""Early-stopped sampling: as a strategy, as an option of best-of-n, and its reasons to stop."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle

import pytest
from langchain_core.messages import BaseMessage

from refinegraph.agents.models import ScriptedChatModel
from refinegraph.graphs.strategies import Plan, build_strategy
from refinegraph.runs.runner import run_graph
from refinegraph.schema import Problem, RefinementResult
from refinegraph.tools.scorers import score_each

PROGRAMS = Problem(prompt="Write f(x) that doubles x.", tests="assert f(1) == 2\nassert f(2) == 4")
ANSWERS = Problem(prompt="What is 1 + 1?", kind="math")
UNTESTED = Problem(prompt="Write f(x) that doubles x.")
TESTS = "assert f(1) == 2\nassert f(2) == 4"
WRONG, OTHER, RIGHT = (f"def f(x): return {value}" for value in ("x + 5", "x + 6", "x * 2"))


async def solve(
    replies: list[str],
    *,
    strategy: str = "sample-until",
    problem: Problem = PROGRAMS,
    samples: int | None = None,
    batch_size: int | None = None,
) -> RefinementResult:
    model = ScriptedChatModel(replies, cycle=True)
    plan = Plan(model=model, kind=problem.kind, samples=samples, batch_size=batch_size)
    graph = build_strategy(strategy, plan)
    return await run_graph(graph, problem)


async def test_sampling_ends_with_the_first_program_that_passes() -> None:
    result = await solve([WRONG, OTHER, RIGHT, WRONG])
    assert result.solved
    assert [decision.samples for decision in result.decisions] == [1, 1, 1, 0]
    assert result.stop_reason.rule == "accepted"
    assert result.usage.llm_calls == 3


async def test_failing_programs_that_agree_settle_nothing() -> None:
    result = await solve([WRONG], samples=5)
    assert len(result.candidates) == 5
    assert not result.solved
    assert result.stop_reason.rule == "samples"


async def test_a_settled_vote_ends_the_sampling_of_answers() -> None:
    result = await solve([r"\boxed{2}"], problem=ANSWERS)
    assert result.answer == "2"
    assert len(result.candidates) == 4
    assert result.stop_reason.rule == "agreed"


@pytest.mark.parametrize(("size", "made"), [(1, 3), (2, 4), (3, 3), (8, 6)])
async def test_batches_bound_the_number_of_surplus_samples(size: int, made: int) -> None:
    result = await solve([WRONG, OTHER, RIGHT], batch_size=size, samples=6)
    assert result.solved
    assert len(result.candidates) == made


async def test_best_of_n_stops_early_with_a_batch_size() -> None:
    whole = await solve([WRONG, RIGHT], strategy="best-of-n")
    early = await solve([WRONG, RIGHT], strategy="best-of-n", batch_size=2)
    assert (len(whole.candidates), len(early.candidates)) == (8, 2)
    assert whole.answer == early.answer
    assert early.strategy == "best-of-n"


@pytest.mark.parametrize("batch_size", [None, 3])
async def test_best_of_n_ranks_by_the_scorer_before_generated_tests(batch_size: int | None) -> None:
    def answer(messages: Sequence[BaseMessage], sampling: object) -> str:
        return next(replies) if "test cases" not in str(messages) else TESTS

    replies = cycle([RIGHT, RIGHT.replace("x * 2", "x + x"), OTHER])
    praise = score_each(lambda problem, candidate: float(candidate.program == OTHER))
    plan = Plan(model=ScriptedChatModel(answer), samples=3, batch_size=batch_size)
    by_tests = await run_graph(build_strategy("best-of-n", plan), UNTESTED)
    by_score = await run_graph(build_strategy("best-of-n", replace(plan, scorer=praise)), UNTESTED)
    assert by_tests.selection.reason == "2 programs agree on 2 generated tests"
    assert (by_score.answer, by_score.selection.reason) == (OTHER, "it has the highest score (1)")
