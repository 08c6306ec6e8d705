"""Runs of an evaluation that stay on disk, for results that do not fit into memory."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import overload

from pydantic import ValidationError

from refinegraph.errors import InputError
from refinegraph.evaluation.records import RunKey, RunLine
from refinegraph.evaluation.results_dir import RUNS, read_results, read_settings


class StoredRuns(Sequence[RunLine]):
    """A sequence of runs that are read from their file whenever they are used.

    Memory holds eight bytes per run, whatever the length of its texts, and one run at a time.
    Iterating again reads the file again.
    """

    def __init__(
        self,
        file: Path,
        offsets: Sequence[int],
        *,
        judged: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        self.file = file
        self._offsets = array("q", offsets)
        self.judged = {name: StoredRuns(file, places) for name, places in (judged or {}).items()}
        """The runs whose answer was judged, by strategy."""

    def __len__(self) -> int:
        """Return the number of runs, without reading them."""
        return len(self._offsets)

    @overload
    def __getitem__(self, index: int) -> RunLine: ...
    @overload
    def __getitem__(self, index: slice) -> "StoredRuns": ...
    def __getitem__(self, index: int | slice) -> "RunLine | StoredRuns":
        """Return one run, or some of them still on disk."""
        if isinstance(index, slice):
            return StoredRuns(self.file, self._offsets[index])
        with self.file.open("rb") as lines:
            lines.seek(self._offsets[index])
            return RunLine.model_validate_json(lines.readline())

    def __iter__(self) -> Iterator[RunLine]:
        """Read the runs one after the other."""
        with self.file.open("rb") as lines:
            for offset in self._offsets:
                lines.seek(offset)
                yield RunLine.model_validate_json(lines.readline())


def stored_runs(folder: Path) -> StoredRuns:
    """Return the runs of an evaluation that count, in the order of its strategies.

    They are those of `read_runs`. Reads the file once.
    """
    counted = {line.key for line in read_results(folder) if line.error is None}
    last: dict[RunKey, int] = {}
    judged: set[RunKey] = set()
    for offset, run in _lines(folder / RUNS):
        if run.key in counted:
            # The last record of a run that was written twice counts.
            last[run.key] = offset
            (judged.discard if run.correct is None else judged.add)(run.key)
    order = {name: place for place, name in enumerate(read_settings(folder).strategies)}
    places = sorted(last.items(), key=lambda item: (order.get(item[0][1], len(order)), item[1]))
    by_strategy: dict[str, list[int]] = {}
    for key, offset in places:
        if key in judged:
            by_strategy.setdefault(key[1], []).append(offset)
    return StoredRuns(folder / RUNS, [offset for _, offset in places], judged=by_strategy)


def _lines(file: Path) -> Iterator[tuple[int, RunLine]]:
    """Yield the whole lines of a file with their offsets."""
    if not file.exists():
        return
    with file.open("rb") as lines:
        offset = 0
        for number, line in enumerate(lines, 1):
            if not line.endswith(b"\n"):
                return
            try:
                yield offset, RunLine.model_validate_json(line)
            except ValidationError as error:
                reason = error.errors()[0]["msg"]
                raise InputError(f"{file}, line {number} is no result: {reason}.") from None
            offset += len(line)
