"""The folder of an evaluation: lines appended as problems end, and what a kill leaves of them."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from refinegraph.errors import InputError
from refinegraph.evaluation.records import ResultLine, RunLine
from refinegraph.json_text import json_text
from refinegraph.locking import Locked, lock
from refinegraph.options import RunOptions
from refinegraph.schema import Usage

RESULTS, RUNS, SETTINGS = "results.jsonl", "runs.jsonl", "settings.json"
CALLS = "calls.sqlite"
"""Answers of the models, kept until everything is done: what was paid for is not asked again."""

_ANY = RunOptions().strategy
_OLD_OPTIONS = ("samples", "rounds", "temperature", "max_tokens", "seed")

Line = TypeVar("Line", bound=BaseModel)

Key = tuple[str, str]
"""Problem and strategy."""


class EvaluationSettings(BaseModel):
    """What has to be the same for two parts of one evaluation to be put together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    dataset_digest: str
    strategies: tuple[str, ...]
    models: tuple[str, ...]
    options: RunOptions
    """Those of every run; strategies and models stand above."""
    digest: str = ""
    """Of the options and of the files that they name, when the evaluation began."""

    @model_validator(mode="before")
    @classmethod
    def _read_version_0_1_0(cls, data: Any) -> Any:
        """Take the five options that older folders list one by one."""
        if not isinstance(data, dict) or "options" in data:
            return data  # pyright: ignore[reportUnknownVariableType]
        fields = cast("dict[str, Any]", data)
        options = {name: value for name, value in fields.items() if name in _OLD_OPTIONS}
        rest = {name: value for name, value in fields.items() if name not in _OLD_OPTIONS}
        return {**rest, "options": options}

    @classmethod
    def of(
        cls, dataset: Path, *, strategies: Sequence[str], models: Sequence[str], options: RunOptions
    ) -> "EvaluationSettings":
        """Return the settings of an evaluation that is to begin, or to go on."""
        named_above = {name: None for name in RunOptions.declared if name.endswith("model")}
        shared = replace(options, strategy=_ANY, **cast("dict[str, Any]", named_above))
        return cls(
            dataset=str(dataset),
            dataset_digest=digest_of(dataset),
            strategies=tuple(strategies),
            models=tuple(models),
            options=shared.without_secrets,
            digest=shared.digest(),
        )

    def difference(self, before: "EvaluationSettings") -> str:
        """Say what was otherwise when the evaluation began; empty for nothing."""
        for name in ("dataset", "dataset_digest", "strategies", "models"):
            was, now = getattr(before, name), getattr(self, name)
            if was != now:
                return f"{name} {was!r}, not {now!r}"
        changed = self.options.difference(before.options)
        if changed:
            return f"other options ({changed})"
        if before.digest and before.digest != self.digest:
            return "another content of a file that its options name"
        return ""


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                found.update(block)
    except OSError as error:
        raise InputError(f"data set {str(path)!r} cannot be read: {error.strerror}.") from None
    return found.hexdigest()


class EvaluationFolder:
    """Where an evaluation is written. One process writes at a time.

    Raises:
        InputError: Where the folder is not empty and nothing is to be resumed, where it belongs to
            another evaluation, where it cannot be written, and while another process writes.
    """

    def __init__(self, path: Path, settings: EvaluationSettings, *, resume: bool) -> None:
        self.path = path
        self._lock: IO[str] | None = None
        self.done: set[Key] = set()
        self.spent = Usage()
        """What the runs that are there have cost."""
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(path)
            self._begin(settings, resume=resume)
            for each in self._kept():
                self.done.add((each.problem_id, each.strategy))
                self.spent += _usage_of(each)
        except OSError as error:
            self._unlock()
            raise InputError(f"--out {str(path)!r} cannot be written: {error.strerror}.") from None
        except InputError:
            self._unlock()
            raise
        self._results = (path / RESULTS).open("a", encoding="utf-8")
        self._runs = (path / RUNS).open("a", encoding="utf-8")

    def add(self, run: RunLine) -> None:
        """Write one run: first whole, then its result, which makes it count."""
        _append(self._runs, json_text(run))
        _append(self._results, json_text(run.line))
        self.done.add((run.problem_id, run.strategy))

    def forget_calls(self) -> None:
        """Remove the answers that only runs under way needed."""
        for file in self.path.glob(f"{CALLS}*"):
            file.unlink(missing_ok=True)

    def close(self) -> None:
        """Let another process write."""
        self._results.close()
        self._runs.close()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock:
            self._lock.close()

    def _begin(self, settings: EvaluationSettings, *, resume: bool) -> None:
        file = self.path / SETTINGS
        if not file.exists():
            if (self.path / RESULTS).exists():
                raise InputError(f"--out {str(self.path)!r} holds other results; name a new one.")
            file.write_text(settings.model_dump_json(indent=2) + "\n", encoding="utf-8")
            return
        if not resume:
            raise InputError(
                f"--out {str(self.path)!r} holds an evaluation already; go on with --resume, or "
                "name another folder."
            )
        difference = settings.difference(_settings_in(file))
        if difference:
            raise InputError(
                f"--resume: {str(self.path)!r} was begun with {difference}; use the same, or "
                "another folder."
            )

    def _kept(self) -> Iterator[ResultLine]:
        for name in (RESULTS, RUNS):
            _drop_torn_line(self.path / name)
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


def read_results(folder: Path) -> Iterator[ResultLine]:
    """Read the results of a folder, one after the other; raises `InputError` by file and line."""
    yield from _read(folder / RESULTS, ResultLine)


def read_runs(folder: Path) -> Iterator[RunLine]:
    """Read the runs that count; of a run that was written twice, the last."""
    counted = {(each.problem_id, each.strategy) for each in read_results(folder)}
    last = {(each.problem_id, each.strategy): place for place, each in _numbered(folder)}
    for place, run in _numbered(folder):
        key = (run.problem_id, run.strategy)
        if key in counted and last[key] == place:
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


def _settings_in(file: Path) -> EvaluationSettings:
    try:
        return EvaluationSettings.model_validate_json(file.read_text(encoding="utf-8"))
    except ValidationError:
        raise InputError(f"{file} cannot be read as the settings of an evaluation.") from None


def _append(file: IO[str], line: str) -> None:
    file.write(line + "\n")
    file.flush()


def _drop_torn_line(path: Path) -> None:
    """Cut off what a killed process left of a line."""
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
