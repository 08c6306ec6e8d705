"""Read records from JSON files, with their positions for error messages.

A record that cannot be read is returned as a `BadRecord`, so that reading can continue after it. An
error that makes the whole file unreadable is raised as an `InputError`.
"""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple, cast

from refinegraph.errors import InputError
from refinegraph.support.json_text import Json

_GZIP_MAGIC = b"\x1f\x8b"
_PARQUET_MAGIC = b"PAR1"
LONGEST_LINE = 256 * 1024 * 1024
"""In bytes. The longest records known, LiveCodeBench's with private tests, take tens of megabytes.
The limit is needed because a few kilobytes of gzip can unpack to a line of any length."""
LARGEST_ARRAY = 1024 * 1024 * 1024
"""In bytes. A JSON array is kept in memory as a whole, several times over while it is parsed."""


class Record(NamedTuple):
    """One JSON object of a file."""

    fields: dict[str, Json]
    file: Path
    line: int
    """The line of the record; in a JSON array its position. Counted from 1."""

    @property
    def place(self) -> str:
        """The file and the line, for error messages."""
        return f"{self.file}, line {self.line}"


class BadRecord(NamedTuple):
    """A record that was left out."""

    file: Path
    line: int
    """The line of the record; in a JSON array its position. Counted from 1."""
    reason: str
    """One sentence that names the file and the line."""
    id: str | None = None
    """The problem's id, or None if it could not be read."""


def read_records(
    file: Path, *, longest_line: int = LONGEST_LINE, largest_array: int = LARGEST_ARRAY
) -> Iterator[Record | BadRecord]:
    """Read the records of a file of JSON lines, of a JSON array, or of Parquet.

    JSON files may be compressed with gzip. Lines and arrays beyond the limits are not kept in
    memory.

    Raises:
        InputError: The file does not exist, is a directory, cannot be opened, or is empty (raised
            at once); or it is a damaged archive or array (raised when reading gets there).
    """
    if file.is_dir():
        raise InputError(f"{file} is a directory; expected a dataset file such as humaneval.jsonl.")
    try:
        with file.open("rb") as raw:
            magic = raw.read(4)
    except FileNotFoundError:
        raise InputError(
            f"There is no file {str(file)!r}; check the path of the dataset."
        ) from None
    except OSError as error:
        raise InputError(f"{file} cannot be opened: {error.strerror}.") from None
    if not magic:
        raise InputError(f"{file} is empty; expected one JSON object per line.")
    if magic == _PARQUET_MAGIC:
        from refinegraph.datasets.parquet import read_parquet

        return read_parquet(file)
    compressed = magic.startswith(_GZIP_MAGIC)
    return _Reader(file, longest_line, largest_array).read(compressed=compressed)


def read_stream(
    stream: IO[bytes], name: str, *, longest_line: int = LONGEST_LINE
) -> Iterator[Record | BadRecord]:
    """Read JSON lines or a JSON array from an open stream, such as standard input.

    Records are returned as they arrive; `name` names the stream in error messages. Raises
    `InputError` when the stream can no longer be read.
    """
    return _Reader(Path(name), longest_line, LARGEST_ARRAY).read_open(stream)


def stem_of(file: Path) -> str:
    """Return the prefix for the ids of problems that have no id of their own."""
    return file.name.partition(".")[0] or "problem"


class _Reader:
    def __init__(self, file: Path, longest_line: int, largest_array: int) -> None:
        self._file = file
        self._longest_line = longest_line
        self._largest_array = largest_array

    def read(self, *, compressed: bool) -> Iterator[Record | BadRecord]:
        try:
            with self._open(compressed) as stream:
                yield from self._records(stream)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InputError(f"{self._file} is a damaged gzip file: {error}.") from None
        except OSError as error:
            raise self._unreadable(error) from None

    def read_open(self, stream: IO[bytes]) -> Iterator[Record | BadRecord]:
        try:
            yield from self._records(stream)
        except OSError as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: OSError) -> InputError:
        return InputError(f"{self._file} cannot be read: {error.strerror or error}.")

    def _open(self, compressed: bool) -> IO[bytes]:
        if compressed:
            return cast(IO[bytes], gzip.open(self._file, "rb"))
        return self._file.open("rb")

    def _records(self, stream: IO[bytes]) -> Iterator[Record | BadRecord]:
        empty = True
        for number, raw in self._lines(stream):
            if raw is not None and empty and _without_mark(raw).startswith(b"["):
                yield from self._array(number, raw, stream)
                return
            if raw is None or _without_mark(raw):
                empty = False
                yield self._record(number, raw)

    def _lines(self, stream: IO[bytes]) -> Iterator[tuple[int, bytes | None]]:
        """Yield the lines with their numbers, or None for a line that is too long."""
        number = 0
        while raw := stream.readline(self._longest_line + 1):
            number += 1
            if len(raw) <= self._longest_line:
                yield number, raw
                continue
            while not raw.endswith(b"\n") and (raw := stream.readline(1 << 20)):
                pass
            yield number, None

    def _record(self, number: int, raw: bytes | None) -> Record | BadRecord:
        try:
            if raw is None:
                raise self._error(
                    number, f"is longer than {self._longest_line:,} bytes; it was not read."
                )
            return self._object(number, self._parse(number, self._decode(number, raw)))
        except InputError as error:
            return BadRecord(self._file, number, str(error))

    def _array(self, number: int, first: bytes, stream: IO[bytes]) -> Iterator[Record | BadRecord]:
        raw = first + stream.read(self._largest_array)
        if stream.read(1):
            raise InputError(
                f"{self._file} is a JSON array of more than {self._largest_array:,} bytes, which "
                "would have to fit in memory as a whole; write one JSON object per line."
            )
        values = self._parse(number, self._decode(number, raw))
        if not isinstance(values, list):
            raise self._not_an_object(number, values)
        for position, value in enumerate(values, 1):
            try:
                yield self._object(position, value)
            except InputError as error:
                yield BadRecord(self._file, position, str(error))

    def _decode(self, number: int, raw: bytes) -> str:
        try:
            return _without_mark(raw).decode()
        except UnicodeDecodeError:
            pass
        try:
            raw.decode()
        except UnicodeDecodeError as error:
            byte = raw[error.start : error.start + 1]
            raise self._error(
                number,
                f"is not UTF-8 text (byte {byte!r} at {error.start}); expected JSON lines, plain "
                "or compressed with gzip.",
            ) from None
        raise AssertionError("unreachable: a byte order mark does not change what decodes")

    def _parse(self, number: int, text: str) -> Json:
        try:
            value: Json = json.loads(text)
        except json.JSONDecodeError as error:
            raise self._error(
                number + error.lineno - 1,
                f"is not JSON: {error.msg} at column {error.colno}, in "
                f"{_excerpt(text, error.pos)!r}; expected one JSON object per line.",
            ) from None
        except RecursionError:
            raise self._error(number, "is nested too deeply to be read.") from None
        except ValueError as error:
            raise self._error(number, f"cannot be read: {error}.") from None
        return value

    def _object(self, number: int, value: Json) -> Record:
        if not isinstance(value, dict):
            raise self._not_an_object(number, value)
        return Record(value, self._file, number)

    def _not_an_object(self, number: int, value: Json) -> InputError:
        shown = json.dumps(value)[:60]
        return self._error(number, f"is {shown!r}; expected a JSON object with fields.")

    def _error(self, number: int, problem: str) -> InputError:
        return InputError(f"{self._file}, line {number} {problem}")


def _without_mark(raw: bytes) -> bytes:
    """Return a line without surrounding whitespace and without a byte order mark.

    Files concatenated from several others have such marks in the middle.
    """
    return raw.strip().removeprefix(b"\xef\xbb\xbf").strip()


def _excerpt(text: str, position: int) -> str:
    return text[max(0, position - 20) : position + 20].strip()
