"""Assign equivalence classes to the answers of candidates."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from refinegraph.schema import Candidate, Kind, Problem
from refinegraph.tools.answers import AnswerEquivalence


async def classify(
    problem: Problem, pool: Sequence[Candidate], *, new: Sequence[Candidate] | None = None
) -> tuple[Candidate, ...]:
    """Return the candidates with the equivalence class of each answer; programs have none.

    The pool is returned unchanged unless one of the `new` candidates (by default all) has an
    answer without a class. Costs a sandbox run if answers differ in form and are not plain numbers.
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
        if candidate.answer is not None and candidate.equivalence_class != classes[candidate.answer]
    ]
    return replaced(pool, {candidate.id: candidate for candidate in moved})


@lru_cache(maxsize=64)  # a choice: enough for the problems that are solved concurrently
def _compared(kind: Kind, prompt: str) -> dict[tuple[str, str], bool]:
    """Return the cached comparisons of a problem's answers, which every scoring needs."""
    return {}


def _has_new_answer(pool: Sequence[Candidate]) -> bool:
    return any(
        candidate.equivalence_class is None and candidate.answer is not None for candidate in pool
    )


def _in_class(candidate: Candidate, equivalence_class: str) -> Candidate:
    update = {"equivalence_class": equivalence_class, "revision": candidate.revision + 1}
    return candidate.model_copy(update=update)


def replaced(pool: Sequence[Candidate], changed: Mapping[str, Candidate]) -> tuple[Candidate, ...]:
    """Return the pool with changed candidates in place; most changes are at the end."""
    candidates, remaining = list(pool), len(changed)
    for index in range(len(candidates) - 1, -1, -1):
        if not remaining:
            break
        if new := changed.get(candidates[index].id):
            candidates[index], remaining = new, remaining - 1
    return tuple(candidates)
