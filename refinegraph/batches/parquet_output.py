"""The output of a batch as a Parquet file, written from its lines at the end of the batch.

Parquet files cannot be appended to. The lines are therefore written first, next to the table, and
an interrupted batch continues with them.
"""

import json
from collections.abc import Iterator, Sequence
from importlib import import_module
from itertools import chain, islice
from pathlib import Path
from typing import Any

from refinegraph.batches.output import FileOutput
from refinegraph.batches.settings import BatchSettings
from refinegraph.errors import InputError
from refinegraph.support.json_text import Json
from refinegraph.support.private_files import touch_private

_SUFFIX = ".parquet"
_ROWS = 1_000
"""Rows held in memory at once, which are a row group of the table."""


class ParquetOutput(FileOutput):
    """A table, and its lines in the file `NAME.jsonl` next to it.

    Raises `InputError` if pyarrow is not installed, and for the same reasons as `FileOutput`.
    """

    def __init__(self, path: Path, settings: BatchSettings, *, resume: bool) -> None:
        _arrow(path)
        self.table = path
        super().__init__(lines_of(path), settings, resume=resume)

    def end(self, *, failed: int) -> None:
        """Write the table."""
        super().end(failed=failed)
        write_parquet(self.path, self.table)


def open_output(path: Path, settings: BatchSettings, *, resume: bool) -> FileOutput:
    """Return the output of a batch in the format that the file name implies."""
    kind = ParquetOutput if path.suffix == _SUFFIX else FileOutput
    return kind(path, settings, resume=resume)


def lines_of(path: Path) -> Path:
    """Return the file of lines behind an output.

    >>> lines_of(Path("answers.parquet")).name, lines_of(Path("answers.jsonl")).name
    ('answers.parquet.jsonl', 'answers.jsonl')
    """
    return path.with_name(f"{path.name}.jsonl") if path.suffix == _SUFFIX else path


def write_parquet(lines: Path, table: Path) -> None:
    """Write JSON lines as a Parquet table, in two passes and with little memory.

    A column becomes JSON text if its values have no common type or contain empty objects.

    Raises `InputError` if pyarrow is not installed or the table cannot be written.
    """
    arrow, parquet = _arrow(table), import_module("pyarrow.parquet")
    columns = _Columns(arrow)
    for rows in _chunks(lines):
        columns.note(rows)
    partial = table.with_name(f"{table.name}.partial")
    try:
        touch_private(partial)
        with parquet.ParquetWriter(partial, columns.schema) as writer:
            for rows in _chunks(lines):
                writer.write_table(columns.table(rows))
        partial.replace(table)
    except OSError as error:
        raise InputError(f"{str(table)!r} cannot be written: {error.strerror or error}.") from None


class _Columns:
    """The columns of a table, each with a type for all of its values."""

    def __init__(self, arrow: Any) -> None:
        self._arrow = arrow
        self._types: dict[str, Any] = {}
        """None for JSON text."""

    @property
    def schema(self) -> Any:
        """The schema of the table."""
        text = self._arrow.string()
        return self._arrow.schema([(name, kind or text) for name, kind in self._types.items()])

    def note(self, rows: Sequence[dict[str, Json]]) -> None:
        """Widen the types by some rows."""
        for name in dict.fromkeys(chain.from_iterable(rows)):
            before = self._types.get(name, self._arrow.null())
            if before is not None:
                self._types[name] = self._widened(before, [row.get(name) for row in rows])

    def table(self, rows: Sequence[dict[str, Json]]) -> Any:
        """Return rows as a table of the schema."""
        values = [self._values(name, rows) for name in self._types]
        return self._arrow.table(values, schema=self.schema)

    def _values(self, name: str, rows: Sequence[dict[str, Json]]) -> Any:
        kind = self._types[name]
        if kind is not None:
            return self._arrow.array([row.get(name) for row in rows], kind)
        texts = [json.dumps(row[name]) if name in row else None for row in rows]
        return self._arrow.array(texts, self._arrow.string())

    def _widened(self, before: Any, values: Sequence[Json]) -> Any:
        """Return a type that also accepts these values, or None if there is none."""
        arrow = self._arrow
        try:
            schemas = [arrow.schema([("x", kind)]) for kind in (before, arrow.infer_type(values))]
            widened = arrow.unify_schemas(schemas, promote_options="permissive").field("x").type
            arrow.array(values, widened)
        except (arrow.ArrowException, OverflowError):
            return None
        return None if _has_empty_object(arrow, widened) else widened


def _has_empty_object(arrow: Any, kind: Any) -> bool:
    """Return whether a type contains objects without fields, which Parquet does not support."""
    if arrow.types.is_struct(kind):
        fields = [kind.field(number).type for number in range(kind.num_fields)]
        return not fields or any(_has_empty_object(arrow, field) for field in fields)
    return bool(arrow.types.is_list(kind)) and _has_empty_object(arrow, kind.value_type)


def _chunks(lines: Path) -> Iterator[tuple[dict[str, Json], ...]]:
    with lines.open(encoding="utf-8") as file:
        rows = map(_row, file)
        while chunk := tuple(islice(rows, _ROWS)):
            yield chunk


def _row(line: str) -> dict[str, Json]:
    """Return the columns of a line; lone surrogates, which UTF-8 cannot encode, are replaced."""
    columns: dict[str, Json] = json.loads(line)
    try:
        json.dumps(columns, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        text = json.dumps(columns, ensure_ascii=False).encode("utf-8", "replace")
        columns = json.loads(text)
    return columns


def _arrow(table: Path) -> Any:
    try:
        return import_module("pyarrow")
    except ImportError:
        raise InputError(
            f"{str(table)!r} is a Parquet file, which needs pyarrow: "
            "pip install 'refinegraph[parquet]'."
        ) from None
