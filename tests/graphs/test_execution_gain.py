"""The controller for code: its decisions, its learning, and the laws of its estimates."""

import asyncio
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refinegraph.agents import Refiner, Reviewer, Solver
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.evaluation.statistics import brier_score
from refinegraph.graphs import refinement_graph
from refinegraph.graphs.policies.adaptive_sampling import SampleUntil, settled
from refinegraph.graphs.policies.attempts import (
    GAPS,
    SHIPPED_RATES,
    Position,
    chance_of_new,
    repair_path,
)
from refinegraph.graphs.policies.base import Policy
from refinegraph.graphs.policies.execution_gain import (
    CodeGainEstimate,
    ExecutionGain,
    choose_for_code,
)
from refinegraph.graphs.policies.first_wave import FirstWave
from refinegraph.graphs.policies.refine_loop import RefineLoop
from refinegraph.graphs.policies.simulation import Regime, Trial, simulate
from refinegraph.graphs.policies.success_rates import Attempt, RateTable, SuccessRates
from refinegraph.graphs.routing import AlwaysHard, VerdictRouter
from refinegraph.graphs.stopping import accepted, rounds
from refinegraph.schema import Problem, RefinementResult

shares, amounts = st.floats(0, 1), st.floats(0.1, 1e5)
numbers = st.builds(
    CodeGainEstimate,
    sample_chance=shares,
    repair_chance=shares,
    sample_worth=st.floats(0, 1e3, allow_subnormal=False),
    repair_worth=st.floats(0, 1e3, allow_subnormal=False),
    best_worth=st.floats(0, 1e3, allow_subnormal=False),
    samples=st.integers(0, 10),
    repairs=st.integers(0, 3),
    sample_cost=amounts,
    repair_cost=amounts,
    spent_tokens=amounts,
    spent_usd=amounts,
    spent_seconds=amounts,
    min_gain_per_1k_tokens=st.floats(0, 1e3, allow_subnormal=False),
)
PROBLEM = Problem(prompt="Write f(x) that doubles x.", tests="assert f(1) == 2\nassert f(2) == 4")
WRONG, OTHER, RIGHT = (f"def f(x): return {value}" for value in ("x + 5", "x + 6", "x * 2"))


def run(
    solutions: list[str],
    repairs: list[str],
    *,
    max_candidates: int = 10,
    min_gain: float = 0.0,
    rates: SuccessRates | None = None,
) -> RefinementResult:
    graph = refinement_graph(
        solver=Solver(ScriptedChatModel(solutions, cycle=True), samples=1),
        reviewer=Reviewer(ScriptedChatModel("VERDICT: wrong\nCHANGE: double it", cycle=True)),
        refiner=Refiner(ScriptedChatModel(repairs, cycle=True)),
        controller=ExecutionGain(
            router=VerdictRouter(),
            stop=accepted() | rounds(5),
            max_candidates=max_candidates,
            min_gain_per_1k_tokens=min_gain,
            rates=rates,
        ),
    )
    result: RefinementResult = asyncio.run(graph.ainvoke({"problem": PROBLEM}))["result"]
    return result


def actions(result: RefinementResult) -> list[str]:
    first, *later = result.decisions
    assert first.action == "sample"
    return [decision.action for decision in later]


def taught(*, fresh: float, repair: float, attempts: int = 40) -> SuccessRates:
    """Return rates that learned from problems with these success rates."""
    rates = SuccessRates(SHIPPED_RATES)
    path = repair_path(Position(0, 0), ("few", "none", "refine"))
    for number in range(attempts):
        sample = Attempt(("fresh",), number < fresh * attempts, "fresh")
        rates.observe(f"sample {number}", 0, [sample], 0)
        mended = Attempt(path, number < repair * attempts, "repair")
        rates.observe(f"repair {number}", 0, [mended], 0)
    rates.observe_cost("fresh", attempts, 100.0 * attempts)
    rates.observe_cost("repair", attempts, 100.0 * attempts)
    return rates


def test_a_model_that_repairs_well_repairs() -> None:
    result = run([WRONG, OTHER], [RIGHT], rates=taught(fresh=0.1, repair=0.9))
    assert actions(result) == ["refine", "stop"]
    assert result.solved


def test_a_model_that_repairs_badly_samples() -> None:
    result = run([WRONG, OTHER, RIGHT], [WRONG], rates=taught(fresh=0.5, repair=0.0))
    assert actions(result)[0] == "sample"
    assert actions(result).count("refine") <= 1
    assert result.solved


def test_samples_that_are_all_alike_are_repaired() -> None:
    result = run([WRONG], [RIGHT], rates=taught(fresh=0.5, repair=0.3))
    assert actions(result)[-2:] == ["refine", "stop"]
    assert len(result.candidates) <= 4


def test_a_program_that_passes_ends_the_run() -> None:
    assert actions(run([RIGHT], [WRONG])) == ["stop"]


@pytest.mark.parametrize("max_candidates", [1, 2, 3, 7])
def test_no_more_candidates_are_made_than_allowed(max_candidates: int) -> None:
    result = run([WRONG, OTHER], [WRONG, OTHER], max_candidates=max_candidates)
    assert len(result.candidates) <= max_candidates
    assert not result.solved


def test_nothing_is_tried_that_is_not_worth_its_tokens() -> None:
    result = run([WRONG], [RIGHT], min_gain=1e6)
    assert actions(result) == ["stop"]
    assert result.stop_reason.rule == "gain"


def test_decisions_can_be_replayed_from_their_features_after_further_learning() -> None:
    result = run([WRONG, OTHER], [WRONG], rates=taught(fresh=0.2, repair=0.4))
    weighed = result.decisions[1:]
    replayed = [choose_for_code(CodeGainEstimate.from_decision(made)) for made in weighed]
    pairs = zip(replayed, weighed, strict=True)
    assert all(made.action in (again, "stop") for again, made in pairs)


def test_a_turn_is_observed_only_once() -> None:
    rates = SuccessRates(SHIPPED_RATES)
    sample = Attempt(("fresh",), True, "fresh")
    assert rates.observe("run", 0, [sample], 0)
    assert not rates.observe("run", 0, [sample], 0)
    assert rates.table.cells["fresh"].passed == 1


def test_fixed_rates_do_not_change() -> None:
    rates = SuccessRates(SHIPPED_RATES, learn=False)
    run([WRONG, OTHER], [RIGHT], rates=rates)
    assert rates.table == RateTable()


@given(numbers)
def test_choosing_never_fails_and_takes_the_more_valuable_action(found: CodeGainEstimate) -> None:
    action = choose_for_code(found)
    assert action != "sample" or found.samples
    assert action != "refine" or found.repairs
    if action == "stop":
        least = min(found.sample_worth, found.best_worth)
        assert not found.samples or least <= found.min_gain_per_1k_tokens


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


paths = st.builds(
    repair_path,
    st.builds(
        Position, st.integers(0, 6), st.integers(0, 6), st.none() | st.integers(0, len(GAPS))
    ),
    st.tuples(st.sampled_from(["few", "many"]), st.sampled_from(["none", "some"])),
)
attempts = st.one_of(
    st.builds(lambda passed: Attempt(("fresh",), passed, "fresh"), st.booleans()),
    st.builds(lambda path, passed: Attempt(path, passed, "repair"), paths, st.booleans()),
)


@given(st.lists(st.lists(attempts, min_size=1, max_size=6), max_size=6), paths)
@settings(max_examples=50)
def test_predicted_chances_are_probabilities_that_fall_with_every_failure(
    problems: list[list[Attempt]], path: tuple[str, ...]
) -> None:
    rates = SuccessRates(SHIPPED_RATES)
    for number, tried in enumerate(problems):
        rates.observe(str(number), 0, tried, 0)
    hazards = rates.hazards(path)
    failed = [[float(count) * hazard for hazard in hazards] for count in range(4)]
    chances = [rates.chance("repair", hazards, before) for before in failed]
    assert all(0 < chance < 1 for chance in chances)
    assert all(later < earlier for earlier, later in pairwise(chances))


SAMPLING = "sample until"
REGIMES = [
    *(Regime(name=f"edits, {steps} steps", steps=steps) for steps in (2, 4, 6, 8, 10)),
    *(Regime(name=f"rewrites, {steps} steps", steps=steps, rewrites=True) for steps in (4, 8)),
    Regime(name="useless repairs", steps=1, right=0.4, mends=0.02, spread=0.4,
           sample_tokens=45, repair_tokens=76),
    Regime(name="sure repairs", steps=1, right=0.3, mends=0.8, spread=0.4,
           sample_tokens=45, repair_tokens=60),
    Regime(name="even odds", steps=1, right=0.3, mends=0.3, sample_tokens=45, repair_tokens=60),
]  # fmt: skip
LEARNED_FROM, PROBLEMS, SEEDS = 60, 60, (0, 1, 2, 3)


def noise(share: float) -> float:
    """Return two standard errors of the difference of two such shares."""
    return 2.0 * float((2 * share * (1 - share) / (len(SEEDS) * PROBLEMS)) ** 0.5)


def policies() -> dict[str, Policy]:
    """Return the policies to compare, before they have seen any problem."""
    return {
        SAMPLING: SampleUntil(until=settled(), stop=accepted(), max_candidates=99),
        "always repair": RefineLoop(
            router=AlwaysHard(), stop=accepted(), max_refined_per_round=1, newest_first=True
        ),
        "adaptive": ExecutionGain(router=VerdictRouter(), stop=accepted(), max_candidates=99),
    }


async def trials(regime: Regime, policy: Policy, seed: int) -> list[Trial]:
    """Run the problems, after others from which a policy that learns has learned."""
    wave = FirstWave(policy, samples=1)
    first = 0 if isinstance(policy, ExecutionGain) else LEARNED_FROM
    made = [
        await simulate(regime, wave, problem=number, seed=seed)
        for number in range(first, LEARNED_FROM + PROBLEMS)
    ]
    return made[-PROBLEMS:]


@pytest.mark.parametrize("regime", REGIMES, ids=lambda regime: regime.name)
async def test_adaptive_is_never_worse_than_sampling_or_repairing(regime: Regime) -> None:
    solved, tokens = dict[str, float](), dict[str, float]()
    for name in policies():
        made = [trial for seed in SEEDS for trial in await trials(regime, policies()[name], seed)]
        solved[name] = sum(trial.solved for trial in made) / len(made)
        tokens[name] = sum(trial.tokens for trial in made) / len(made)
    best = max((SAMPLING, "always repair"), key=lambda name: (solved[name], -tokens[name]))
    assert solved["adaptive"] >= solved[best] - max(0.06, noise(solved[best]))
    assert tokens["adaptive"] <= 1.2 * tokens[best]


async def test_predictions_on_new_problems_are_calibrated() -> None:
    mixed = [Regime(name="mixed", steps=steps, spread=0.2) for steps in (1, 2, 4, 8)]
    policy = FirstWave(
        ExecutionGain(router=VerdictRouter(), stop=accepted(), max_candidates=99), samples=1
    )
    predicted: dict[str, list[tuple[float, bool]]] = {"sample": [], "repair": []}
    for number in range(360):
        trial = await simulate(mixed[number % len(mixed)], policy, problem=number)
        for decision, passed in zip(trial.decisions[1:], trial.passed[1:], strict=True):
            kind = "repair" if decision.targets else "sample"
            kept = CodeGainEstimate.from_decision(decision)
            chance = kept.repair_chance if decision.targets else kept.sample_chance
            predicted[kind].append((chance, passed))
    for pairs in predicted.values():
        later = pairs[len(pairs) // 2 :]
        base = sum(passed for _, passed in later) / len(later)
        score = brier_score([chance for chance, _ in later], [passed for _, passed in later])
        assert score is not None
        assert score < base * (1 - base) + 0.01
