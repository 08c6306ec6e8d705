"""Metrics of feedback: whether reviews are true, and what follows from them."""

from collections.abc import Iterator, Mapping, Sequence

from refinegraph.evaluation.records import RunLine
from refinegraph.metrics.cases import (
    Refinement,
    Reviewed,
    author_of,
    group_of,
    level,
    passes,
    refinements,
    reviewed,
    reviewer_of,
    sample_accuracy,
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
    "review-accuracy",
    "correction",
    "share",
    "CriticBench (arXiv 2402.14809)",
    needs=("reviews",),
)
def review_accuracy(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Share of reviews whose verdict agrees with the label of the candidate.

    Apart for candidates that the reviewing model wrote itself and those of other models, for each
    kind of problem, and for easy problems, at least half of whose samples are right, and hard ones.
    """
    ease = sample_accuracy(runs)
    cases = [
        (_is_true(case), _is_own(case), case.run.kind, _level(case, ease))
        for case in reviewed(runs)
    ]
    yield from share(true for true, *_ in cases)
    yield from share((true for true, own, *_ in cases if own), "own answers")
    yield from share((true for true, own, *_ in cases if own is False), "answers of others")
    kinds = dict.fromkeys(kind for _, _, kind, _ in cases)
    for kind in kinds if len(kinds) > 1 else ():
        yield from share((true for true, _, other, _ in cases if other == kind), kind)
    for part in ("easy", "hard"):
        yield from share((true for true, *_, ease_of in cases if ease_of == part), part)


def _level(case: Reviewed, ease: Mapping[str, float]) -> str | None:
    known = ease.get(case.run.problem_id)
    return None if known is None else level(known)


def _is_true(case: Reviewed) -> bool:
    return case.review.approves == case.right


def _is_own(case: Reviewed) -> bool | None:
    """Return whether a model reviewed its own candidate, or None if a model is unknown."""
    author, reviewer = author_of(case.run, case.candidate), reviewer_of(case.run)
    return None if author is None or reviewer is None else author == reviewer


@metric(
    "retraction",
    "correction",
    "share",
    "When Do LLMs Admit Their Mistakes? (arXiv 2505.16170)",
    needs=("reviews",),
)
def retraction(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Of the wrong answers that a model reviewed after it wrote them, the share it takes back."""
    yield from share(
        not case.review.approves for case in reviewed(runs) if _is_own(case) and not case.right
    )


@metric_across(
    "closed-loop-critique",
    "correction",
    "difference",
    "RealCritic (arXiv 2501.14492)",
    needs=("reviews", "refinements"),
)
def closed_loop_critique(results: Results) -> Iterator[Figure]:
    """Accuracy of answers made from reviews, minus that of plain answers to the same problems.

    Plain answers are those of the strategy `single`. `self` is the difference if the reviewing
    model also wrote the reviewed answer, and `cross` if another model did.
    """
    plain = {
        run.problem_id: bool(run.correct)
        for runs in results.strategies.values()
        for run in runs
        if run.strategy == "single"
    }
    for name, runs in results.strategies.items():
        made = [refinement for refinement in refinements(runs) if refinement.review]
        for part, chosen in (
            ("", made),
            ("self", [refinement for refinement in made if _by_itself(refinement)]),
            ("cross", [refinement for refinement in made if _by_itself(refinement) is False]),
        ):
            pairs = [
                (refinement.is_right, plain[refinement.run.problem_id])
                for refinement in chosen
                if refinement.run.problem_id in plain
            ]
            gain = sum(int(a) - int(b) for a, b in pairs) / len(pairs) if pairs else None
            yield from number(gain, len(pairs), part, strategy=name)


def _by_itself(refinement: Refinement) -> bool | None:
    author, reviewer = author_of(refinement.run, refinement.parent), reviewer_of(refinement.run)
    return None if author is None or reviewer is None else author == reviewer


@metric(
    "feedback-friction",
    "correction",
    "share",
    "Feedback Friction (arXiv 2506.11930)",
    needs=("tests", "refinements"),
)
def feedback_friction(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """The share of refinements after a failing test that are still wrong.

    The figures are split by attempt, and by temperature if several were used. `repeated` is the
    share that repeats an answer which the same run had already rejected.
    """
    shown = [
        (
            refinement.attempt,
            refinement.child.temperature,
            not refinement.is_right,
            _repeats(refinement),
        )
        for refinement in refinements(runs)
        if passes(refinement.parent) is False
    ]
    for attempt in sorted({attempt for attempt, *_ in shown}):
        yield from share(
            (wrong for nth, _, wrong, _ in shown if nth == attempt), f"attempt {attempt}"
        )
    warmth = sorted({value for _, value, _, _ in shown if value is not None})
    for value in warmth if len(warmth) > 1 else ():
        chosen = (wrong for _, warm, wrong, _ in shown if warm == value)
        yield from share(chosen, f"temperature {value:g}")
    yield from share((repeats for *_, repeats in shown), "repeated")


def _repeats(refinement: Refinement) -> bool:
    """Return whether an earlier candidate with the same answer was refuted by visible tests."""
    return any(
        passes(other) is False and group_of(other) == group_of(refinement.child)
        for other in refinement.run.result.candidates
        if other.sort_key < refinement.child.sort_key
    )


@metric(
    "feedback-overreach",
    "correction",
    "share",
    "RLVF (arXiv 2402.10893)",
    needs=("tests", "refinements"),
)
def feedback_overreach(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Of the visible tests that a refuted program passed, the share that its refinement fails.

    The feedback was about another test, so that these are outside of its scope.
    """
    yield from share(
        test not in refinement.child.verdict.passed_ids
        for refinement in refinements(runs)
        if refinement.parent.verdict
        and refinement.child.verdict
        and passes(refinement.parent) is False
        for test in sorted(refinement.parent.verdict.passed_ids)
    )


@metric(
    "feedback-detail",
    "correction",
    "share",
    "Self-critiquing plans (arXiv 2310.08118)",
    needs=("reviews", "refinements"),
)
def feedback_detail(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """The share of refined wrong candidates that were repaired, by the detail of the review.

    A review is `verdict only`, `a location` if it names a wrong step or gives evidence, or `a
    change` if it describes a change.
    """
    wrong = [
        (_detail(refinement), refinement.is_right)
        for refinement in refinements(runs)
        if refinement.review and not refinement.was_right
    ]
    for part in ("verdict only", "a location", "a change"):
        yield from share((right for detail, right in wrong if detail == part), part)


def _detail(refinement: Refinement) -> str:
    review = refinement.review
    if review and review.change.strip():
        return "a change"
    located = review and (review.wrong_step.strip() or review.evidence.strip())
    return "a location" if located else "verdict only"


@metric(
    "harmful-feedback",
    "correction",
    "share",
    "Peer-counselor feedback (arXiv 2403.15482)",
    needs=("reviews",),
)
def harmful_feedback(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Share of reviews that do harm, and of those that say nothing.

    `harmful`: of the reviews of right candidates that led to a refinement, those whose refinement
    is wrong. `empty`: disapproving reviews without a wrong step, evidence or a change.
    """
    led = (
        not refinement.is_right
        for refinement in refinements(runs)
        if refinement.review and refinement.was_right
    )
    yield from share(led, "harmful")
    reviews = (case.review for case in reviewed(runs) if not case.review.approves)
    empty = (not (each.wrong_step or each.evidence or each.change).strip() for each in reviews)
    yield from share(empty, "empty")


@metric(
    "critique-gain-by-people",
    "correction",
    "difference",
    "VISCO (arXiv 2412.02172)",
    needs=("people", "reviews", "refinements"),
)
def critique_gain_by_people(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Share of wrong candidates mended after a review that a person edited, less after a model's.

    The person stands for the oracle whose critique bounds what correction can gain.
    """
    wrong = [
        (refinement.review.edited, refinement.is_right)
        for refinement in refinements(runs)
        if refinement.review and not refinement.was_right
    ]
    edited = [right for by_person, right in wrong if by_person]
    plain = [right for by_person, right in wrong if not by_person]
    if edited and plain:
        gain = sum(edited) / len(edited) - sum(plain) / len(plain)
        yield from number(gain, len(wrong))


@metric("human-corrections", "correction", "number", "DROC (arXiv 2311.10678)", needs=("people",))
def human_corrections(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Corrections by a person for each run: edited reviews and answers that the person wrote.

    Apart for the first and the second half of the runs, in the order in which they ended.
    """
    counts = [
        sum(review.edited for review in run.result.reviews)
        + sum(candidate.operator == "person" for candidate in run.result.candidates)
        for run in runs
    ]
    if any(counts):
        half = len(counts) // 2
        yield from number(sum(counts) / len(counts), len(counts))
        yield from number(sum(counts[:half]) / half if half else None, half, "first half")
        later = counts[half:]
        yield from number(sum(later) / len(later), len(later), "second half")
