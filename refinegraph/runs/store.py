"""Store finished and unfinished runs in a directory."""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from refinegraph.errors import InputError
from refinegraph.options.config import home
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
"""The number of finished runs to keep; older ones are deleted. The number is a choice."""


class KeptRun(Frozen):
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
        """Return the store in the user's directory."""
        return cls(home() / "runs")

    def begin(self, problem: Problem, settings: RunSettings) -> UnfinishedRun:
        """Start a run that can be resumed; raises `InputError` if it cannot be stored."""
        return UnfinishedRun.begin(self.folder, problem, settings)

    def finish(self, run: UnfinishedRun, result: RefinementResult) -> KeptRun:
        """Store the result of a run and delete the state that was needed to resume it."""
        kept = self.add(run.record.problem, result, id=run.record.id)
        run.forget()
        return kept

    def unfinished(self) -> list[UnfinishedRun]:
        """Return the readable runs that were started but not finished, newest first."""
        runs: list[UnfinishedRun] = []
        for folder in sorted(unfinished_runs(self.folder), reverse=True):
            with suppress(InputError):
                runs.append(UnfinishedRun.read(folder))
        return runs

    def find_unfinished(self, id: str) -> UnfinishedRun:
        """Return an unfinished run by its id, by the start or end of its id, or by `last`.

        Raises:
            InputError: There is no such run, there are several, the run is finished, or it cannot
                be read.
        """
        unfinished = self._unfinished_ids()
        if id == "last" and not unfinished:
            raise InputError("no run is unfinished; `refinegraph runs` lists the stored runs.")
        if id != "last" and not _matching(id, unfinished) and _matching(id, self.ids()):
            raise InputError(f"run {id!r} is finished; look at it with: refinegraph show {id}")
        return UnfinishedRun.read(self.folder / _only(id, unfinished))

    def add(self, problem: Problem, result: RefinementResult, *, id: str | None = None) -> KeptRun:
        """Store a finished run, under a new id unless `id` is passed.

        Raises `InputError` if the directory cannot be written.
        """
        run = KeptRun(id=id or new_run_id(), finished=time.time(), problem=problem, result=result)
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

    def all(self) -> Iterator[KeptRun]:
        """Yield the finished runs that can be read, newest first."""
        for id in self.ids():
            try:
                yield self.get(id)
            except InputError:
                continue

    def get(self, id: str) -> KeptRun:
        """Return a finished run by its id, by the start or end of its id, or by `last`.

        Raises:
            InputError: There is no such run, there are several, the run is not finished, or it
                cannot be read.
        """
        path = self.folder / f"{self._finished(id)}.json"
        try:
            run = KeptRun.model_validate_json(path.read_text(encoding="utf-8"))
            if run.id == path.stem:
                return run
            raise InputError(f"{path} is the record of another run; it is left as it is.")
        except (OSError, UnicodeDecodeError, ValidationError):
            raise InputError(
                f"{path} cannot be read as a run of version {SCHEMA_VERSION}; it is left as it is."
            ) from None

    def remove(self, id: str) -> str:
        """Delete a run, finished or not, and return its full id.

        Raises `InputError` if there is no such run, there are several, or a process is working on
        it.
        """
        folders = {path.name: path for path in unfinished_runs(self.folder)}
        run_id = _only(id, sorted({*folders, *self.ids()}, reverse=True))
        if run_id not in folders:
            (self.folder / f"{run_id}.json").unlink()
            return run_id
        run = UnfinishedRun.read(folders[run_id])
        run.hold()
        run.forget()
        return run_id

    def _finished(self, id: str) -> str:
        finished = self.ids()
        if id != "last" and not _matching(id, finished) and _matching(id, self._unfinished_ids()):
            raise InputError(f"run {id!r} is not finished; resume it with: refinegraph resume {id}")
        return _only(id, finished)

    def _unfinished_ids(self) -> list[str]:
        return sorted((path.name for path in unfinished_runs(self.folder)), reverse=True)

    def _files(self) -> Iterator[Path]:
        return (path for path in self.folder.glob("*.json") if RUN_ID.fullmatch(path.stem))

    def _forget_oldest(self) -> None:
        for id in self.ids()[MOST_RUNS:]:
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
