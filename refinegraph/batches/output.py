"""The output of a batch: one line per problem, written as it finishes and readable after a kill."""

import hashlib
import json
import sys
from array import array
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple, Protocol, cast

from pydantic import ValidationError

from refinegraph.agents.models import CallCache
from refinegraph.batches.records import BatchItem, BatchRecord, BatchReport, json_line
from refinegraph.batches.settings import BatchSettings
from refinegraph.errors import InputError
from refinegraph.evaluation.results_dir import append_line, drop_torn_line
from refinegraph.schema import Usage
from refinegraph.support.json_text import Json, json_text
from refinegraph.support.locking import Locked, lock
from refinegraph.support.private_files import (
    append_private,
    make_private_folder,
    touch_private,
    write_private,
)

_WAVES = "waves.sqlite"
"""Requests that were submitted to the provider's batch interface."""
_SETTINGS, _CALLS, _LOCK, _ENDED = "settings.json", "calls.sqlite", "lock", "ended"


class Line(NamedTuple):
    """A parsed line of an output."""

    text: str
    """The line without its newline."""
    columns: Mapping[str, Json]
    """The columns of the input."""
    report: BatchReport


class Output(Protocol):
    """Stores the outcomes of a batch."""

    def is_done(self, item: BatchItem) -> bool:
        """Return whether a problem was answered by an earlier process."""
        ...

    def add(self, record: BatchRecord) -> None:
        """Write an outcome."""
        ...

    def end(self, *, failed: int) -> None:
        """Mark the output as complete, with its number of errors."""
        ...


class StreamOutput:
    """Lines on a stream such as standard output, which cannot be resumed."""

    def __init__(self, column: str, stream: IO[bytes] | None = None) -> None:
        self._column = column
        self._stream = stream

    def is_done(self, item: BatchItem) -> bool:
        """Return False: a stream cannot be read back."""
        return False

    def add(self, record: BatchRecord) -> None:
        """Write a line immediately, unless the budget cut the run short."""
        if record.error and record.error.kind == "budget":
            return
        stream = self._stream or sys.stdout.buffer
        stream.write(f"{record.line(self._column)}\n".encode())
        stream.flush()

    def end(self, *, failed: int) -> None:
        """Do nothing: a stream has no state to remove."""


class FileOutput:
    """The file of a batch, which one process writes at a time.

    The folder `NAME.state` next to it contains the settings and, until the batch is complete, the
    answers of models for unfinished problems, so that no paid request is repeated.

    A problem with an answer is never solved again. A failed problem has a line as well, which the
    next resumption removes in order to solve the problem again.

    Raises:
        InputError: The file holds results and nothing is to be resumed, it belongs to another
            batch, it cannot be written, or another process writes.
    """

    def __init__(self, path: Path, settings: BatchSettings, *, resume: bool) -> None:
        self.path = path
        self.state = state_folder(path)
        self.done = 0
        """The number of problems that earlier processes answered."""
        self.spent = Usage()
        """The usage of earlier processes."""
        self._settings = settings
        self._is_complete = False
        self._digests = array("Q")
        self._lock: IO[str] | None = None
        try:
            make_private_folder(self.state)
            self._lock = self._locked()
            self._begin(resume=resume)
            self._read_back()
            self.calls = CallCache(self.state / _CALLS)
            self.spent += self.calls.spent()
            (self.state / _ENDED).unlink(missing_ok=True)
            self._file = append_private(path)
        except (OSError, InputError) as error:
            self._unlock()
            if isinstance(error, InputError):
                raise
            raise InputError(f"--out {str(path)!r} cannot be written: {error.strerror}.") from None

    def is_done(self, item: BatchItem) -> bool:
        """Return whether a problem has an answer; raises `InputError` for one that changed."""
        if item.index >= len(self._digests) or not self._digests[item.index]:
            return False
        if self._digests[item.index] != _digest(item.columns):
            raise InputError(
                f"the problem {item.id!r} at position {item.index} of the input is not the one "
                f"that {str(self.path)!r} has an answer to; use the same input, or another --out."
            )
        return True

    def add(self, record: BatchRecord) -> None:
        """Write the outcome of a problem, unless the budget cut it short.

        Raises:
            InputError: The disk is full or the file was removed; what was written before stays.
        """
        if record.error and record.error.kind == "budget":
            return
        try:
            append_line(self._file, record.line(self._settings.column))
        except OSError as error:
            raise InputError(
                f"results cannot be written to {str(self.path)!r} any more: {error.strerror}; what "
                "was written before is kept."
            ) from None
        if record.result:
            self.calls_of(record.index).forget()

    def calls_of(self, index: int) -> CallCache:
        """Return the cache of one problem, which is separate from those of the others."""
        return self.calls.with_namespace(f"{index}:")

    def end(self, *, failed: int) -> None:
        """Mark the output as complete; without errors, the kept answers are deleted on close."""
        touch_private(self.state / _ENDED)
        self._is_complete = not failed

    def close(self) -> None:
        """Close the file and release its lock."""
        self.calls.close()
        if self._is_complete:
            for name in (_CALLS, _WAVES):
                for file in self.state.glob(f"{name}*"):
                    file.unlink(missing_ok=True)
        with suppress(OSError):
            self._file.close()
        self._unlock()

    def _locked(self) -> IO[str]:
        try:
            return lock(self.state / _LOCK)
        except Locked:
            raise InputError(
                f"another process is writing to {str(self.path)!r}; wait for it."
            ) from None

    def _unlock(self) -> None:
        if self._lock:
            self._lock.close()

    def _begin(self, *, resume: bool) -> None:
        begun = (self.state / _SETTINGS).exists()
        if self.path.exists() and not self.path.is_file():
            raise InputError(f"--out {str(self.path)!r} is no file; name one, or - to print.")
        if not begun and self.path.exists() and self.path.stat().st_size:
            raise InputError(f"--out {str(self.path)!r} holds something else; name a new file.")
        if begun and not resume and self._has_answers():
            raise InputError(
                f"--out {str(self.path)!r} holds a batch already; go on with --resume, or name "
                "another file."
            )
        if begun and resume:
            difference = read_settings(self.path).difference(self._settings)
            if difference:
                raise InputError(
                    f"--resume: {str(self.path)!r} was begun {difference}; use the same, or "
                    "another file."
                )
            return
        self.path.unlink(missing_ok=True)
        write_private(self.state / _SETTINGS, [json_text(self._settings, indent=2), "\n"])

    def _has_answers(self) -> bool:
        lines = read_lines(self.path, self._settings.column)
        return any(line.report.error is None for line in lines)

    def _read_back(self) -> None:
        """Read the existing answers, and remove the lines of errors."""
        if not self.path.exists():
            return
        drop_torn_line(self.path)
        errors = 0
        for line in read_lines(self.path, self._settings.column):
            errors += line.report.error is not None
            if line.report.error is None:
                self._note(line)
        if errors:
            write_private(self.path, self._answers())

    def _note(self, line: Line) -> None:
        index = line.report.index
        if index >= len(self._digests):
            self._digests.frombytes(bytes(8 * (index + 1 - len(self._digests))))
        if not self._digests[index]:
            self.done += 1
            self.spent += line.report.usage.usage
        self._digests[index] = _digest(line.columns)

    def _answers(self) -> Iterator[str]:
        for line in read_lines(self.path, self._settings.column):
            if line.report.error is None:
                yield line.text + "\n"


def state_folder(path: Path) -> Path:
    """Return the folder with the state of a batch, next to its output."""
    return path.with_name(f"{path.name}.state")


def has_ended(path: Path) -> bool:
    """Return whether every problem of a batch has its line."""
    return (state_folder(path) / _ENDED).exists()


def mark_whole(path: Path, settings: BatchSettings, *, ended: bool) -> None:
    """Convert a file of lines to the output of a batch with these settings."""
    make_private_folder(state_folder(path))
    write_private(state_folder(path) / _SETTINGS, [json_text(settings, indent=2), "\n"])
    if ended:
        touch_private(state_folder(path) / _ENDED)


def read_settings(path: Path) -> BatchSettings:
    """Return the settings of a batch; raises `InputError` if the file is not its output."""
    file = state_folder(path) / _SETTINGS
    try:
        return BatchSettings.model_validate_json(file.read_text(encoding="utf-8"))
    except (ValidationError, OSError, UnicodeDecodeError):
        raise InputError(
            f"{file} cannot be read as the settings of a batch by this version; name the output of "
            "`refinegraph batch` with its folder beside it."
        ) from None


def read_lines(path: Path, column: str) -> Iterator[Line]:
    """Yield the complete lines of an output; raises `InputError` for an invalid line."""
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for number, text in enumerate(file, 1):
            if not text.endswith("\n"):
                return
            yield parse_line(text, column, f"{path}, line {number}")


def parse_line(text: str, column: str, place: str) -> Line:
    """Parse a line; raises an `InputError` with its place if it is invalid."""
    try:
        columns = cast("dict[str, Json]", json.loads(text))
        report = BatchReport.model_validate(columns.pop(column))
    except (ValueError, KeyError, AttributeError, TypeError):
        raise InputError(
            f"{place} is no line of a batch: there is no report in a column {column!r}."
        ) from None
    return Line(text.rstrip("\n"), columns, report)


def _digest(columns: Mapping[str, Json]) -> int:
    """Return a hash of a record that is never 0."""
    digest = hashlib.blake2b(json_line(columns).encode(), digest_size=8).digest()
    return int.from_bytes(digest, sys.byteorder) or 1
