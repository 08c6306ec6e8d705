"""The folder in which runs are kept, newest first."""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from refinegraph.errors import InputError
from refinegraph.options.config import find_setting, home
from refinegraph.runs.unfinished import (
    RUN_ID,
    RunSettings,
    UnfinishedRun,
    new_run_id,
    unfinished_runs,
)
from refinegraph.schema import SCHEMA_VERSION, Frozen, Problem, RefinementResult
from refinegraph.support.json_text import json_text
from refinegraph.support.private_files import make_private_folder, write_private

MOST_RUNS = 500
"""Older ones are forgotten beyond this number."""


class KeptRun(Frozen):
    """A run with its problem. Hidden tests and keys are no part of it."""

    id: str
    finished: float
    """Seconds since 1970."""
    problem: Problem
    result: RefinementResult


class RunStore:
    """Runs as files in a folder: written whole or not at all, read as data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of_user(cls) -> "RunStore":
        """Return the runs of this user, or of the team whose database the setting `store` names."""
        setting = find_setting("store")
        if setting is None:
            return cls(home() / "runs")
        from refinegraph.runs.postgres_store import PostgresRunStore

        return PostgresRunStore(setting.value)

    def begin(self, problem: Problem, settings: RunSettings) -> UnfinishedRun:
        """Begin a run that can be gone on with; raises `InputError` where it cannot be kept."""
        return UnfinishedRun.begin(self.folder, problem, settings)

    def finish(self, run: UnfinishedRun, result: RefinementResult) -> KeptRun:
        """Keep how a run ended in the place of what it went on from."""
        kept = self.add(run.record.problem, result, id=run.record.id)
        run.forget()
        return kept

    def unfinished(self) -> list[UnfinishedRun]:
        """Return the runs that were begun and not finished, newest first; unreadable ones not."""
        found: list[UnfinishedRun] = []
        for id in self._begun():
            with suppress(InputError):
                found.append(self._unfinished(id))
        return found

    def find_unfinished(self, id: str) -> UnfinishedRun:
        """Return an unfinished run by its id, a part of it, or `last`.

        Raises:
            InputError: Where there is none, it is finished, or it cannot be read.
        """
        known = self._begun()
        if id == "last" and not known:
            raise InputError("no run is unfinished; `refinegraph runs` lists those that are kept.")
        if id != "last" and not _matching(id, known) and _matching(id, self.ids()):
            raise InputError(f"run {id!r} is finished; look at it with: refinegraph show {id}")
        return self._unfinished(_only(id, known))

    def add(self, problem: Problem, result: RefinementResult, *, id: str | None = None) -> KeptRun:
        """Keep a run that ended, under a new id unless it has one.

        Raises `InputError` where the folder cannot be written.
        """
        run = KeptRun(id=id or new_run_id(), finished=time.time(), problem=problem, result=result)
        try:
            make_private_folder(self.folder)
            write_private(self.folder / _file_name(run.id), [json_text(run)])
            self._forget_oldest()
        except OSError as error:
            raise InputError(
                f"the run cannot be kept in {str(self.folder)!r}: {error.strerror}; set "
                "REFINEGRAPH_HOME to another folder."
            ) from None
        return run

    def ids(self) -> list[str]:
        """Return the ids that there are, newest first."""
        if not self.folder.is_dir():
            return []
        return sorted((path.stem for path in self._files()), reverse=True)

    def all(self) -> Iterator[KeptRun]:
        """Yield the runs that can be read, newest first."""
        for id in self.ids():
            try:
                yield self.get(id)
            except InputError:
                continue

    def get(self, id: str) -> KeptRun:
        """Return a run by its id, by the end of it, or the last one by `last`.

        Raises:
            InputError: Where there is none, more than one, or it cannot be read.
        """
        return self._kept(self._finished(id))

    def remove(self, id: str) -> str:
        """Forget a run, finished or not, and return its id.

        Raises `InputError` where there is none, or a process is at work on it.
        """
        begun = self._begun()
        found = _only(id, sorted({*begun, *self.ids()}, reverse=True))
        if found not in begun:
            self._delete(found)
            return found
        run = self._unfinished(found)
        run.hold()
        run.forget()
        return found

    def _finished(self, id: str) -> str:
        begun, known = self._begun(), self.ids()
        if id != "last" and not _matching(id, known) and _matching(id, begun):
            raise InputError(f"run {id!r} is not finished; go on with: refinegraph resume {id}")
        return _only(id, known)

    def _begun(self) -> list[str]:
        """Return the ids of the runs that are not finished, newest first."""
        return sorted((path.name for path in unfinished_runs(self.folder)), reverse=True)

    def _unfinished(self, id: str) -> UnfinishedRun:
        """Return a run that is not finished; raises `InputError` where it cannot be read."""
        return UnfinishedRun.read(self.folder / id)

    def _kept(self, id: str) -> KeptRun:
        """Return a finished run; raises `InputError` where it cannot be read."""
        path = self.folder / f"{id}.json"
        try:
            run = KeptRun.model_validate_json(path.read_text(encoding="utf-8"))
            if run.id == path.stem:
                return run
            raise InputError(f"{path} is the record of another run; it is left as it is.")
        except (OSError, UnicodeDecodeError, ValidationError):
            raise InputError(
                f"{path} cannot be read as a run of version {SCHEMA_VERSION}; it is left as it is."
            ) from None

    def _delete(self, id: str) -> None:
        """Forget a finished run."""
        (self.folder / f"{id}.json").unlink()

    def _files(self) -> Iterator[Path]:
        return (path for path in self.folder.glob("*.json") if RUN_ID.fullmatch(path.stem))

    def _forget_oldest(self) -> None:
        for id in self.ids()[MOST_RUNS:]:
            (self.folder / f"{id}.json").unlink(missing_ok=True)


def _file_name(id: str) -> str:
    """Return the file of a run; raises `InputError` for an id that could be another path."""
    if not RUN_ID.fullmatch(id):
        raise InputError(f"{id!r} is not the id of a run; expected one like {new_run_id()!r}.")
    return f"{id}.json"


def _only(id: str, known: Sequence[str]) -> str:
    if id == "last" and known:
        return known[0]
    found = _matching(id, known)
    if len(found) == 1:
        return found[0]
    if len(found) > 1:
        raise InputError(f"{id!r} is {len(found)} runs; say more of it.")
    hint = f"the last one is {known[0]!r}." if known else "none is kept yet."
    raise InputError(f"there is no run {id!r}; {hint}")


def _matching(id: str, known: Sequence[str]) -> list[str]:
    return [each for each in known if each == id or each.endswith(id) or each.startswith(id)]
