"""Unfinished runs on disk: their settings, checkpoints, model answers and lock."""

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
"""The options of a run, which never include an API key."""
RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
"""The form of a run's id. Ids become file names, so nothing else is accepted."""


_READABLE = (1,)
"""Older schema versions with the same format of records. Their checkpoints differ, so such a run
starts over, with the answers that were already paid for in its cache."""


class RunRecord(Frozen):
    """The problem and the settings of a run, written before it starts."""

    id: str
    begun: float
    """Seconds since 1970."""
    problem: Problem
    settings: RunOptions
    schema_version: int = SCHEMA_VERSION


class RunParts(NamedTuple):
    """The stores of the state of an unfinished run."""

    checkpointer: "BaseCheckpointSaver[Any]"
    cache: "CallCache"
    """Every model answer, so that none is paid for twice."""


def new_run_id() -> str:
    """Return a new id; ids sort by time, with a resolution of 15 microseconds."""
    now = time.time()
    second = time.strftime("%Y%m%d-%H%M%S", time.localtime(now))
    return f"{second}-{int(now % 1 * 0x10000):04x}{secrets.token_hex(1)}"


class UnfinishedRun:
    """The directory of one run; only the process that holds its lock writes there."""

    def __init__(self, folder: Path, record: RunRecord) -> None:
        self.folder = folder
        self.record = record
        self._lock: IO[str] | None = None

    @classmethod
    def begin(cls, runs: Path, problem: Problem, settings: RunSettings) -> "UnfinishedRun":
        """Create the directory of a run and lock it; raises `InputError` if that fails."""
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
                "to another directory, or pass --no-keep."
            ) from None
        return run

    @classmethod
    def read(cls, folder: Path) -> "UnfinishedRun":
        """Read the run of a directory; raises `InputError` if its version is not supported."""
        path = folder / _RECORD
        try:
            text = path.read_text(encoding="utf-8")
            version = json.loads(text).get("schema_version")
            if version not in (SCHEMA_VERSION, *_READABLE):
                raise InputError(
                    f"{path} is a run of version {version!r}, and this is {SCHEMA_VERSION}; resume "
                    "it with the release that started it."
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
        """Whether a process is working on the run."""
        return is_locked(self.folder / _LOCK)

    @property
    def has_answers(self) -> bool:
        """Whether a model has answered; also true if the cache of answers cannot be read."""
        from refinegraph.agents.models import CallCache

        if not (self.folder / _CALLS).exists():
            return False
        try:
            with closing(CallCache(self.folder / _CALLS)) as cache:
                return cache.state().answers > 0
        except (InputError, sqlite3.Error):
            return True

    def hold(self) -> None:
        """Lock the run; raises `InputError` if another process is working on it."""
        try:
            self._lock = lock(self.folder / _LOCK)
        except Locked:
            raise InputError(
                f"another process is working on run {self.record.id}; wait until it ends."
            ) from None

    def release(self) -> None:
        """Release the lock, so that another process can resume the run."""
        if self._lock:
            self._lock.close()
        self._lock = None

    def write(self, record: RunRecord) -> None:
        """Write the record of the run atomically."""
        write_private(self.folder / _RECORD, [json_text(record)])
        self.record = record

    def forget(self) -> None:
        """Release the lock and delete the directory."""
        self.release()
        shutil.rmtree(self.folder, ignore_errors=True)

    @asynccontextmanager
    async def parts(self) -> AsyncGenerator[RunParts]:
        """Open the stores of the run's state.

        Raises:
            InputError: A file is damaged or the disk is full. The run's directory is left as it is,
                so that the run can be resumed. An `OSError` raised by the run itself is not
                converted.
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
    """Yield the directories of the runs that are not finished; symbolic links are skipped."""
    if runs.is_dir():
        yield from (path for path in runs.iterdir() if _is_run(path))


def _is_run(path: Path) -> bool:
    has_id = RUN_ID.fullmatch(path.name) is not None
    return has_id and not path.is_symlink() and (path / _RECORD).exists()
