"""Metrics of correction by turn: the effect of each attempt, and its cost."""

from collections.abc import Iterator, Sequence

from refinegraph.evaluation.budget_curves import CurveTally, accuracy_at
from refinegraph.evaluation.records import RunLine
from refinegraph.metrics.cases import (
    before_and_after,
    is_flawed,
    passes,
    refines,
    right_until,
    samples,
    step_scores,
    whole,
)
from refinegraph.metrics.metric import (
    Figure,
    Results,
    metric,
    metric_across,
    number,
    share,
)


@metric(
    "turn-deltas",
    "correction",
    "share",
    "SCoRe (arXiv 2409.12917)",
    "CoCoS (arXiv 2505.23060)",
    needs=("code", "refinements"),
)
def turn_deltas(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Shares of code problems whose chosen program each turn mended, kept right, or damaged.

    A turn is compared with the one before by the program that would have been chosen if the run
    had ended there. Runs that had ended earlier are not counted.
    """
    coded = [run for run in runs if run.kind == "code" and refines(run)]
    for turn in range(1, max((run.result.rounds for run in coded), default=0) + 1):
        pairs = [
            (right_until(run, turn - 1), right_until(run, turn))
            for run in coded
            if run.result.rounds >= turn
        ]
        yield from share((b and not a for a, b in pairs), f"turn {turn} mended")
        yield from share((a and b for a, b in pairs), f"turn {turn} kept right")
        yield from share((a and not b for a, b in pairs), f"turn {turn} damaged")


@metric_across(
    "accuracy-by-turn",
    "correction",
    "share",
    "RISE, recursive introspection (arXiv 2407.18219)",
    needs=("refinements", "sampling"),
)
def accuracy_by_turn(results: Results) -> Iterator[Figure]:
    """Accuracy if runs had ended after each turn, and that of plain sampling with equal tokens.

    The tokens until a turn are the run's tokens times the share of written tokens that its
    candidates have until then. The accuracy of sampling is interpolated from the first strategy
    that only samples, between the numbers of samples in its runs.
    """
    curve = next(filter(None, map(_curve, results.strategies.values())), None)
    for name, runs in results.strategies.items():
        refining = [run for run in runs if refines(run)]
        last = max((run.result.rounds for run in refining), default=-1)
        for turn in range(last + 1):
            rights = [right_until(run, turn) for run in refining]
            yield from share(rights, f"turn {turn}", strategy=name)
            tokens = sum(_tokens_until(run, turn) for run in refining) / len(refining)
            sampled = accuracy_at(curve.points(), tokens) if curve else None
            part = f"turn {turn}, sampling"
            yield from number(sampled, len(refining), part, strategy=name)


def _curve(runs: Sequence[RunLine]) -> CurveTally | None:
    tally = CurveTally()
    for run in runs:
        tally.add(run)
    return tally if len(tally.points()) > 1 else None


def _tokens_until(run: RunLine, turn: int) -> float:
    written = [candidate.tokens for candidate in run.result.candidates]
    until = [candidate.tokens for candidate in run.result.candidates if candidate.round <= turn]
    part = sum(until) / sum(written) if sum(written) else 1.0
    return part * run.result.usage.total_tokens


@metric(
    "debug-success",
    "correction",
    "share",
    "PyCapsule (arXiv 2502.02928)",
    needs=("tests", "refinements"),
)
def debug_success(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Of the runs that still fail visible tests, the share that pass them after each attempt.

    Normalised by the runs that an attempt could still mend, so that attempts can be compared.
    """
    for attempt in range(1, max((run.result.rounds for run in runs), default=0) + 1):
        cases = [
            _passes_until(run, attempt)
            for run in runs
            if run.result.rounds >= attempt and _passes_until(run, attempt - 1) is False
        ]
        yield from share((bool(case) for case in cases), f"attempt {attempt}")


def _passes_until(run: RunLine, last: int) -> bool | None:
    best = run.best_until(last)
    return passes(best) if best else None


@metric("first-attempt", "correction", "share", "SMART (arXiv 2410.16128)", needs=())
def first_attempt(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Accuracy of the very first answer of each run, in all and by the operator that wrote it."""
    firsts = [(whole(run)[0], run.judged) for run in runs if whole(run)]
    yield from share(judged[first.id] for first, judged in firsts)
    operators = dict.fromkeys(first.operator for first, _ in firsts)
    for operator in operators if len(operators) > 1 else ():
        yield from share(
            (judged[first.id] for first, judged in firsts if first.operator == operator), operator
        )


@metric(
    "flawed-first-step",
    "correction",
    "share",
    "Lost at the Beginning (arXiv 2506.22058)",
    needs=("steps",),
)
def flawed_first_step(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """The share of solutions that recover from a first step scored under 0.6, and of the others.

    `pruned tokens` is the share of all tokens of first samples that pruning these solutions after
    their first step would have saved, if all steps cost the same.
    """
    drafts = [
        (step_scores(sample), run.judged[sample.id], sample.tokens)
        for run in runs
        for sample in samples(run)
        if step_scores(sample)
    ]
    yield from share((right for steps, right, _ in drafts if is_flawed(steps[:1])), "flawed")
    yield from share((right for steps, right, _ in drafts if not is_flawed(steps[:1])), "sound")
    spent = sum(tokens for *_, tokens in drafts)
    saved = sum(
        tokens * (1 - 1 / len(steps)) for steps, _, tokens in drafts if is_flawed(steps[:1])
    )
    yield from number(saved / spent if spent else None, len(drafts), "pruned tokens")


@metric(
    "phase-efficiency",
    "correction",
    "ratio",
    "MME-CoT (arXiv 2502.09621)",
    needs=("refinements",),
)
def phase_efficiency(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Right answers for 1,000 written tokens, apart for answering and for self-correction.

    Answering counts the answers right before refinement and the tokens of first samples;
    self-correction counts what refinement added to them and the tokens of refinements.
    """
    pairs = before_and_after(runs)
    written = [
        (bool(candidate.parents), candidate.tokens)
        for run in runs
        if refines(run)
        for candidate in run.result.candidates
    ]
    answering = sum(tokens for refined, tokens in written if not refined)
    correcting = sum(tokens for refined, tokens in written if refined)
    first = sum(before for before, _ in pairs)
    gained = sum(after for _, after in pairs) - first
    yield from number(1000 * first / answering if answering else None, len(pairs), "answering")
    yield from number(
        1000 * gained / correcting if correcting else None, len(pairs), "self-correction"
    )
