"""Success rates kept from run to run: one private file a model, in a folder of the user's."""

import re
import time
from hashlib import sha256
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from refinegraph.errors import InputError
from refinegraph.graphs.policies.attempts import SHIPPED_RATES
from refinegraph.graphs.policies.success_rates import (
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
"""Of the files. Those of other versions are ignored and replaced: rates are soon learned again."""
_PATIENCE, _PAUSE = 2.0, 0.02
"""Seconds to wait for another process that writes, which takes milliseconds, and between looks."""


class KeptRates(Frozen):
    """What the file of a model holds."""

    version: int = RATES_VERSION
    model: str
    shapes: tuple[float, ...] = SHAPES
    table: RateTable


class RateStore:
    """Learned rates in a folder, one file a model. What several processes learn adds up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, model: str) -> SuccessRates:
        """Return the rates of a model, those that ship with the package where none are kept."""
        kept = self._read(self._path(model))
        return SuccessRates(SHIPPED_RATES, kept.table if kept else None)

    def add(self, model: str, before: RateTable, after: RateTable) -> None:
        """Add what was learned between two tables; raises `InputError` where it cannot be kept."""
        path = self._path(model)
        try:
            make_private_folder(self.folder)
            with self._locked():
                kept = self._read(path)
                table = _plus(kept.table if kept else RateTable(), before, after)
                text = KeptRates(model=model, table=table).model_dump_json()
                write_private(path, [text, "\n"])
        except (OSError, Locked) as error:
            raise InputError(f"learned rates cannot be kept in {self.folder}: {error}.") from None

    def all(self) -> list[KeptRates]:
        """Return what is kept, by the name of the model; unreadable files not."""
        files = sorted(self.folder.glob("*.json")) if self.folder.is_dir() else []
        found = [kept for file in files if (kept := self._read(file))]
        return sorted(found, key=lambda kept: kept.model)

    def forget(self) -> int:
        """Delete everything that is kept; return how many models it was of."""
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
    """Return what is kept, and what was learned between two tables."""
    return RateTable(
        cells={name: _cell(kept, before, after, name) for name in {**kept.cells, **after.cells}},
        likelihoods={
            name: tuple(
                old + new - known
                for old, known, new in zip(
                    *(table.likelihoods.get(name, _NONE) for table in (kept, before, after)),
                    strict=True,
                )
            )
            for name in {**kept.likelihoods, **after.likelihoods}
        },
        costs={name: _cost(kept, before, after, name) for name in {**kept.costs, **after.costs}},
    )


_NONE = (0.0,) * len(SHAPES)


def _cell(kept: RateTable, before: RateTable, after: RateTable, name: str) -> Cell:
    old, known, new = (table.cells.get(name, Cell()) for table in (kept, before, after))
    rows = zip(old.exposures, known.exposures, new.exposures, strict=True)
    return Cell(
        tried=old.tried + _gain(known.tried, new.tried),
        passed=old.passed + _gain(known.passed, new.passed),
        exposures=tuple(one + _gain(other, third) for one, other, third in rows),
    )


def _cost(kept: RateTable, before: RateTable, after: RateTable, name: str) -> CostSum:
    old, known, new = (table.costs.get(name, CostSum()) for table in (kept, before, after))
    return CostSum(
        attempts=old.attempts + _gain(known.attempts, new.attempts),
        tokens=old.tokens + _gain(known.tokens, new.tokens),
    )


def _gain(before: float, after: float) -> float:
    """Return what a count gained; nothing for one that faded in between."""
    return max(0.0, after - before)
