"""Records out of JSON files, each with its place for the messages about it."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from refinegraph.errors import InputError
from refinegraph.json_values import Json

_GZIP_MAGIC = b"\x1f\x8b"


class Record(NamedTuple):
    """One JSON object of a file."""

    fields: dict[str, Json]
    file: Path
    line: int
    """In a JSON array its position, counted from 1."""

    @property
    def place(self) -> str:
        """Where it stands, for a message."""
        return f"{self.file}, line {self.line}"


def read_records(file: Path) -> Iterator[Record]:
    """Open a file of JSON lines or a JSON array, compressed or not, and read it record by record.

    Raises:
        InputError: There is no such file, it is a folder, it can not be opened, or it is empty
            (at once); it is not UTF-8, not JSON, or damaged (where reading arrives there).
    """
    if file.is_dir():
        raise InputError(f"{file} is a folder; expected a data set file such as humaneval.jsonl.")
    try:
        with file.open("rb") as raw:
            magic = raw.read(2)
    except FileNotFoundError:
        raise InputError(
            f"There is no file {str(file)!r}; check the path of the data set."
        ) from None
    except OSError as error:
        raise InputError(f"{file} can not be opened: {error.strerror}.") from None
    if not magic:
        raise InputError(f"{file} is empty; expected one JSON object a line.")
    return _records(file, compressed=magic == _GZIP_MAGIC)


def _records(file: Path, *, compressed: bool) -> Iterator[Record]:
    try:
        with gzip.open(file, "rb") if compressed else file.open("rb") as stream:
            yield from _from_lines(file, iter(stream))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{file} is a damaged gzip file: {error}.") from None
    except OSError as error:
        raise InputError(f"{file} can not be read: {error.strerror or error}.") from None


def _from_lines(file: Path, stream: Iterator[bytes]) -> Iterator[Record]:
    for number, raw in enumerate(stream, 1):
        line = _decoded(file, number, raw)
        if not line.strip():
            continue
        if line.lstrip().startswith("["):
            yield from _from_array(file, number, line + _rest(file, number, stream))
            return
        yield _record(file, number, _parsed(file, number, line))


def _rest(file: Path, number: int, stream: Iterator[bytes]) -> str:
    lines = (_decoded(file, later, raw) for later, raw in enumerate(stream, number + 1))
    return "".join(lines)


def _from_array(file: Path, first: int, text: str) -> Iterator[Record]:
    whole = _parsed(file, first, text)
    if not isinstance(whole, list):
        raise _not_an_object(file, first, whole)
    for position, value in enumerate(whole, 1):
        yield _record(file, position, value)


def _decoded(file: Path, number: int, raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        byte = raw[error.start : error.start + 1]
        raise InputError(
            f"{file}, line {number} is not UTF-8 text (byte {byte!r} at {error.start}); expected "
            "JSON lines, plain or compressed with gzip."
        ) from None


def _parsed(file: Path, number: int, text: str) -> Json:
    try:
        value: Json = json.loads(text.rstrip())
    except json.JSONDecodeError as error:
        line = number + error.lineno - 1
        raise InputError(
            f"{file}, line {line} is not JSON: {error.msg} at column {error.colno}, in "
            f"{_excerpt(text, error.pos)!r}; expected one JSON object a line."
        ) from None
    except RecursionError:
        raise InputError(f"{file}, line {number} is nested too deeply to be read.") from None
    except ValueError as error:
        raise InputError(f"{file}, line {number} can not be read: {error}.") from None
    return value


def _excerpt(text: str, position: int) -> str:
    return text[max(0, position - 20) : position + 20].strip()


def _record(file: Path, number: int, value: Json) -> Record:
    if not isinstance(value, dict):
        raise _not_an_object(file, number, value)
    return Record(value, file, number)


def _not_an_object(file: Path, number: int, value: Json) -> InputError:
    shown = json.dumps(value)[:60]
    return InputError(f"{file}, line {number} is {shown!r}; expected a JSON object with fields.")
