"""Does refinement pay, and where? Sampling, repairing and mixing at equal cost, by difficulty.

    python benchmarks/effect.py --out effect

Simulated models with known rates: a sample gets each step of a program right with one rate, a
repair mends one wrong step with another. It shows where the curves of sampling and of repairing
cross, and whether the controller finds the crossing by itself; it says nothing about a real model.
Parts that are done are kept in the folder and not made again.
"""

import argparse
import asyncio
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from pydantic import TypeAdapter

from refinegraph.evaluation.statistics import bootstrap_interval, wilson_interval
from refinegraph.graphs.policies.adaptive_sampling import SampleUntil, settled
from refinegraph.graphs.policies.base import Policy
from refinegraph.graphs.policies.execution_gain import CodeGainEstimate, ExecutionGain
from refinegraph.graphs.policies.first_wave import FirstWave
from refinegraph.graphs.policies.refine_loop import RefineLoop
from refinegraph.graphs.policies.simulation import Regime, Trial, simulate
from refinegraph.graphs.routing import AlwaysHard, VerdictRouter
from refinegraph.graphs.stopping import accepted
from refinegraph.html.page import page, text
from refinegraph.html.plot import Point, accuracy_plot
from refinegraph.schema import Frozen

SAMPLING, REPAIRING, MIXING = "sample-until", "always repair", "adaptive"
STEPS = (2, 3, 4, 5, 6, 7, 8, 9, 10)
_ENOUGH = 99
"""Candidates a run may make: the budget of tokens ends it long before."""
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


class Outcomes(Frozen):
    """One policy on the problems of one regime, problem by problem."""

    regime: str
    policy: str
    solved: tuple[bool, ...]
    tokens: tuple[float, ...]
    predictions: tuple[tuple[str, float, bool], ...] = ()
    """What was tried, the chance that it was given, and whether it passed."""

    @property
    def accuracy(self) -> float:
        """The share of problems that were solved."""
        return sum(self.solved) / len(self.solved)

    @property
    def mean_tokens(self) -> float:
        """Tokens a problem."""
        return sum(self.tokens) / len(self.tokens)


_KEPT = TypeAdapter(list[Outcomes])

POLICIES: dict[str, Callable[[], Policy]] = {
    SAMPLING: lambda: SampleUntil(until=settled(), stop=accepted(), max_candidates=_ENOUGH),
    REPAIRING: lambda: RefineLoop(
        router=AlwaysHard(), stop=accepted(), max_refined_per_round=1, newest_first=True
    ),
    MIXING: lambda: ExecutionGain(router=VerdictRouter(), stop=accepted(), max_candidates=_ENOUGH),
}


async def outcomes_of(regime: Regime, name: str, *, problems: int, seed: int) -> Outcomes:
    """Solve the problems of a regime with one policy, which starts knowing nothing of it."""
    policy = FirstWave(POLICIES[name](), samples=1)
    trials = [
        await simulate(regime, policy, problem=number, seed=seed) for number in range(problems)
    ]
    return Outcomes(
        regime=regime.name,
        policy=name,
        solved=tuple(trial.solved for trial in trials),
        tokens=tuple(trial.tokens for trial in trials),
        predictions=tuple(row for trial in trials for row in _predictions(trial)),
    )


def _predictions(trial: Trial) -> Iterator[tuple[str, float, bool]]:
    for decision, passed in zip(trial.decisions, trial.passed, strict=True):
        if decision.features:
            numbers = CodeGainEstimate.from_decision(decision)
            kind = "repair" if decision.targets else "sample"
            chance = numbers.repair_chance if decision.targets else numbers.sample_chance
            yield kind, chance, passed


def solved_within(outcomes: Outcomes, budget: float) -> list[float]:
    """Return for every problem whether it was solved for at most so many tokens."""
    pairs = zip(outcomes.solved, outcomes.tokens, strict=True)
    return [float(solved and tokens <= budget) for solved, tokens in pairs]


def difference(first: Outcomes, second: Outcomes, budget: float) -> str:
    """Return the second less the first at equal budgets, in points with its 95 % interval."""
    pairs = zip(solved_within(first, budget), solved_within(second, budget), strict=True)
    differences = [later - earlier for earlier, later in pairs]
    mean = sum(differences) / len(differences)
    interval = bootstrap_interval(differences)
    low, high = (interval.low, interval.high) if interval else (mean, mean)
    return f"{100 * mean:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"


def crossing(found: dict[tuple[str, str], Outcomes], policy: str) -> str:
    """Return between which numbers of steps a policy comes to solve more than sampling does."""
    leads = [
        (
            steps,
            found[f"edits, {steps} steps", policy].accuracy
            - found[f"edits, {steps} steps", SAMPLING].accuracy,
        )
        for steps in STEPS
    ]
    for (fewer, behind), (more, ahead) in pairwise(leads):
        if behind <= 0 < ahead:
            return f"between {fewer} and {more} steps"
    return "nowhere"


def calibration_lines(all_outcomes: Sequence[Outcomes]) -> Iterator[str]:
    """Yield how well chances were predicted, over the second half of every regime's problems."""
    for kind in ("sample", "repair"):
        rows = [
            (chance, passed)
            for outcomes in all_outcomes
            for made, chance, passed in outcomes.predictions[len(outcomes.predictions) // 2 :]
            if made == kind
        ]
        if not rows:
            continue
        base = sum(passed for _, passed in rows) / len(rows)
        brier = sum((chance - passed) ** 2 for chance, passed in rows) / len(rows)
        yield (
            f"{kind}: Brier {brier:.3f}, of the base rate {base * (1 - base):.3f}, "
            f"{len(rows)} predictions"
        )


def body(found: dict[tuple[str, str], Outcomes]) -> Iterator[str]:
    """Yield the page: a table by regime, the crossing, calibration, and a plot for each regime."""
    yield f"<p>{text(_SETUP)}</p>\n<h2>Accuracy at equal budgets</h2>\n<div class='wide'><table>"
    heads = ("problems", *POLICIES, "adaptive less sample-until", "adaptive less always repair")
    yield "<tr>" + "".join(f"<th>{text(head)}</th>" for head in heads) + "</tr>\n"
    for regime in REGIMES:
        three = [found[regime.name, name] for name in POLICIES]
        budget = 8 * regime.sample_cost
        cells = [
            regime.name,
            *(f"{each.accuracy:.1%} at {each.mean_tokens:.0f}" for each in three),
            difference(three[0], three[2], budget),
            difference(three[1], three[2], budget),
        ]
        yield "<tr>" + "".join(f"<td>{text(cell)}</td>" for cell in cells) + "</tr>\n"
    yield "</table></div>\n<h2>Where repairing begins to pay</h2>\n<ul>"
    for name in (REPAIRING, MIXING):
        yield f"<li>{text(name)} solves more than sampling {text(crossing(found, name))}</li>"
    yield "</ul>\n<h2>Calibration</h2>\n<ul>"
    for line in calibration_lines([found[regime.name, MIXING] for regime in REGIMES]):
        yield f"<li>{text(line)}</li>"
    yield "</ul>\n"
    for regime in REGIMES:
        yield f"<h2>{text(regime.name)}</h2>\n"
        yield accuracy_plot([_point(found[regime.name, name]) for name in POLICIES])


_SETUP = (
    "Simulated: a sample gets each step right with 80 %, a repair mends one wrong step with 41 %. "
    "A sample costs 12 tokens a step, a review 28, an edit 12. A problem is given up when the next "
    "attempt would exceed eight samples' worth of tokens. Differences are in points, paired by "
    "problem, with bootstrap intervals of 95 %. Every policy starts knowing nothing of the model."
)


def _point(outcomes: Outcomes) -> Point:
    interval = wilson_interval(sum(outcomes.solved), len(outcomes.solved))
    low, high = (interval.low, interval.high) if interval else (0.0, 1.0)
    return Point(outcomes.policy, outcomes.mean_tokens, outcomes.accuracy, low, high)


async def measure(folder: Path, *, problems: int, seed: int) -> dict[tuple[str, str], Outcomes]:
    """Return the outcomes of all regimes, those that the folder has and those that it lacks."""
    file = folder / f"simulated-{problems}-{seed}.json"
    kept = _KEPT.validate_json(file.read_bytes()) if file.exists() else []
    found = {(outcomes.regime, outcomes.policy): outcomes for outcomes in kept}
    for regime in REGIMES:
        for name in POLICIES:
            if (regime.name, name) not in found:
                made = await outcomes_of(regime, name, problems=problems, seed=seed)
                found[regime.name, name] = made
        file.write_bytes(_KEPT.dump_json(list(found.values())))
        print(_line(regime, found), flush=True)
    return found


def _line(regime: Regime, found: dict[tuple[str, str], Outcomes]) -> str:
    three = [found[regime.name, name] for name in POLICIES]
    parts = [f"{each.policy} {each.accuracy:.1%} at {each.mean_tokens:.0f}" for each in three]
    return f"{regime.name:<28} " + " | ".join(parts)


async def main() -> None:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("effect"))
    parser.add_argument("--problems", type=int, default=300, help="of each regime")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    found = await measure(options.out, problems=options.problems, seed=options.seed)
    for line in calibration_lines([found[regime.name, MIXING] for regime in REGIMES]):
        print(line)
    for name in (REPAIRING, MIXING):
        print(f"{name} solves more than sampling {crossing(found, name)}")
    report = options.out / "effect.html"
    report.write_text("".join(page("Where refinement pays", body(found))), encoding="utf-8")
    print(f"page: {report}")


if __name__ == "__main__":
    asyncio.run(main())
