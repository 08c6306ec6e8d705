"""The folder in which finished runs are kept, newest first."""

import os
import re
import secrets
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from refinegraph.errors import InputError
from refinegraph.json_text import json_text
from refinegraph.schema import SCHEMA_VERSION, Frozen, Problem, RefinementResult

MOST_RUNS = 500
"""Older ones are forgotten beyond this number."""
_ID = re.compile(r"^\d{8}-\d{6}-[0-9a-f]{6}$")


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

    def add(self, problem: Problem, result: RefinementResult) -> KeptRun:
        """Keep a run under a new id; raises `InputError` where the folder cannot be written."""
        now = time.time()
        id = f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(now))}-{secrets.token_hex(3)}"
        run = KeptRun(id=id, finished=now, problem=problem, result=result)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._write(run)
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
        path = self.folder / f"{self._find(id)}.json"
        try:
            return KeptRun.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, ValidationError):
            raise InputError(
                f"{path} cannot be read as a run of version {SCHEMA_VERSION}; it is left as it is."
            ) from None

    def remove(self, id: str) -> str:
        """Forget a run and return its id; raises `InputError` where there is none."""
        found = self._find(id)
        (self.folder / f"{found}.json").unlink()
        return found

    def _find(self, id: str) -> str:
        known = self.ids()
        if id == "last" and known:
            return known[0]
        found = [each for each in known if each == id or each.endswith(id) or each.startswith(id)]
        if len(found) == 1:
            return found[0]
        if len(found) > 1:
            raise InputError(f"{id!r} is {len(found)} runs; say more of it.")
        hint = f"the last one is {known[0]!r}." if known else "none is kept yet."
        raise InputError(f"there is no run {id!r}; {hint}")

    def _files(self) -> Iterator[Path]:
        return (path for path in self.folder.glob("*.json") if _ID.match(path.stem))

    def _write(self, run: KeptRun) -> None:
        with tempfile.NamedTemporaryFile(
            "w", dir=self.folder, suffix=".part", delete=False, encoding="utf-8"
        ) as file:
            file.write(json_text(run))
        os.replace(file.name, self.folder / f"{run.id}.json")

    def _forget_oldest(self) -> None:
        for id in self.ids()[MOST_RUNS:]:
            (self.folder / f"{id}.json").unlink(missing_ok=True)
