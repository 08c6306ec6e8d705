"""Export training data from runs, in the columns that TRL's trainers read."""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from refinegraph.evaluation.export_errors import ErrorLine, Question, injected_errors, questions
from refinegraph.evaluation.export_moves import MoveRollout, StepPair, move_rollouts, step_pairs
from refinegraph.evaluation.export_source import Source as Source
from refinegraph.evaluation.export_source import source_of
from refinegraph.evaluation.records import RunLine
from refinegraph.schema import Candidate, Frozen, Review

Format = Literal[
    "sft", "dpo", "step", "step-pair", "critique", "rollout", "move", "error", "question"
]
"""What a line teaches; see `export`."""


class Example(Frozen):
    """A prompt with a right answer."""

    prompt: str
    completion: str
    source: Source


class Preference(Frozen):
    """A right answer preferred to a wrong one."""

    prompt: str
    chosen: str
    rejected: str
    source: Source


class StepLabels(Frozen):
    """The steps of a solution with their labels, cut after the first wrong step."""

    prompt: str
    completions: tuple[str, ...]
    labels: tuple[bool, ...]
    source: Source


class Critique(Frozen):
    """A review of a candidate, with the revision made from it."""

    prompt: str
    solution: str
    completion: str
    """The review."""
    revision: str
    """The answer that was made from the solution and the review."""
    corrected: bool
    """Whether the revision is right."""
    source: Source


class Rollout(Frozen):
    """An answer with its reward, for policy gradients; answers to one prompt form a group."""

    prompt: str
    completion: str
    reward: float
    """The share of visible tests passed, from 0 to 1."""
    source: Source


Line = (
    Example
    | Preference
    | StepLabels
    | StepPair
    | Critique
    | Rollout
    | MoveRollout
    | ErrorLine
    | Question
)


def export(runs: Iterable[RunLine], form: Format) -> Iterator[Line]:
    """Yield the training lines of runs whose answers could be judged.

    | form | a line |
    |---|---|
    | `sft` | one right answer of a run |
    | `dpo` | a wrong candidate against a right one |
    | `step` | the steps of a solution up to the first one under the threshold |
    | `step-pair` | two continuations of one prefix, of which one more often ends right |
    | `critique` | a review with the candidate that was made from it |
    | `rollout` | a first sample with the share of the visible tests that it passes |
    | `move` | whatever a move wrote, with its reward, group and log-probability |
    | `error` | a solution into which an error was injected, with the correction |
    | `question` | a question that was made of the problem |

    A finished candidate from which no answer could be read is in none of the first three, nor in
    `critique` and `rollout`.
    """
    make = _FORMS[form]
    for run in runs:
        if run.correct is not None:
            yield from make(run)


def _examples(run: RunLine) -> Iterator[Example]:
    right = _right(run)
    if right:
        content = right[0].content or ""
        yield Example(prompt=run.prompt, completion=content, source=source_of(run, right[0]))


def _preferences(run: RunLine) -> Iterator[Preference]:
    right, judged = _right(run), run.judged
    seen: set[str] = set()
    for candidate in run.result.candidates:
        content = candidate.content
        if right and content and not judged.get(candidate.id) and content not in seen:
            seen.add(content)
            yield Preference(
                prompt=run.prompt,
                chosen=right[0].content or "",
                rejected=content,
                source=source_of(run, candidate),
            )


def _steps(run: RunLine) -> Iterator[StepLabels]:
    from refinegraph.tools.step_scores import first_bad_step

    for candidate in run.result.candidates:
        score = next((found for found in candidate.scores if found.steps), None)
        if not candidate.content or score is None or len(score.steps) != len(candidate.steps):
            continue
        right = run.judged.get(candidate.id, False)
        first = None if right else first_bad_step(score.steps)
        if right or first is not None:
            last = len(candidate.steps) if first is None else first + 1
            texts = tuple(candidate.text[step.start : step.end] for step in candidate.steps[:last])
            labels = tuple(number != first for number in range(last))
            source = source_of(run, candidate)
            yield StepLabels(prompt=run.prompt, completions=texts, labels=labels, source=source)


def _critiques(run: RunLine) -> Iterator[Critique]:
    answered = {candidate.id: candidate for candidate in run.result.candidates if candidate.content}
    for child in answered.values():
        parent = answered.get(child.parent_id or "")
        review = _review(run, parent) if parent else None
        if parent and review and review.text.strip():
            yield Critique(
                prompt=run.prompt,
                solution=parent.content or "",
                completion=review.text,
                revision=child.content or "",
                corrected=run.judged.get(child.id, False),
                source=source_of(run, child),
            )


def _rollouts(run: RunLine) -> Iterator[Rollout]:
    for candidate in run.result.candidates:
        verdict = candidate.verdict
        if not candidate.content or verdict is None or candidate.parent_id is not None:
            continue
        passed = sum(test.passed for test in verdict.tests)
        reward = passed / len(verdict.tests) if verdict.tests else float(verdict.passed)
        yield Rollout(
            prompt=run.prompt,
            completion=candidate.content,
            reward=reward,
            source=source_of(run, candidate),
        )


def _review(run: RunLine, parent: Candidate) -> Review | None:
    found = [review for review in run.result.reviews if review.candidate_id == parent.id]
    return found[-1] if found else None


def _right(run: RunLine) -> list[Candidate]:
    judged, chosen = run.judged, run.result.selection.candidate_id
    found = [
        candidate
        for candidate in run.result.candidates
        if judged.get(candidate.id) and candidate.content
    ]
    return sorted(found, key=lambda candidate: candidate.id != chosen)


_FORMS: dict[Format, Callable[[RunLine], Iterator[Line]]] = {
    "sft": _examples,
    "dpo": _preferences,
    "step": _steps,
    "step-pair": step_pairs,
    "critique": _critiques,
    "rollout": _rollouts,
    "move": move_rollouts,
    "error": injected_errors,
    "question": questions,
}
