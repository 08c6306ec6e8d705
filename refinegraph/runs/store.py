"""Store finished and unfinished runs in a directory."""

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

MAX_RUNS = 500
"""The number of finished runs to keep; older ones are deleted. The number is a choice."""


class StoredRun(Frozen):
    """A finished run with its problem, without hidden tests and API keys."""

    id: str
    finished: float
    """Seconds since 1970."""
    problem: Problem
    result: RefinementResult


class RunStore:
    """Stores runs as files in a directory.

    Files are written atomically and contain only data, so that reading them runs no code.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of_user(cls) -> "RunStore":
        """Return the user's store, or that of the team whose database the setting `store` names."""
        setting = find_setting("store")
        if setting is None:
            return cls(home() / "runs")
        from refinegraph.runs.postgres_store import PostgresRunStore

        return PostgresRunStore(setting.value)

    def begin(self, problem: Problem, settings: RunSettings) -> UnfinishedRun:
        """Start a run that can be resumed; raises `InputError` if it cannot be stored."""
        return UnfinishedRun.begin(self.folder, problem, settings)

    def finish(self, run: UnfinishedRun, result: RefinementResult) -> StoredRun:
        """Store the result of a run and delete the state that was needed to resume it."""
        kept = self.add(run.record.problem, result, id=run.record.id)
        run.forget()
        return kept

    def unfinished(self) -> list[UnfinishedRun]:
        """Return the readable runs that were started but not finished, newest first."""
        runs: list[UnfinishedRun] = []
        for id in self._begun():
            with suppress(InputError):
                runs.append(self._unfinished(id))
        return runs

    def find_unfinished(self, id: str) -> UnfinishedRun:
        """Return an unfinished run by its id, by the start or end of its id, or by `last`.

        Raises:
            InputError: There is no such run, there are several, the run is finished, or it cannot
                be read.
        """
        known = self._begun()
        if id == "last" and not known:
            raise InputError("no run is unfinished; `refinegraph runs` lists the stored runs.")
        if id != "last" and not _matching(id, known) and _matching(id, self.ids()):
            raise InputError(f"run {id!r} is finished; look at it with: refinegraph show {id}")
        return self._unfinished(_only(id, known))

    def add(
        self, problem: Problem, result: RefinementResult, *, id: str | None = None
    ) -> StoredRun:
        """Store a finished run, under a new id unless `id` is passed.

        Raises `InputError` if the directory cannot be written.
        """
        run = StoredRun(id=id or new_run_id(), finished=time.time(), problem=problem, result=result)
        try:
            make_private_folder(self.folder)
            write_private(self.folder / _file_name(run.id), [json_text(run)])
            self._forget_oldest()
        except OSError as error:
            raise InputError(
                f"the run cannot be kept in {str(self.folder)!r}: {error.strerror}; set "
                "REFINEGRAPH_HOME to another directory."
            ) from None
        return run

    def ids(self) -> list[str]:
        """Return the ids of the finished runs, newest first."""
        if not self.folder.is_dir():
            return []
        return sorted((path.stem for path in self._files()), reverse=True)

    def all(self) -> Iterator[StoredRun]:
        """Yield the finished runs that can be read, newest first."""
        for id in self.ids():
            try:
                yield self.get(id)
            except InputError:
                continue

    def get(self, id: str) -> StoredRun:
        """Return a finished run by its id, by the start or end of its id, or by `last`.

        Raises:
            InputError: There is no such run, there are several, the run is not finished, or it
                cannot be read.
        """
        return self._kept(self._finished(id))

    def remove(self, id: str) -> str:
        """Delete a run, finished or not, and return its full id.

        Raises `InputError` if there is no such run, there are several, or a process is working on
        it.
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
            raise InputError(f"run {id!r} is not finished; resume it with: refinegraph resume {id}")
        return _only(id, known)

    def _begun(self) -> list[str]:
        """Return the ids of the runs that are not finished, newest first."""
        return sorted((path.name for path in unfinished_runs(self.folder)), reverse=True)

    def _unfinished(self, id: str) -> UnfinishedRun:
        """Return an unfinished run; raises `InputError` if it cannot be read."""
        return UnfinishedRun.read(self.folder / id)

    def _kept(self, id: str) -> StoredRun:
        """Return a finished run; raises `InputError` if it cannot be read."""
        path = self.folder / f"{id}.json"
        try:
            run = StoredRun.model_validate_json(path.read_text(encoding="utf-8"))
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
        for id in self.ids()[MAX_RUNS:]:
            (self.folder / f"{id}.json").unlink(missing_ok=True)


def _file_name(id: str) -> str:
    """Return the file name of a run; raises `InputError` if the id could be another path."""
    if not RUN_ID.fullmatch(id):
        raise InputError(f"{id!r} is not the id of a run; expected one like {new_run_id()!r}.")
    return f"{id}.json"


def _only(id: str, run_ids: Sequence[str]) -> str:
    if id == "last" and run_ids:
        return run_ids[0]
    matches = _matching(id, run_ids)
    if len(matches) == 1:
        return matches[0]
    if len(matches) > 1:
        raise InputError(f"{id!r} matches {len(matches)} runs; use more of the id.")
    hint = f"the last one is {run_ids[0]!r}." if run_ids else "no runs are stored yet."
    raise InputError(f"there is no run {id!r}; {hint}")


def _matching(id: str, run_ids: Sequence[str]) -> list[str]:
    return [run_id for run_id in run_ids if run_id.startswith(id) or run_id.endswith(id)]
