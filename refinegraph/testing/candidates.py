"""Build candidates and reviews with sensible defaults."""

from collections.abc import Sequence
from typing import TypedDict, Unpack

from refinegraph.schema import Alternative, Candidate, Review, Score, Step, Verdict


class CandidateFields(TypedDict, total=False):
    """Fields of a `Candidate` that the builders pass on unchanged."""

    operator: str
    round: int
    turn: int
    move: int
    text: str
    complete: bool
    reasoning: str
    equivalence_class: str | None
    unusable: str | None
    steps: tuple[Step, ...]
    scores: tuple[Score, ...]
    generated_passed: tuple[str, ...] | None
    generated_weight: float
    behaviour: str | None
    edited: bool
    tokens: int
    temperature: float | None
    self_certainty: float | None
    mean_logprob: float | None
    alternatives: tuple[Alternative, ...]
    gap: float | None
    revision: int


def candidate(
    id: str = "0.0",
    answer: str | None = None,
    *,
    program: str | None = None,
    parents: str | Sequence[str] = (),
    score: float | None = None,
    verdict: Verdict | None = None,
    **fields: Unpack[CandidateFields],
) -> Candidate:
    """Return a candidate.

    Its round and turn come from its id, `ROUND.NUMBER`. Its operator is `refine` if it has parents,
    and `solve` otherwise. Its text defaults to its program or answer.

    Args:
        id: The position in the run: `0.2` is the third sample, `1.0` the first refinement.
        answer: The final answer, for problems that are not code.
        program: The whole program, for code.
        parents: The id of the parent, or the ids of several parents.
        score: The value of a scorer named `test`; use `scores` for whole `Score` objects.
        verdict: The result of the visible tests; `refinegraph.testing.verdict` builds one.
        fields: Any other field of `Candidate`.

    >>> repaired = candidate("1.0", program="def f(x): return 2 * x", parents="0.1")
    >>> repaired.operator, repaired.round, repaired.parent_id
    ('refine', 1, '0.1')
    """
    ancestors = (parents,) if isinstance(parents, str) and parents else tuple(parents)
    round_number = int(id.partition(".")[0])
    other: CandidateFields = {
        "operator": "refine" if ancestors else "solve",
        "round": round_number,
        "turn": round_number,
        "text": program or answer or "",
        "scores": () if score is None else (Score(scorer="test", value=score),),
        **fields,
    }
    return Candidate(
        id=id, answer=answer, program=program, parents=ancestors, verdict=verdict, **other
    )


def answers(*texts: str | None, scores: Sequence[float] = ()) -> tuple[Candidate, ...]:
    """Return the samples `0.0`, `0.1`, … with the given answers; None makes a sample unusable.

    `scores` are the values of a scorer named `test`, in the same order.

    >>> [sample.answer for sample in answers("4", "5", None)]
    ['4', '5', None]
    """
    return tuple(
        candidate(
            f"0.{number}",
            answer,
            score=scores[number] if scores else None,
            unusable="no answer was found." if answer is None else None,
        )
        for number, answer in enumerate(texts)
    )


def programs(*sources: str, verdicts: Sequence[Verdict | None] = ()) -> tuple[Candidate, ...]:
    """Return the samples `0.0`, `0.1`, … with the given programs and verdicts.

    >>> from refinegraph.testing import verdict
    >>> first, second = programs("f = abs", "f = len", verdicts=[verdict("passed"), None])
    >>> first.verdict.passed, second.verdict
    (True, None)
    """
    return tuple(
        candidate(f"0.{number}", program=source, verdict=verdicts[number] if verdicts else None)
        for number, source in enumerate(sources)
    )


def review(
    candidate_id: str = "0.0",
    change: str = "",
    *,
    approves: bool = False,
    wrong_step: str = "",
    evidence: str = "",
    round: int = 0,
    number: int = 0,
) -> Review:
    """Return a review of a candidate.

    Args:
        candidate_id: The id of the reviewed candidate.
        change: The requested change, which is also the text of the review.
        approves: Whether the Reviewer found no error.
        wrong_step: The first wrong step.
        evidence: The reason why the step is wrong.
        round: The round of the review.
        number: Distinguishes several reviews of one candidate in one round.

    >>> review("0.1", "double it").text
    'double it'
    """
    return Review(
        candidate_id=candidate_id,
        round=round,
        approves=approves,
        wrong_step=wrong_step,
        evidence=evidence,
        change=change,
        text=change,
        number=number,
    )
