"""Persistent success rates: one private file per model in a folder of the user."""

import re
import time
from hashlib import sha256
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from refinegraph.errors import InputError
from refinegraph.graphs.policies.attempts import SHIPPED_RATES
from refinegraph.graphs.policies.success_rates import (
    NO_LIKELIHOODS,
    SHAPES,
    Cell,
    CostSum,
    RateTable,
    SuccessRates,
)
from refinegraph.schema import Frozen
from refinegraph.support.locking import Locked, lock
from refinegraph.support.private_files import make_private_folder, write_private

RATES_VERSION = 1
"""Version of the files. Other versions are ignored and replaced, because rates are quickly learned
again."""
_PATIENCE, _PAUSE = 2.0, 0.02
"""Seconds to wait for another process that is writing, which takes milliseconds, and between two
attempts."""


class KeptRates(Frozen):
    """The contents of a model's file."""

    version: int = RATES_VERSION
    model: str
    shapes: tuple[float, ...] = SHAPES
    table: RateTable


class RateStore:
    """Learned rates in a folder, one file per model; contributions of several processes add up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, model: str) -> SuccessRates:
        """Return the rates of a model, or the built-in ones if none are stored."""
        kept = self._read(self._path(model))
        return SuccessRates(SHIPPED_RATES, kept.table if kept else None)

    def add(self, model: str, before: RateTable, after: RateTable) -> None:
        """Add what was learned between two tables; raise `InputError` if it cannot be stored."""
        path = self._path(model)
        try:
            make_private_folder(self.folder)
            with self._locked():
                kept = self._read(path)
                table = _plus(kept.table if kept else RateTable(), before, after)
                text = KeptRates(model=model, table=table).model_dump_json()
                write_private(path, [text, "\n"])
        except (OSError, Locked) as error:
            raise InputError(f"cannot store learned rates in {self.folder}: {error}.") from None

    def all(self) -> list[KeptRates]:
        """Return the stored rates, sorted by model; unreadable files are skipped."""
        files = sorted(self.folder.glob("*.json")) if self.folder.is_dir() else []
        stored = [kept for file in files if (kept := self._read(file))]
        return sorted(stored, key=lambda kept: kept.model)

    def forget(self) -> int:
        """Delete all stored rates; return the number of models."""
        files = list(self.folder.glob("*.json")) if self.folder.is_dir() else []
        for file in files:
            file.unlink(missing_ok=True)
        return len(files)

    def _path(self, model: str) -> Path:
        readable = re.sub(r"[^A-Za-z0-9.-]+", "-", model).strip("-.")[:60]
        return self.folder / f"{readable}-{sha256(model.encode()).hexdigest()[:8]}.json"

    def _read(self, path: Path) -> KeptRates | None:
        try:
            kept = KeptRates.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValidationError, UnicodeDecodeError):
            return None
        return kept if kept.version == RATES_VERSION and kept.shapes == SHAPES else None

    def _locked(self) -> IO[str]:
        ends = time.monotonic() + _PATIENCE
        while True:
            try:
                return lock(self.folder / "lock")
            except Locked:
                if time.monotonic() > ends:
                    raise
                time.sleep(_PAUSE)


def _plus(kept: RateTable, before: RateTable, after: RateTable) -> RateTable:
    """Return the stored table plus what was learned between two tables."""
    return RateTable(
        cells={name: _cell(kept, before, after, name) for name in {**kept.cells, **after.cells}},
        likelihoods={
            name: tuple(
                old + new - base
                for old, base, new in zip(
                    *(
                        table.likelihoods.get(name, NO_LIKELIHOODS)
                        for table in (kept, before, after)
                    ),
                    strict=True,
                )
            )
            for name in {**kept.likelihoods, **after.likelihoods}
        },
        costs={name: _cost(kept, before, after, name) for name in {**kept.costs, **after.costs}},
    )


def _cell(kept: RateTable, before: RateTable, after: RateTable, name: str) -> Cell:
    old, base, new = (table.cells.get(name, Cell()) for table in (kept, before, after))
    rows = zip(old.exposures, base.exposures, new.exposures, strict=True)
    return Cell(
        tried=old.tried + _gain(base.tried, new.tried),
        passed=old.passed + _gain(base.passed, new.passed),
        exposures=tuple(stored + _gain(earlier, later) for stored, earlier, later in rows),
    )


def _cost(kept: RateTable, before: RateTable, after: RateTable, name: str) -> CostSum:
    old, base, new = (table.costs.get(name, CostSum()) for table in (kept, before, after))
    return CostSum(
        attempts=old.attempts + _gain(base.attempts, new.attempts),
        tokens=old.tokens + _gain(base.tokens, new.tokens),
    )


def _gain(before: float, after: float) -> float:
    """Return the increase of a count, or zero if it has faded in between."""
    return max(0.0, after - before)
