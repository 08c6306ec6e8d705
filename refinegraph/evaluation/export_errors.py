"""Training lines from injected errors and from questions."""

from collections.abc import Iterator

from refinegraph.evaluation.export_source import Source, source_of
from refinegraph.evaluation.records import RunLine
from refinegraph.schema import Frozen
from refinegraph.tools.mutation.injection import error_between

_DAMAGE = "damage"


class ErrorLine(Frozen):
    """A right solution, and the same one with an error that the hidden tests refute."""

    prompt: str
    """The statement and the damaged solution, with an empty line between them."""
    completion: str
    """The right solution."""
    damaged: str
    error_type: str
    """The kind of change, such as `boundary` or `number`."""
    start: int
    """Where the edited span begins in the damaged solution, in characters."""
    end: int
    wrong: str
    """The edited span."""
    correction: str
    """What has to stand in its place."""
    source: Source
    """Of the damaged solution."""


class Question(Frozen):
    """A question that a model derived from a problem; it has no answer."""

    prompt: str
    """The new question."""
    change: str
    """`rephrased`, `harder` or `new`."""
    original: str
    """The problem that it was made from."""
    problem_id: str
    strategy: str
    model: str | None


def injected_errors(run: RunLine) -> Iterator[ErrorLine]:
    """Yield the damaged candidates that are wrong and whose parents are right."""
    by_id, judged = {candidate.id: candidate for candidate in run.result.candidates}, run.judged
    for damaged in by_id.values():
        parent = by_id.get(damaged.parent_id or "")
        if damaged.operator != _DAMAGE or parent is None:
            continue
        before, after = (candidate.program or candidate.text for candidate in (parent, damaged))
        error = error_between(before.strip("\n"), after.strip("\n"))
        if error and judged.get(parent.id) and judged.get(damaged.id) is False:
            yield ErrorLine(
                prompt=f"{run.prompt}\n\n{error.text}",
                completion=before.strip("\n"),
                damaged=error.text,
                error_type=error.type,
                start=error.start,
                end=error.end,
                wrong=error.after,
                correction=error.before,
                source=source_of(run, damaged),
            )


def questions(run: RunLine) -> Iterator[Question]:
    """Yield the questions that were made of the problem."""
    for note in run.result.notes:
        if note.kind == "question":
            yield Question(
                prompt=note.text,
                change=note.about,
                original=run.prompt,
                problem_id=run.problem_id,
                strategy=run.strategy,
                model=run.result.models.solver,
            )
