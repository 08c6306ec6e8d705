"""Sampling until the vote is settled, beliefs, rates, and choosing by expected gain."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.agents import Refiner, Reviewer, Solver
from refinegraph.agents.models import (
    ScriptedChatModel,
    SimulatedChatModel,
    SimulatedRates,
    simulated_problems,
)
from refinegraph.errors import InputError
from refinegraph.graphs import refinement_graph
from refinegraph.graphs.policies.adaptive_sampling import (
    SampleUntil,
    last_k_agree,
    leader_probability,
    vote_settled,
)
from refinegraph.graphs.policies.calibration import (
    DEFAULT_CALIBRATOR,
    ConfidenceCalibrator,
    FeatureWeight,
    fit_calibrator,
    pool_features,
)
from refinegraph.graphs.policies.expected_gain import ExpectedGain, GainEstimate, choose, replay
from refinegraph.graphs.policies.refine_loop import RefineLoop
from refinegraph.graphs.policies.repair_rates import BetaPosterior, RepairRates
from refinegraph.graphs.routing import AlwaysEasy
from refinegraph.graphs.selection import majority_vote, weighted_vote
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.stopping import rounds
from refinegraph.runs.runner import run_graph
from refinegraph.schema import Candidate, Decision, Feature, Move, Problem, RefinementResult
from refinegraph.testing import candidate, state
from refinegraph.tools.scorers.simulated import simulated_scorer

PROBLEM = Problem(prompt="What is 1 + 1?", kind="math")


def pool(*given: str | None) -> RefinementState:
    return state(*(candidate(f"0.{n}", answer, tokens=100) for n, answer in enumerate(given)))


async def solve_with(replies: list[str], rule: last_k_agree | vote_settled) -> RefinementResult:
    graph = refinement_graph(
        solver=Solver(ScriptedChatModel(replies), samples=2),
        controller=SampleUntil(
            RefineLoop(router=AlwaysEasy(), stop=rounds(0)), until=rule, max_candidates=8
        ),
        select=majority_vote(),
    )
    return await run_graph(graph, PROBLEM)


def boxed(*answers: int) -> list[str]:
    return [f"\\boxed{{{each}}}" for each in answers]


async def test_easy_problem_costs_as_many_samples_as_agree() -> None:
    result = await solve_with(boxed(2, 2, 2, 9, 9, 9, 9, 9), last_k_agree(3))
    assert result.answer == "2"
    assert len(result.candidates) == 3


async def test_samples_that_never_agree_are_bounded() -> None:
    result = await solve_with(boxed(*range(8)), last_k_agree(3))
    assert len(result.candidates) == 8


async def test_vote_is_decided_by_its_lead() -> None:
    result = await solve_with(boxed(1, 2, 2, 2, 2, 2, 2, 2), vote_settled(0.9))
    assert result.answer == "2"
    assert len(result.candidates) == 6


@pytest.mark.parametrize("rule", [last_k_agree(3), vote_settled()], ids=repr)
@pytest.mark.parametrize("answers", [(), (None, None, None), ("1",)])
def test_no_rule_fires_on_an_empty_or_unanswered_pool(
    rule: last_k_agree | vote_settled, answers: tuple[str | None, ...]
) -> None:
    assert rule(pool(*answers)) is None


@given(st.integers(0, 40), st.integers(0, 40))
def test_leader_probability_is_a_probability_that_grows_with_the_lead(
    first: int, second: int
) -> None:
    here = leader_probability(first, second)
    assert 0 < here < 1
    assert here < leader_probability(first + 1, second)
    assert here == pytest.approx(1 - leader_probability(second, first))


signals = st.lists(
    st.builds(Feature, name=st.sampled_from(["share", "margin", "x"]), value=st.floats(-5, 5)),
    max_size=4,
    unique_by=lambda each: each.name,
)


@given(signals, st.floats(0, 3), st.floats(-2, 2))
def test_belief_is_monotone_in_each_signal_in_its_learned_direction(
    known: list[Feature], more: float, weight: float
) -> None:
    belief = ConfidenceCalibrator(
        bias=0.2, weights=(FeatureWeight(name="share", mean=0.5, deviation=0.5, weight=weight),)
    )
    raised = [
        each.model_copy(update={"value": each.value + more}) if each.name == "share" else each
        for each in known
    ]
    before, after = belief.probability(known), belief.probability(raised)
    assert 0 < before < 1
    assert (after >= before) if weight >= 0 else (after <= before)


@given(st.lists(st.sampled_from(["1", "2", "3", None]), max_size=6), st.randoms())
def test_signals_do_not_depend_on_the_order_and_never_raise(
    answers: list[str | None], random: object
) -> None:
    forward, backward = pool_features(pool(*answers)), pool_features(pool(*answers[::-1]))
    assert forward == backward
    assert 0 < DEFAULT_CALIBRATOR.probability(forward) < 1


def test_direction_of_a_signal_is_learned_and_the_map_is_kept_as_a_file(tmp_path: Path) -> None:
    rows = [
        ((Feature(name="share", value=value / 10),), value < 5) for value in range(10) for _ in "ab"
    ]
    belief = fit_calibrator(rows)
    assert belief.weights[0].weight < 0
    assert belief.probability(rows[0][0]) > 0.8 > 0.2 > belief.probability(rows[-1][0])
    path = tmp_path / "belief.json"
    belief.save(path)
    assert ConfidenceCalibrator.load(path) == belief
    path.write_text("{}")
    with pytest.raises(InputError, match="is not a calibration file"):
        ConfidenceCalibrator.load(path)
    with pytest.raises(InputError, match="all right or all wrong"):
        fit_calibrator(rows[:4])


NUMBERS = GainEstimate(
    belief=0.5,
    fix=0.4,
    damage=0.1,
    undecided=0.3,
    tokens=100,
    samples=2,
    repairs=1,
    min_gain_per_1k_tokens=0.1,
)


@pytest.mark.parametrize(
    ("changed", "action"),
    [
        ({}, "refine"),
        ({"fix": 0.0}, "sample"),
        ({"damage": 0.9, "undecided": 0.0}, "stop"),
        ({"belief": 0.99}, "stop"),
        ({"repairs": 0, "samples": 0}, "stop"),
        ({"min_gain_per_1k_tokens": 10.0}, "stop"),
        ({"repairs": 0}, "sample"),
    ],
)
def test_action_with_most_gain_per_token_above_the_price(
    changed: dict[str, Any], action: str
) -> None:
    numbers = replace(NUMBERS, **changed)
    assert choose(numbers) == action
    kept = Decision(features=numbers.features)
    assert replay(kept) == action


def test_rates_are_learned_from_leaders_that_changed() -> None:
    book, before = RepairRates(), RepairRates().fix(1).mean
    old = Candidate(id="0.0", operator="solve", text="x", answer="1")
    new = Candidate(id="1.0", operator="refine", round=1, parents=("0.0",), text="x", answer="2")
    better = new.model_copy(update={"id": "1.1"})
    decision = Decision(
        round=1,
        moves=(Move(operator="refine", parents=("0.0",)),),
        features=(Feature(name="belief", value=0.2),),
    )
    state = RefinementState(
        problem=PROBLEM, candidates=(old, new, better), decisions=(decision,), round=1
    )
    book.update(state, 0.9)
    assert book.fix(1).mean > before
    assert before < book.fix(2).mean <= book.fix(1).mean
    fixed = RepairRates(learn=False)
    fixed.update(state, 0.9)
    assert fixed.fix(1).mean == before


@given(st.floats(0.01, 50), st.floats(0.01, 50), st.floats(0, 5), st.floats(0, 5))
def test_posterior_is_a_rate(yes: float, no: float, more_yes: float, more_no: float) -> None:
    assert 0 < BetaPosterior(alpha=yes, beta=no).updated(more_yes, more_no).mean < 1


async def _accuracy(
    rates: SimulatedRates, quality: float
) -> tuple[float, float, list[RefinementResult]]:
    model, labelled = SimulatedChatModel(rates, seed=3), simulated_problems(60)
    gold = {each.problem.id: each.gold.answer for each in labelled}
    graph = refinement_graph(
        solver=Solver(model, samples=3),
        reviewer=Reviewer(model),
        refiner=Refiner(model),
        controller=ExpectedGain(min_gain_per_1k_tokens=0.01),
        select=weighted_vote(),
        scorer=simulated_scorer(
            lambda problem, candidate: candidate.answer == gold[problem.id], quality=quality
        ),
    )
    results = [await run_graph(graph, each.problem) for each in labelled]
    right = sum(each.answer == gold[each.problem_id] for each in results)
    refined = sum(any(c.role == "refiner" for c in each.candidates) for each in results)
    return right / 60, refined / 60, results


async def test_simulated_repair_that_pays_is_used_and_every_decision_can_be_replayed() -> None:
    accuracy, refined, results = await _accuracy(SimulatedRates(fix=0.5, damage=0.02), 1.5)
    assert accuracy > 0.75
    assert refined > 0.1
    for result in results:
        assert result.stop_reason is not None
        for decision in result.decisions[1:]:
            assert replay(decision) == decision.action


async def test_simulated_model_keeps_to_its_rates() -> None:
    model = SimulatedChatModel(SimulatedRates(accuracy=0.7, spread=0.0), seed=1)
    problems = simulated_problems(200)
    graph = refinement_graph(solver=Solver(model, samples=1), router=AlwaysEasy(), stop=rounds(0))
    right = [(await run_graph(graph, each.problem)).answer == each.gold.answer for each in problems]
    assert 0.6 < sum(right) / 200 < 0.8
