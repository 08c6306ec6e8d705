"""The requirements of metrics, and how to meet them."""

from collections.abc import Callable, Iterable, Mapping

from refinegraph.evaluation.records import RunLine
from refinegraph.metrics.cases import (
    author_of,
    passes,
    refinements,
    refines,
    samples,
    scorers,
    step_scores,
    whole,
)
from refinegraph.metrics.metric import Need, Results

DAMAGE = "damage"
"""The name of the operator that injects an error into a right candidate."""

NEEDS: Mapping[Need, str] = {
    "labels": "a dataset with hidden tests or gold answers",
    "refinements": "a strategy that refines, such as `self-refine`",
    "reviews": "a strategy with a Reviewer, such as `magicore`",
    "scores": "`--scorer`, or a strategy that scores its candidates",
    "scorers": "two scorers: `--scorer A,B`",
    "steps": "a scorer of single steps, such as a process reward model",
    "tests": "visible tests that were run",
    "samples": "two samples of one problem at least",
    "routing": "a strategy that routes, such as `magicore`",
    "strategies": "more strategies: `--strategy A,B,C`",
    "sampling": "a strategy that only samples beside another: `--baselines`",
    "folders": "the folders of two evaluations at least",
    "notes": "a strategy that keeps notes, and `--memory`",
    "people": "a person who reviews or answers: `--ask`",
    "authors": "candidates that were written by different models",
    "prefixes": "a strategy that writes step by step, such as a beam",
    "injections": "`--strategy error-injection`, or a graph with the operator `damage`",
    "code": "problems that ask for programs",
    "cases": "more runs: what the metric counts never occurred",
}
"""How to meet a requirement of a metric."""


def unmet(needs: Iterable[Need], results: Results) -> Need:
    """Return the first need that the results do not meet; `cases` if they meet them all."""
    for need in needs:
        if not _TESTS[need](results):
            return need
    return "cases"


def _any(test: Callable[[RunLine], object]) -> Callable[[Results], bool]:
    return lambda results: any(test(run) for run in results.runs)


def _authors(results: Results) -> int:
    return len(
        {author_of(run, candidate) for run in results.runs for candidate in whole(run)} - {None}
    )


_TESTS: Mapping[Need, Callable[[Results], bool]] = {
    "labels": lambda results: bool(results.strategies),
    "refinements": lambda results: any(True for _ in refinements(results.runs)),
    "reviews": _any(lambda run: run.result.reviews),
    "scores": _any(lambda run: scorers([run])),
    "scorers": lambda results: len(scorers(results.runs)) > 1,
    "steps": _any(lambda run: any(map(step_scores, run.result.candidates))),
    "tests": _any(lambda run: any(passes(candidate) is not None for candidate in whole(run))),
    "samples": _any(lambda run: len(samples(run)) > 1),
    "routing": _any(lambda run: any(decision.difficulty for decision in run.result.decisions)),
    "strategies": lambda results: len(results.strategies) > 1,
    "sampling": lambda results: any(
        len(samples(runs[0])) > 1 and not any(map(refines, runs))
        for runs in results.strategies.values()
    ),
    "folders": lambda results: len(results.folders) > 1,
    "notes": _any(lambda run: run.result.notes),
    "people": _any(
        lambda run: (
            any(review.edited for review in run.result.reviews)
            or any(candidate.operator == "person" for candidate in run.result.candidates)
        )
    ),
    "authors": lambda results: _authors(results) > 1,
    "prefixes": _any(
        lambda run: any(not candidate.complete for candidate in run.result.candidates)
    ),
    "injections": _any(lambda run: any(candidate.operator == DAMAGE for candidate in whole(run))),
    "code": _any(lambda run: run.kind == "code"),
    "cases": lambda results: True,
}
