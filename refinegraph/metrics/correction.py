"""Metrics of correction: what became of answers when they were refined."""

from collections.abc import Iterator, Sequence

from refinegraph.evaluation.records import RunLine
from refinegraph.evaluation.statistics import relative_self_correction
from refinegraph.metrics.cases import (
    before_and_after,
    passes,
    refinements,
    reviewed,
    whole,
)
from refinegraph.metrics.correlations import pearson
from refinegraph.metrics.metric import (
    Figure,
    Results,
    mean,
    metric,
    metric_across,
    number,
    share,
)
from refinegraph.metrics.needs import DAMAGE

_CRITIC = "Confidence v.s. Critique (arXiv 2412.19513)"


@metric("transitions", "correction", "share", _CRITIC, needs=("refinements",))
def transitions(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Shares of refinements that kept an answer right, damaged it, mended it, or kept it wrong.

    In each round, candidate by candidate: whether the parent was right, and whether the child is.
    """
    made = [
        (refinement.child.round, (refinement.was_right, refinement.is_right))
        for refinement in refinements(runs)
    ]
    for turn in sorted({made_in for made_in, _ in made}):
        pairs = [pair for made_in, pair in made if made_in == turn]
        for before, after in ((True, True), (True, False), (False, True), (False, False)):
            words = f"{'right' if before else 'wrong'} to {'right' if after else 'wrong'}"
            yield from share((pair == (before, after) for pair in pairs), f"round {turn} {words}")


@metric("confidence-level", "correction", "share", _CRITIC, needs=("refinements",))
def confidence_level(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """CL: of the runs whose answer was right before refinement, the share right at the end.

    The answer before refinement is the one that would have been chosen among the first samples.
    """
    yield from share(after for before, after in before_and_after(runs) if before)


@metric("critique-score", "correction", "share", _CRITIC, needs=("refinements",))
def critique_score(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """CS: of the runs whose answer was wrong before refinement, the share right at the end."""
    yield from share(after for before, after in before_and_after(runs) if not before)


@metric("relative-self-correction", "correction", "ratio", _CRITIC, needs=("refinements",))
def relative_correction(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """RSS: the accuracy after refinement, on the scale that the accuracy before allows.

    With the accuracy a before, 0 stands for a squared, 1 for 2a less a squared, and 0.5 for no
    change. Undefined where all or none was right before.
    """
    pairs = before_and_after(runs)
    if pairs:
        before = sum(first for first, _ in pairs) / len(pairs)
        after = sum(last for _, last in pairs) / len(pairs)
        yield from number(relative_self_correction(before, after), len(pairs))


@metric_across(
    "correction-trade-off",
    "correction",
    "correlation",
    _CRITIC,
    needs=("refinements", "strategies"),
)
def correction_trade_off(results: Results) -> Iterator[Figure]:
    """Pearson's correlation of CL with CS over the strategies or prompts compared.

    Negative where what keeps right answers also keeps wrong ones. Needs three strategies that
    have both figures.
    """
    points: list[tuple[float, float]] = []
    for runs in results.strategies.values():
        level, score = list(confidence_level.function(runs)), list(critique_score.function(runs))
        if level and score:
            points.append((level[0].value, score[0].value))
    yield from number(pearson(points), len(points))


@metric_across("flips", "correction", "share", "MUSCLE (arXiv 2407.09435)", needs=("strategies",))
def flips(results: Results) -> Iterator[Figure]:
    """Shares of problems that became wrong, or right, from the first strategy to each other one.

    With the folders of two model versions these are the negative and positive flips of an update.
    """
    first = next(iter(results.strategies), "")
    before = {run.problem_id: bool(run.correct) for run in results.strategies.get(first, ())}
    for name, compared in list(results.strategies.items())[1:]:
        pairs = [
            (before[run.problem_id], bool(run.correct))
            for run in compared
            if run.problem_id in before
        ]
        yield from share((a and not b for a, b in pairs), f"wrong since {first}", strategy=name)
        yield from share((b and not a for a, b in pairs), f"right since {first}", strategy=name)


@metric(
    "specification-gaming",
    "correction",
    "share",
    "Specification Self-Correction (arXiv 2507.18742)",
    needs=("tests",),
)
def specification_gaming(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Of the programs that pass the visible tests, the share that the hidden ones refute.

    Apart for first samples and for refinements: whether repair removes or teaches gaming.
    """
    for part, refined in (("before repair", False), ("after repair", True)):
        yield from share(
            (
                not run.judged[candidate.id]
                for run in runs
                for candidate in whole(run)
                if bool(candidate.parents) is refined and passes(candidate)
            ),
            part,
        )


@metric(
    "injected-error-recovery",
    "correction",
    "share",
    "Rethinking Reflection in Pre-Training (arXiv 2504.04022)",
    needs=("injections", "refinements"),
)
def injected_error_recovery(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Of the refinements of candidates into which an error was injected, the share that are right.

    Injected errors are the wrong candidates of the operator `damage`.
    """
    yield from share(
        refinement.is_right
        for refinement in refinements(runs)
        if refinement.parent.operator == DAMAGE and not refinement.was_right
    )


@metric(
    "mistake-location",
    "correction",
    "share",
    "BIG-Bench Mistake (arXiv 2311.08516)",
    needs=("injections", "reviews"),
)
def mistake_location(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """The share of reviews of injected errors that name the changed line.

    Only damaged candidates that are wrong count. A review names the line if the step that it calls
    wrong, or its text, quotes the line. `mended, located` and `mended, missed` are the shares of
    right refinements after reviews that name the line and after the others.
    """
    named = {
        (case.run.key, case.candidate.id): _names(case.review.text, case.review.wrong_step, lines)
        for case in reviewed(runs)
        if case.candidate.operator == DAMAGE
        and not case.right
        and (lines := _changed_lines(case.run, case.candidate.id))
    }
    yield from share(named.values())
    mended = [
        (named[refinement.run.key, refinement.parent.id], refinement.is_right)
        for refinement in refinements(runs)
        if (refinement.run.key, refinement.parent.id) in named
    ]
    yield from share((right for hit, right in mended if hit), "mended, located")
    yield from share((right for hit, right in mended if not hit), "mended, missed")


def _names(review: str, step: str, lines: Sequence[str]) -> bool:
    return any(line in review or line in step for line in lines)


def _changed_lines(run: RunLine, damaged: str) -> list[str]:
    """Return the lines of a damaged candidate that its parent does not have."""
    by_id = {candidate.id: candidate for candidate in run.result.candidates}
    parent = by_id.get(by_id[damaged].parent_id or "")
    before = {line.strip() for line in ((parent.content if parent else "") or "").splitlines()}
    after = [line.strip() for line in (by_id[damaged].content or "").splitlines()]
    return [line for line in after if line and line not in before]


@metric(
    "oracle-correction",
    "correction",
    "difference",
    "LLMs Cannot Self-Correct Reasoning Yet (arXiv 2310.01798)",
    needs=("refinements",),
)
def oracle_correction(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Mean change by a refinement, by the feedback that it received.

    A refinement counts 1 if it repaired a wrong candidate, -1 if it damaged a right one, and 0
    otherwise. The feedback is `external` for failing tests, `person` for an edited review, and
    `intrinsic` for a review or nothing. `oracle` is the mean over all refinements if damages
    counted 0, as if a label had prevented them.
    """
    changes: dict[str, list[int]] = {"intrinsic": [], "external": [], "person": [], "oracle": []}
    for refinement in refinements(runs):
        change = int(refinement.is_right) - int(refinement.was_right)
        tested = passes(refinement.parent) is False
        edited = bool(refinement.review and refinement.review.edited)
        changes["person" if edited else "external" if tested else "intrinsic"].append(change)
        changes["oracle"].append(max(0, change))
    for part, values in changes.items():
        yield from mean(values, part)
