"""Give candidates the class of their answer."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from refinegraph.schema import Candidate, Kind, Problem
from refinegraph.tools.answers import AnswerEquivalence


async def classify(
    problem: Problem, pool: Sequence[Candidate], *, new: Sequence[Candidate] | None = None
) -> tuple[Candidate, ...]:
    """Return the candidates with the class of each one's answer; programs have none.

    Nothing is done unless one of the `new` candidates, all of them unless given, has an answer
    without a class. Costs a sandbox run where answers that are not plain numbers read differently.
    """
    if problem.kind == "code" or not _has_new_answer(pool if new is None else new):
        return tuple(pool)
    equivalence = AnswerEquivalence(
        problem.kind, prompt=problem.prompt, known=_compared(problem.kind, problem.prompt)
    )
    answers = dict.fromkeys([candidate.answer for candidate in pool])
    classes = await equivalence.classes([answer for answer in answers if answer is not None])
    moved = [
        _in_class(candidate, classes[candidate.answer])
        for candidate in pool
        if candidate.answer is not None and candidate.answer_class != classes[candidate.answer]
    ]
    return replaced(pool, {candidate.id: candidate for candidate in moved})


@lru_cache(maxsize=64)  # about as many problems as are in work at once
def _compared(kind: Kind, prompt: str) -> dict[tuple[str, str], bool]:
    """Return what was compared of a problem's answers: every scoring looks at all of them."""
    return {}


def _has_new_answer(pool: Sequence[Candidate]) -> bool:
    return any(
        candidate.answer_class is None and candidate.answer is not None for candidate in pool
    )


def _in_class(candidate: Candidate, answer_class: str) -> Candidate:
    update = {"answer_class": answer_class, "revision": candidate.revision + 1}
    return candidate.model_copy(update=update)


def replaced(pool: Sequence[Candidate], changed: Mapping[str, Candidate]) -> tuple[Candidate, ...]:
    """Return the pool with changed candidates in their places, which mostly are the last ones."""
    candidates, left = list(pool), len(changed)
    for place in range(len(candidates) - 1, -1, -1):
        if not left:
            break
        if new := changed.get(candidates[place].id):
            candidates[place], left = new, left - 1
    return tuple(candidates)
