"""Compare strategies on a simulated model with known rates, to measure routing and stopping.

    python benchmarks/simulated.py --problems 300

The results say nothing about real models. Every setting fixes the probabilities that a sample is
right, that a refinement repairs and that it damages, and the quality of the scorer. All strategies
solve the same problems. The benchmark prints accuracy with its Wilson interval, and completion
tokens.
"""

import argparse
import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from refinegraph.agents import Refiner, Reviewer, Solver
from refinegraph.agents.models import SimulatedChatModel, SimulatedRates, simulated_problems
from refinegraph.evaluation.statistics import wilson_interval
from refinegraph.graphs import refinement_graph
from refinegraph.graphs.policies.adaptive_sampling import SampleUntil, last_k_agree, vote_settled
from refinegraph.graphs.policies.calibration import ConfidenceCalibrator, fit_calibrator
from refinegraph.graphs.policies.expected_gain import ExpectedGain
from refinegraph.graphs.policies.refine_loop import RefineLoop
from refinegraph.graphs.policies.repair_rates import BetaPosterior, RepairRates
from refinegraph.graphs.refinement import RefinementGraph
from refinegraph.graphs.routing import AgreementRouter, AlwaysEasy, AlwaysHard, MagicoreRouter
from refinegraph.graphs.selection import best_of, majority_vote, weighted_vote
from refinegraph.graphs.stopping import rounds
from refinegraph.runs.runner import run_graph
from refinegraph.schema import Candidate, Feature, Problem
from refinegraph.tools.scorers import Scorer
from refinegraph.tools.scorers.simulated import simulated_scorer

_AT_ONCE = 16
"""Problems in progress at the same time: a choice."""


@dataclass(frozen=True)
class Setting:
    """The rates of one experiment."""

    name: str
    rates: SimulatedRates
    quality: float


SETTINGS = (
    Setting("repair pays, good scorer", SimulatedRates(fix=0.4, damage=0.05), 1.5),
    Setting("repair pays, weak scorer", SimulatedRates(fix=0.4, damage=0.05), 0.5),
    Setting("damage above fix", SimulatedRates(fix=0.1, damage=0.4), 1.0),
    Setting("useless scorer", SimulatedRates(fix=0.2, damage=0.2), 0.0),
)


@dataclass(frozen=True)
class Result:
    """The number of right answers, and the cost."""

    right: int
    count: int
    tokens: int
    samples: int


Build = Callable[[SimulatedChatModel, Scorer], RefinementGraph]


def voted(samples: int) -> Build:
    """Self-consistency."""
    return lambda model, scorer: refinement_graph(
        solver=Solver(model, samples=samples),
        router=AlwaysEasy(),
        stop=rounds(0),
        select=majority_vote(),
        scorer=scorer,
    )


def best(samples: int) -> Build:
    """Best of n by the scorer."""
    return lambda model, scorer: refinement_graph(
        solver=Solver(model, samples=samples),
        router=AlwaysEasy(),
        stop=rounds(0),
        select=best_of(),
        scorer=scorer,
    )


def voted_early(rule: last_k_agree | vote_settled, max_candidates: int) -> Build:
    """Self-consistency that stops sampling early."""
    return lambda model, scorer: refinement_graph(
        solver=Solver(model, samples=2),
        controller=SampleUntil(
            RefineLoop(router=AlwaysEasy(), stop=rounds(0)),
            until=rule,
            max_candidates=max_candidates,
        ),
        select=majority_vote(),
        scorer=scorer,
    )


def self_refine(model: SimulatedChatModel, scorer: Scorer) -> RefinementGraph:
    """Refine one answer three times regardless of its score, and return the last version."""
    return refinement_graph(
        solver=Solver(model, samples=1),
        reviewer=Reviewer(model),
        refiner=Refiner(model),
        router=AlwaysHard(),
        stop=rounds(3),
        select=best_of(),
        scorer=scorer,
    )


def magicore(samples: int) -> Build:
    """Refine all samples of hard problems together."""
    return lambda model, scorer: refinement_graph(
        solver=Solver(model, samples=samples),
        reviewer=Reviewer(model),
        refiner=Refiner(model),
        router=MagicoreRouter(),
        stop=rounds(2),
        select=weighted_vote(),
        max_refined_per_round=None,
        scorer=scorer,
    )


def adaptive(model: SimulatedChatModel, scorer: Scorer) -> RefinementGraph:
    """Sample until the vote is settled, and refine only if the samples disagree."""
    return refinement_graph(
        solver=Solver(model, samples=3),
        reviewer=Reviewer(model),
        refiner=Refiner(model),
        controller=SampleUntil(
            RefineLoop(router=AgreementRouter(), stop=rounds(3), max_refined_per_round=2),
            until=vote_settled(),
            max_candidates=10,
            batch_size=2,
        ),
        select=weighted_vote(),
        scorer=scorer,
    )


def by_gain(rates: RepairRates | None = None, *, min_gain: float = 0.01) -> Build:
    """Sample, repair or stop by expected gain; rates are learned unless they are passed."""
    book = rates or RepairRates()
    return lambda model, scorer: refinement_graph(
        solver=Solver(model, samples=3),
        reviewer=Reviewer(model),
        refiner=Refiner(model),
        controller=ExpectedGain(rates=book, max_candidates=10, min_gain_per_1k_tokens=min_gain),
        select=weighted_vote(),
        scorer=scorer,
    )


def known(rates: SimulatedRates) -> RepairRates:
    """Return the true rates, which no user knows."""
    return RepairRates(
        fix=BetaPosterior(alpha=rates.fix, beta=1 - rates.fix),
        damage=BetaPosterior(alpha=rates.damage, beta=1 - rates.damage),
        learn=False,
    )


STRATEGIES: dict[str, Build] = {
    "one sample": voted(1),
    "vote of 10": voted(10),
    "vote of 30": voted(30),
    "best of 10": best(10),
    "vote of 10, last_k_agree(3)": voted_early(last_k_agree(3), 10),
    "vote of 10, vote_settled(0.95)": voted_early(vote_settled(), 10),
    "self-refine": self_refine,
    "magicore of 10": magicore(10),
    "adaptive": adaptive,
}


Row = tuple[tuple[Feature, ...], bool]


async def run(
    setting: Setting, build: Build, *, problems: int, seed: int, rows: list[Row] | None = None
) -> Result:
    """Solve the problems with one strategy; `rows` collects the data to fit a calibration."""
    model = SimulatedChatModel(setting.rates, seed=seed)
    labelled = simulated_problems(problems)
    gold = {task.problem.id: task.gold.answer for task in labelled}

    def is_right(problem: Problem, candidate: Candidate) -> bool:
        return candidate.answer == gold[problem.id]

    scorer = simulated_scorer(is_right, quality=setting.quality, seed=seed)
    graph, places = build(model, scorer), asyncio.Semaphore(_AT_ONCE)

    async def solved(problem: Problem) -> tuple[bool, int, int]:
        async with places:
            result = await run_graph(graph, problem)
        samples = sum(candidate.parent_id is None for candidate in result.candidates)
        right = result.answer == gold[problem.id]
        last = result.decisions[-1].difficulty if result.decisions else None
        if rows is not None and last:
            rows.append((last.features, right))
        return right, result.usage.completion_tokens, samples

    outcomes = await asyncio.gather(*(solved(task.problem) for task in labelled))
    return Result(
        sum(right for right, _, _ in outcomes),
        problems,
        sum(tokens for _, tokens, _ in outcomes),
        sum(samples for _, _, samples in outcomes),
    )


def table(setting: Setting, results: dict[str, Result]) -> Table:
    """Return the figures of one experiment."""
    rates = setting.rates
    shown = Table(
        title=f"{setting.name}: accuracy {rates.accuracy}, fix {rates.fix}, damage {rates.damage}, "
        f"scorer quality {setting.quality}"
    )
    heads = ("strategy", "right", "95 % interval", "tokens a problem", "samples a problem")
    for head in heads:
        shown.add_column(head, justify="left" if head == "strategy" else "right")
    for name, result in results.items():
        low, high = wilson_interval(result.right, result.count) or (0.0, 1.0)
        shown.add_row(
            name,
            f"{result.right / result.count:.1%}",
            f"{low:.1%} to {high:.1%}",
            f"{result.tokens / result.count:,.0f}",
            f"{result.samples / result.count:.1f}",
        )
    return shown


async def experiments(settings: Sequence[Setting], *, problems: int, seed: int) -> None:
    """Run every strategy in every setting."""
    console = Console(width=100)
    for setting in settings:
        every = {
            **STRATEGIES,
            "expected gain": by_gain(),
            "expected gain, true rates": by_gain(known(setting.rates)),
        }
        results = {
            name: await run(setting, build, problems=problems, seed=seed)
            for name, build in every.items()
        }
        console.print(table(setting, results))


async def fitted(settings: Sequence[Setting], *, problems: int, seed: int) -> ConfidenceCalibrator:
    """Fit one calibration to all settings."""
    rows: list[Row] = []
    for setting in settings:
        await run(setting, by_gain(), problems=problems, seed=seed, rows=rows)
    return fit_calibrator(rows)


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--problems", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fit", type=Path, help="fit a calibration and write it here")
    options = parser.parse_args()
    if options.fit:
        calibration = asyncio.run(fitted(SETTINGS, problems=options.problems, seed=options.seed))
        calibration.save(options.fit)
        return
    asyncio.run(experiments(SETTINGS, problems=options.problems, seed=options.seed))


if __name__ == "__main__":
    main()
