"""The problems of a batch: records from a file, a stream or Python, with all of their columns."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, cast, get_args

from refinegraph.batches.records import COLUMN, BatchItem
from refinegraph.datasets import BadRecord
from refinegraph.datasets.fields import record_id, statement_field, tests_field, text_field
from refinegraph.datasets.files import Record
from refinegraph.datasets.formats import checked, is_known_dataset, read_problem
from refinegraph.errors import InputError
from refinegraph.schema import Gold, Kind, LabelledProblem, Problem
from refinegraph.support.json_text import Json
from refinegraph.tools.problem_kinds import infer_kind
from refinegraph.tools.programs.entry_points import infer_entry_point

ProblemLike: TypeAlias = "str | Problem | Mapping[str, Any]"
"""A problem of a batch in Python: its statement, a `Problem`, or the columns of a record."""
Problems: TypeAlias = "Iterable[ProblemLike] | AsyncIterable[ProblemLike]"
"""Many problems, read one by one as others finish."""

PROMPT = "prompt"


class Reading(NamedTuple):
    """How records are parsed as problems."""

    name: str = "problem"
    """Problems without an id are named after it."""
    kind: Kind | None = None
    """The kind of problems that do not name one; if None, it is inferred from their wording."""
    prompt_column: str = PROMPT
    column: str = COLUMN
    """The column that the batch adds; the input must not contain it."""

    def item(self, index: int, record: Record | BadRecord) -> BatchItem:
        """Return a record as an item; an unreadable one contains the reason."""
        name = f"{self.name}/{index}"
        if isinstance(record, BadRecord):
            return BatchItem(index, name, {}, None, record.reason)
        try:
            self._refuse_own_column(record)
            problem = self._problem(record, name)
        except InputError as error:
            return BatchItem(index, record_id(record, name), record.fields, None, str(error))
        return BatchItem(index, problem.id, record.fields, problem)

    def infers_kind(self, record: Record) -> bool:
        """Return whether the kind of a record's problem is inferred from its wording."""
        named = {"kind", "tests", "entry_point"} & record.fields.keys()
        return not (self.kind or named or self._is_published(record))

    def _problem(self, record: Record, name: str) -> Problem:
        if self._is_published(record):
            problem = read_problem(record, default_id=name).problem
            return problem.model_copy(update={"id": record_id(record, problem.id)})
        return self._plain(record, name)

    def _is_published(self, record: Record) -> bool:
        return self.prompt_column == PROMPT and is_known_dataset(record)

    def _plain(self, record: Record, name: str) -> Problem:
        if self.prompt_column not in record.fields:
            columns = ", ".join(map(repr, sorted(record.fields))) or "none"
            raise InputError(
                f"{record.place}: there is no column {self.prompt_column!r} among {columns}; name "
                "the column of the statement with --prompt-column."
            )
        prompt = statement_field(record, self.prompt_column)
        tests = tests_field(record, "tests")
        entry_point = text_field(record, "entry_point", "") or None
        kind = self._named_kind(record) or self.kind
        if kind is None:
            kind = "code" if entry_point else infer_kind(prompt, tests=tests).kind
        if kind == "code" and entry_point is None:
            entry_point = infer_entry_point(prompt, tests)
        problem = Problem(
            id=record_id(record, name),
            prompt=prompt,
            kind=kind,
            tests=tests,
            entry_point=entry_point,
            preamble=text_field(record, "preamble", ""),
        )
        return checked(LabelledProblem(problem, Gold()), record).problem

    def _named_kind(self, record: Record) -> Kind | None:
        value = record.fields.get("kind")
        if value is None:
            return None
        for kind in _KINDS:
            if value == kind:
                return kind
        raise InputError(
            f"{record.place}: the kind {value!r} is unknown; expected one of {', '.join(_KINDS)}."
        )

    def _refuse_own_column(self, record: Record) -> None:
        if self.column in record.fields:
            raise InputError(
                f"{record.place}: the input has a column {self.column!r} already; name another one "
                "for what is added with --column."
            )


_KINDS: tuple[Kind, ...] = tuple(kind for kind in get_args(Kind) if kind != "repository")
"""The kinds of problems that a record can contain, which excludes checkouts."""


async def items_of(problems: Problems, reading: Reading) -> AsyncIterator[BatchItem]:
    """Yield problems from Python as items."""
    index = 0
    if isinstance(problems, AsyncIterable):
        async for problem in problems:
            yield _item(index, problem, reading)
            index += 1
        return
    for problem in problems:
        yield _item(index, problem, reading)
        index += 1


def read_items(records: Iterable[Record | BadRecord], reading: Reading) -> Iterator[BatchItem]:
    """Yield records as items, each with its position."""
    return (reading.item(index, record) for index, record in enumerate(records))


def _item(index: int, problem: ProblemLike, reading: Reading) -> BatchItem:
    if isinstance(problem, Problem):
        columns = cast("dict[str, Json]", problem.model_dump(mode="json", exclude_defaults=True))
        return BatchItem(index, problem.id, columns, problem)
    fields = {reading.prompt_column: problem} if isinstance(problem, str) else problem
    if not isinstance(cast("object", fields), Mapping):
        raise InputError(
            f"problem {index} is {problem!r:.60}; expected text, a Problem or a mapping of columns."
        )
    return reading.item(index, Record(dict(fields), Path(reading.name), index + 1))
