"""Compare sampling, repairing and mixing both on simulated models with known rates.

A sample gets every step of a program right with one probability, and a repair fixes one wrong step
with another. The benchmark shows where the two curves cross and whether the controller finds the
crossing by itself. It says nothing about real models.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

from effect_outcomes import Outcomes

from refinegraph.graphs.policies.adaptive_sampling import SampleUntil, settled
from refinegraph.graphs.policies.base import Policy
from refinegraph.graphs.policies.execution_gain import CodeGainEstimate, ExecutionGain
from refinegraph.graphs.policies.first_wave import FirstWave
from refinegraph.graphs.policies.refine_loop import RefineLoop
from refinegraph.graphs.policies.simulation import Regime, Trial, simulate
from refinegraph.graphs.routing import AlwaysHard, VerdictRouter
from refinegraph.graphs.stopping import accepted

SAMPLING, REPAIRING, MIXING = "sample-until", "always repair", "adaptive"
STEPS = (2, 3, 4, 5, 6, 7, 8, 9, 10)
BUDGET_IN_SAMPLES = 8
"""The ceiling of a run, in the cost of samples."""
_ENOUGH = 99
"""The maximum number of candidates of a run, which its budget ends long before."""
REGIMES = (
    *(Regime(name=f"edits, {steps} steps", steps=steps) for steps in STEPS),
    *(Regime(name=f"rewrites, {steps} steps", steps=steps, rewrites=True) for steps in STEPS[::2]),
    *(
        Regime(name=f"unequal problems, {steps} steps", steps=steps, spread=0.3)
        for steps in STEPS[::2]
    ),
    Regime(
        name="useless repairs",
        steps=1,
        right=0.4,
        mends=0.02,
        spread=0.4,
        sample_tokens=45,
        repair_tokens=76,
    ),
    Regime(
        name="good repairs",
        steps=1,
        right=0.5,
        mends=0.41,
        spread=0.4,
        sample_tokens=45,
        repair_tokens=76,
    ),
)

POLICIES: dict[str, Callable[[], Policy]] = {
    SAMPLING: lambda: SampleUntil(until=settled(), stop=accepted(), max_candidates=_ENOUGH),
    REPAIRING: lambda: RefineLoop(
        router=AlwaysHard(), stop=accepted(), max_refined_per_round=1, newest_first=True
    ),
    MIXING: lambda: ExecutionGain(router=VerdictRouter(), stop=accepted(), max_candidates=_ENOUGH),
}


async def outcomes_of(regime: Regime, name: str, *, problems: int, seed: int) -> Outcomes:
    """Solve the problems of a regime with one policy, which starts without knowledge of it."""
    policy = FirstWave(POLICIES[name](), samples=1)
    trials = [
        await simulate(regime, policy, problem=number, seed=seed) for number in range(problems)
    ]
    return Outcomes(
        setting=regime.name,
        policy=name,
        solved=tuple(trial.solved for trial in trials),
        tokens=tuple(trial.tokens for trial in trials),
        predictions=tuple(row for trial in trials for row in _predictions(trial)),
    )


def _predictions(trial: Trial) -> Iterator[tuple[str, float, bool]]:
    for decision, passed in zip(trial.decisions, trial.passed, strict=True):
        if decision.features:
            estimate = CodeGainEstimate.from_decision(decision)
            kind = "repair" if decision.targets else "sample"
            chance = estimate.repair_chance if decision.targets else estimate.sample_chance
            yield kind, chance, passed


def crossing(outcomes: Mapping[tuple[str, str], Outcomes], policy: str) -> str:
    """Return the numbers of steps between which a policy begins to beat sampling."""
    leads = [
        (
            steps,
            outcomes[f"edits, {steps} steps", policy].accuracy
            - outcomes[f"edits, {steps} steps", SAMPLING].accuracy,
        )
        for steps in STEPS
    ]
    for (fewer, behind), (more, ahead) in pairwise(leads):
        if behind <= 0 < ahead:
            return f"between {fewer} and {more} steps"
    return "at no number of steps"


def calibration_lines(outcomes: Mapping[tuple[str, str], Outcomes]) -> Iterator[str]:
    """Yield the Brier scores of the predictions in the second half of every regime."""
    mixing = [outcomes[regime.name, MIXING] for regime in REGIMES]
    for kind in ("sample", "repair"):
        rows = [
            (chance, passed)
            for part in mixing
            for attempt, chance, passed in part.predictions[len(part.predictions) // 2 :]
            if attempt == kind
        ]
        if rows:
            base = sum(passed for _, passed in rows) / len(rows)
            brier = sum((chance - passed) ** 2 for chance, passed in rows) / len(rows)
            yield (
                f"Predicted success of a {kind}: Brier score {brier:.3f}; always predicting the "
                f"base rate gives {base * (1 - base):.3f} ({len(rows)} predictions)."
            )
