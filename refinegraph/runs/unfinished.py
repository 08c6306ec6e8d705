"""Runs under way, on disk: how they were asked for, their checkpoints, their answers, a lock."""

import json
import re
import secrets
import shutil
import sqlite3
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from refinegraph.errors import InputError
from refinegraph.options import RunOptions
from refinegraph.schema import SCHEMA_VERSION, Frozen, Problem
from refinegraph.support.json_text import json_text
from refinegraph.support.locking import Locked, is_locked, lock
from refinegraph.support.private_files import make_private_folder, touch_private, write_private

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from refinegraph.agents.models import CallCache


_RECORD, _STATE, _CALLS, _LOCK = "run.json", "state.sqlite", "calls.sqlite", "lock"


RunSettings = RunOptions
"""How a run was asked for; a key is never part of it."""
RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
"""What the id of a run looks like. Ids become file names, so nothing else is taken for one."""


_READABLE = (1,)
"""Older versions whose records read the same. Their checkpoints do not, so such a run begins again;
answers that were paid for are in its cache."""


class RunRecord(Frozen):
    """What is written before a run begins."""

    id: str
    begun: float
    """Seconds since 1970."""
    problem: Problem
    settings: RunOptions
    schema_version: int = SCHEMA_VERSION


class RunParts(NamedTuple):
    """What a run under way keeps its state in."""

    checkpointer: "BaseCheckpointSaver[Any]"
    cache: "CallCache"
    """Every answer as it came, so that none is paid for twice."""


def new_run_id() -> str:
    """Return an id that sorts by time."""
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"


class UnfinishedRun:
    """The folder of one run; the process that holds it is the only one to write there."""

    def __init__(self, folder: Path, record: RunRecord) -> None:
        self.folder = folder
        self.record = record
        self._lock: IO[str] | None = None

    @classmethod
    def begin(cls, runs: Path, problem: Problem, settings: RunSettings) -> "UnfinishedRun":
        """Make the folder of a run and hold it; raises `InputError` where that cannot be."""
        record = RunRecord(
            id=new_run_id(), begun=time.time(), problem=problem, settings=settings.without_secrets
        )
        folder = runs / record.id
        try:
            make_private_folder(folder)
            run = cls(folder, record)
            run.hold()
            run.write(record)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise InputError(
                f"the run cannot be kept in {str(runs)!r}: {error.strerror}; set REFINEGRAPH_HOME "
                "to another folder, or pass --no-keep."
            ) from None
        return run

    @classmethod
    def read(cls, folder: Path) -> "UnfinishedRun":
        """Return the run of a folder; raises `InputError` where it is not one of this version."""
        path = folder / _RECORD
        try:
            text = path.read_text(encoding="utf-8")
            version = json.loads(text).get("schema_version")
            if version not in (SCHEMA_VERSION, *_READABLE):
                raise InputError(
                    f"{path} is a run of version {version!r}, and this is {SCHEMA_VERSION}; go on "
                    "with the version that began it."
                )
            record = RunRecord.model_validate_json(text)
            if record.id != folder.name:
                raise InputError(f"{path} is the record of another run; it is left as it is.")
            return cls(folder, record)
        except (OSError, ValueError, AttributeError, ValidationError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{path} cannot be read as a run; it is left as it is.") from None

    @property
    def is_running(self) -> bool:
        """Whether a process is at work on it."""
        return is_locked(self.folder / _LOCK)

    @property
    def has_answers(self) -> bool:
        """Whether a model answered anything yet, as far as can be told."""
        from refinegraph.agents.models import CallCache

        if not (self.folder / _CALLS).exists():
            return False
        try:
            with closing(CallCache(self.folder / _CALLS)) as cache:
                return cache.state().answers > 0
        except (InputError, sqlite3.Error):
            return True

    def hold(self) -> None:
        """Keep other processes out; raises `InputError` where one is at work."""
        try:
            self._lock = lock(self.folder / _LOCK)
        except Locked:
            raise InputError(
                f"another process is at work on run {self.record.id}; wait for it."
            ) from None

    def release(self) -> None:
        """Let other processes go on with it."""
        if self._lock:
            self._lock.close()
        self._lock = None

    def write(self, record: RunRecord) -> None:
        """Write how the run was asked for, whole or not at all."""
        write_private(self.folder / _RECORD, [json_text(record)])
        self.record = record

    def forget(self) -> None:
        """Remove the folder."""
        self.release()
        shutil.rmtree(self.folder, ignore_errors=True)

    @asynccontextmanager
    async def parts(self) -> AsyncGenerator[RunParts]:
        """Open what the run's state is kept in.

        Raises:
            InputError: Where a file is damaged, or the disk is full: the run's folder is left as
                it is, to go on with. An `OSError` of the run itself is not taken for that.
        """
        async with AsyncExitStack() as stack:
            try:
                parts = await self._open(stack)
            except (sqlite3.Error, OSError) as error:
                raise self._unkept(error) from None
            try:
                yield parts
            except sqlite3.Error as error:
                raise self._unkept(error) from None

    async def _open(self, stack: AsyncExitStack) -> RunParts:
        from refinegraph.agents.models import CallCache
        from refinegraph.graphs.sqlite_checkpoints import latest_checkpoints

        if self.record.schema_version != SCHEMA_VERSION:
            for file in self.folder.glob(f"{_STATE}*"):
                file.unlink()
            self.write(self.record.model_copy(update={"schema_version": SCHEMA_VERSION}))
        calls, state = self.folder / _CALLS, self.folder / _STATE
        touch_private(calls)
        touch_private(state)
        cache = stack.enter_context(closing(CallCache(calls)))
        return RunParts(await stack.enter_async_context(latest_checkpoints(state)), cache)

    def _unkept(self, error: Exception) -> InputError:
        return InputError(
            f"run {self.record.id} cannot be kept in {str(self.folder)!r}: {error}; what was "
            f"written is left as it is: refinegraph resume {self.record.id}"
        )


def unfinished_runs(runs: Path) -> Iterator[Path]:
    """Yield the folders of the runs that are not finished; links are none."""
    if runs.is_dir():
        yield from (path for path in runs.iterdir() if _is_run(path))


def _is_run(path: Path) -> bool:
    named = RUN_ID.fullmatch(path.name) is not None
    return named and not path.is_symlink() and (path / _RECORD).exists()
