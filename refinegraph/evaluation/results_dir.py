"""The results folder of an evaluation: appended as runs end, and safe against kills."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, TypeVar

from pydantic import BaseModel, ValidationError

from refinegraph.errors import InputError
from refinegraph.evaluation.failures import Failed
from refinegraph.evaluation.records import ResultLine, RunKey, RunLine
from refinegraph.evaluation.settings import EvaluationSettings
from refinegraph.schema import Usage
from refinegraph.support.json_text import json_text, whole_characters
from refinegraph.support.locking import Locked, lock
from refinegraph.support.private_files import (
    append_private,
    make_private_folder,
    touch_private,
    write_private,
)

RESULTS, RUNS, SETTINGS = "results.jsonl", "runs.jsonl", "settings.json"
ENDED = "ended"
"""A marker file that exists once every requested run has a result or an error."""
CALLS = "calls.sqlite"
"""Model answers, cached until the evaluation is complete so that none is paid for twice."""


Line = TypeVar("Line", bound=BaseModel)


class EvaluationFolder:
    """The folder that an evaluation writes to. Only one process may write at a time.

    A run with a result is never repeated. A run that ended with an error has a line too; the next
    `--resume` removes the line and repeats the run.

    Raises:
        InputError: The folder holds results and `resume` is false, it belongs to another
            evaluation, it cannot be written, or another process is writing to it.
    """

    def __init__(self, path: Path, settings: EvaluationSettings, *, resume: bool) -> None:
        self.path = path
        self._lock: IO[str] | None = None
        self._done: set[RunKey] = set()
        self.spent = Usage()
        """The total cost of the runs with a result."""
        try:
            make_private_folder(path)
            self._lock = _locked(path)
            self._begin(settings, resume=resume)
            for line in self._kept():
                self._done.add(line.key)
                self.spent += _usage_of(line)
            (path / ENDED).unlink(missing_ok=True)
            self._results = append_private(path / RESULTS)
            self._runs = append_private(path / RUNS)
        except OSError as error:
            self._unlock()
            raise InputError(f"--out {str(path)!r} cannot be written: {error.strerror}.") from None
        except InputError:
            self._unlock()
            raise

    def is_done(self, key: RunKey) -> bool:
        """Return whether a run has a result."""
        return _as_written(key) in self._done

    def add(self, outcome: RunLine | Failed) -> None:
        """Write the outcome of a run; a run cut short by the budget leaves no trace.

        The whole run is written before its result line, which makes it count.

        Raises:
            InputError: The disk is full or the folder was removed. Earlier lines are kept.
        """
        try:
            if isinstance(outcome, RunLine):
                append_line(self._runs, json_text(outcome))
                self._done.add(_as_written(outcome.key))
            if isinstance(outcome, RunLine) or not outcome.by_budget:
                append_line(self._results, json_text(outcome.line))
        except OSError as error:
            raise InputError(
                f"results cannot be written to {str(self.path)!r} any more: {error.strerror}; what "
                "was written before is kept."
            ) from None

    def forget_calls(self) -> None:
        """Remove the cached answers, which only unfinished runs need."""
        for file in self.path.glob(f"{CALLS}*"):
            file.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the files and release the lock."""
        for file in (self._results, self._runs):
            with suppress(OSError):
                file.close()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock:
            self._lock.close()

    def _begin(self, settings: EvaluationSettings, *, resume: bool) -> None:
        file = self.path / SETTINGS
        if not file.exists() and (self.path / RESULTS).exists():
            raise InputError(f"--out {str(self.path)!r} holds other results; name a new one.")
        if not file.exists() or not (resume or self._has_results()):
            self._start_over(settings)
            return
        if not resume:
            raise InputError(
                f"--out {str(self.path)!r} holds an evaluation already; go on with --resume, or "
                "name another folder."
            )
        difference = read_settings(self.path).difference(settings)
        if difference:
            raise InputError(
                f"--resume: {str(self.path)!r} was begun {difference}; use the same, or another "
                "folder."
            )

    def _has_results(self) -> bool:
        return any(line.error is None for line in read_results(self.path))

    def _start_over(self, settings: EvaluationSettings) -> None:
        """Begin an evaluation in a folder without results, keeping any cached answers."""
        write_private(self.path / SETTINGS, [json_text(settings, indent=2), "\n"])
        for name in (RESULTS, RUNS):
            (self.path / name).unlink(missing_ok=True)

    def _kept(self) -> Iterator[ResultLine]:
        for name in (RESULTS, RUNS):
            drop_torn_line(self.path / name)
        _drop_errors(self.path / RESULTS)
        yield from read_results(self.path)


def _usage_of(line: ResultLine) -> Usage:
    usage = line.usage
    return Usage(
        llm_calls=usage.llm_calls,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        priced_usd=usage.cost_usd or 0.0,
        unpriced_calls=usage.llm_calls if usage.cost_usd is None else 0,
    )


def mark_ended(folder: Path) -> None:
    """Record that every requested run has a result or an error."""
    touch_private(folder / ENDED)


def has_ended(folder: Path) -> bool:
    """Return whether every requested run has a result or an error."""
    return (folder / ENDED).exists()


def read_settings(folder: Path) -> EvaluationSettings:
    """Read the settings of an evaluation; raises `InputError` if they cannot be read."""
    file = folder / SETTINGS
    try:
        return EvaluationSettings.model_validate_json(file.read_text(encoding="utf-8"))
    except (ValidationError, OSError, UnicodeDecodeError):
        raise InputError(
            f"{file} cannot be read as the settings of an evaluation by this version; use the "
            "version that began it, or another folder."
        ) from None


def read_results(folder: Path) -> Iterator[ResultLine]:
    """Read the result lines of a folder, including errors.

    Raises `InputError` with file and line for one that cannot be read.
    """
    yield from _read(folder / RESULTS, ResultLine)


def read_runs(folder: Path) -> Iterator[RunLine]:
    """Read the runs that count, keeping the last record of a run that was written twice."""
    counted = {line.key for line in read_results(folder) if line.error is None}
    last = {run.key: place for place, run in _numbered(folder)}
    for place, run in _numbered(folder):
        if run.key in counted and last[run.key] == place:
            yield run


def _numbered(folder: Path) -> Iterator[tuple[int, RunLine]]:
    return enumerate(_read(folder / RUNS, RunLine))


def _read(path: Path, kind: type[Line]) -> Iterator[Line]:
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith("\n"):
                return
            try:
                yield kind.model_validate_json(line)
            except ValidationError as error:
                reason = error.errors()[0]["msg"]
                raise InputError(f"{path}, line {number} is no result: {reason}.") from None


def append_line(file: IO[str], line: str) -> None:
    """Write and flush a line; raises `OSError` if that fails or the file was removed."""
    file.write(line + "\n")
    file.flush()
    if os.fstat(file.fileno()).st_nlink == 0:
        raise FileNotFoundError(2, "the file was removed")


def _as_written(key: RunKey) -> RunKey:
    """Return a key in the form in which it is read back."""
    problem_id, strategy = key
    return whole_characters(problem_id), strategy


def _drop_errors(path: Path) -> None:
    """Remove the lines of failed runs, which are about to be repeated."""
    if not path.exists():
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not json.loads(line).get("error")]
    if len(kept) < len(lines):
        write_private(path, kept)


def drop_torn_line(path: Path) -> None:
    """Truncate an incomplete last line, left by a killed process."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        end = file.seek(0, os.SEEK_END)
        keep = end
        while keep:
            start = max(0, keep - 65_536)
            file.seek(start)
            found = file.read(keep - start).rfind(b"\n")
            if found >= 0:
                keep = start + found + 1
                break
            keep = start
        if keep < end:
            file.truncate(keep)


def _locked(path: Path) -> IO[str]:
    try:
        return lock(path / ".lock")
    except Locked:
        raise InputError(f"another process is writing to {str(path)!r}; wait for it.") from None
