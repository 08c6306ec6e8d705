"""The controller for code: when it samples, when it repairs, and the laws of its numbers."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refinegraph.agents import Refiner, Reviewer, Solver
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.graphs import refinement_graph
from refinegraph.graphs.policies.execution_gain import (
    CodeGainEstimate,
    ExecutionGain,
    chance_of_new,
    choose_for_code,
)
from refinegraph.graphs.routing import VerdictRouter
from refinegraph.graphs.stopping import accepted, rounds
from refinegraph.schema import Problem, RefinementResult

shares = st.floats(0, 1)
numbers = st.builds(
    CodeGainEstimate,
    new=shares,
    fresh=shares,
    unfixed=shares,
    samples=st.integers(0, 10),
    repairs=st.integers(0, 3),
    tokens=st.floats(1, 1e5),
    min_gain_per_1k_tokens=st.floats(0, 1e3),
)
PROBLEM = Problem(prompt="Write f(x) that doubles x.", tests="assert f(1) == 2\nassert f(2) == 4")
WRONG, OTHER, RIGHT = (f"def f(x): return {each}" for each in ("x + 5", "x + 6", "x * 2"))


def run(
    solutions: list[str], repairs: list[str], *, max_candidates: int = 10, min_gain: float = 0.0
) -> RefinementResult:
    graph = refinement_graph(
        solver=Solver(ScriptedChatModel(solutions, cycle=True), samples=2),
        reviewer=Reviewer(ScriptedChatModel("VERDICT: wrong\nCHANGE: double it", cycle=True)),
        refiner=Refiner(ScriptedChatModel(repairs, cycle=True)),
        controller=ExecutionGain(
            router=VerdictRouter(),
            stop=accepted() | rounds(5),
            max_candidates=max_candidates,
            min_gain_per_1k_tokens=min_gain,
        ),
    )
    result: RefinementResult = asyncio.run(graph.ainvoke({"problem": PROBLEM}))["result"]
    return result


def actions(result: RefinementResult) -> list[str]:
    first, *later = result.decisions
    assert first.action == "sample"
    return [decision.action for decision in later]


def test_samples_that_are_all_alike_are_repaired() -> None:
    result = run([WRONG], [RIGHT])
    assert actions(result) == ["refine", "stop"]
    assert result.solved


def test_samples_that_differ_are_followed_by_more() -> None:
    result = run([WRONG, OTHER, RIGHT], [WRONG])
    assert actions(result) == ["sample", "stop"]
    assert result.solved


def test_repairs_that_change_nothing_give_way_to_samples() -> None:
    result = run([WRONG, WRONG, RIGHT], [WRONG])
    assert actions(result) == ["refine", "sample", "stop"]


def test_a_program_that_passes_ends_the_run() -> None:
    assert actions(run([RIGHT], [WRONG])) == ["stop"]


@pytest.mark.parametrize("max_candidates", [1, 2, 3, 7])
def test_no_more_candidates_are_made_than_allowed(max_candidates: int) -> None:
    result = run([WRONG, OTHER], [WRONG, OTHER], max_candidates=max_candidates)
    assert len(result.candidates) <= max(2, max_candidates)
    assert not result.solved


def test_nothing_is_tried_that_is_not_worth_its_tokens() -> None:
    result = run([WRONG], [RIGHT], min_gain=1e6)
    assert actions(result) == ["stop"]
    assert result.stop_reason.rule == "gain"


def test_decisions_can_be_replayed_from_their_numbers() -> None:
    result = run([WRONG, OTHER], [WRONG])
    weighed = result.decisions[1:]
    replayed = [choose_for_code(CodeGainEstimate.from_decision(each)) for each in weighed]
    pairs = zip(replayed, weighed, strict=True)
    assert all(each.action in (again, "stop") for again, each in pairs)


@given(numbers)
def test_gains_are_chances_and_choosing_never_fails(found: CodeGainEstimate) -> None:
    assert 0 <= found.sample_gain <= 1
    assert 0 <= found.repair_gain <= 1
    action = choose_for_code(found)
    assert action != "sample" or found.samples
    assert action != "refine" or found.repairs


@given(numbers)
def test_a_lower_minimum_never_stops_sooner(found: CodeGainEstimate) -> None:
    if choose_for_code(found) != "stop":
        cheaper = replace(found, min_gain_per_1k_tokens=found.min_gain_per_1k_tokens / 2)
        assert choose_for_code(cheaper) == choose_for_code(found)


@given(st.lists(st.integers(1, 9), max_size=9))
@settings(max_examples=50)
def test_chance_of_something_new_is_a_chance_in_any_order(counts: list[int]) -> None:
    chance = chance_of_new(counts)
    assert 0 < chance <= 1
    assert chance_of_new(counts[::-1]) == chance
    assert chance_of_new([*counts, 9]) <= chance
