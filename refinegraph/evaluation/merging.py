"""Merge the folders of an evaluation's shards, in the order a single process would write."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from refinegraph.datasets import load_dataset
from refinegraph.errors import InputError
from refinegraph.evaluation.metrics import LeftOut, Summary
from refinegraph.evaluation.results_dir import (
    RESULTS,
    RUNS,
    SETTINGS,
    has_ended,
    mark_ended,
    read_settings,
)
from refinegraph.evaluation.settings import EvaluationSettings, digest_of
from refinegraph.support.json_text import json_text
from refinegraph.support.line_index import LineIndex, Place, placed_lines
from refinegraph.support.private_files import make_private_folder, write_private
from refinegraph.support.shards import merged_settings

SUMMARY = "summary.json"


class MergedEvaluation(NamedTuple):
    """The result of a merge."""

    strategies: list[str]
    left_out: tuple[LeftOut, ...]


def merge_evaluations(
    folders: Sequence[Path], out: Path, *, dataset: Path | None = None, partial: bool = False
) -> MergedEvaluation:
    """Write the runs of several folders to one folder, ordered by problem and strategy.

    The new folder is an evaluation that can be resumed to repeat failed runs. The order is that of
    the dataset; `dataset` is its current location. With `partial`, shards may be missing or
    unfinished.

    Raises:
        InputError: The folders are not shards of one evaluation, a shard is not complete, the data
            set is a different one, or the new folder cannot be written or is not empty.
    """
    settings = merged_settings(
        [(str(part), read_settings(part)) for part in folders], noun="evaluation", partial=partial
    )
    unfinished = [str(folder) for folder in folders if not has_ended(folder)]
    if unfinished and not partial:
        raise InputError(
            f"{unfinished[0]!r} is not complete; go on with it by --resume, or merge what there is "
            "with --partial."
        )
    if (out / SETTINGS).exists():
        raise InputError(f"--out {str(out)!r} holds an evaluation already; name a new folder.")
    order = _Order(settings, dataset or Path(settings.dataset))
    try:
        make_private_folder(out)
        write_private(out / RESULTS, order.sorted_lines([folder / RESULTS for folder in folders]))
        write_private(out / RUNS, order.sorted_lines([folder / RUNS for folder in folders]))
        write_private(out / SETTINGS, [json_text(settings, indent=2), "\n"])
        if not unfinished:
            mark_ended(out)
    except OSError as error:
        raise InputError(f"--out {str(out)!r} cannot be written: {error.strerror}.") from None
    return MergedEvaluation(list(settings.strategies), _left_out(folders, order))


class _Order:
    """Orders lines by problem, then by strategy."""

    def __init__(self, settings: EvaluationSettings, dataset: Path) -> None:
        if digest_of(dataset, "dataset") != settings.dataset_digest:
            raise InputError(
                f"the dataset {str(dataset)!r} is not the one that was evaluated; name that one "
                "by --dataset."
            )
        problems = load_dataset(dataset, bad_records=[])
        self._positions = {labelled.problem.id: at for at, labelled in enumerate(problems)}
        self._strategies = {name: at for at, name in enumerate(settings.strategies)}

    def position(self, problem_id: str) -> int:
        """Return the position of a problem; unreadable ones come first."""
        return self._positions.get(problem_id, -1)

    def sorted_lines(self, paths: Sequence[Path]) -> Iterator[str]:
        """Yield the lines of several files in order, keeping the last line of each run."""
        index = LineIndex(paths)
        for place in placed_lines(paths):
            index.add(self._number(place, paths), place)
        yield from index.lines()

    def _number(self, place: Place, paths: Sequence[Path]) -> int:
        try:
            key = _Key.model_validate_json(place.text)
            strategy = self._strategies[key.strategy]
        except (ValidationError, KeyError):
            raise InputError(
                f"{paths[place.file]}, the line at byte {place.offset} is no run of its evaluation."
            ) from None
        return self.position(key.problem_id) * len(self._strategies) + strategy


class _Key(BaseModel):
    """The fields that identify a line of either file."""

    model_config = ConfigDict(extra="ignore")

    problem_id: str
    strategy: str


def _left_out(folders: Sequence[Path], order: _Order) -> tuple[LeftOut, ...]:
    """Return the problems that no shard tried, in order and without duplicates."""
    found: dict[str, LeftOut] = {}
    for folder in folders:
        file = folder / SUMMARY
        if file.exists():
            summary = Summary.model_validate_json(file.read_text(encoding="utf-8"))
            found.update((record.problem_id, record) for record in summary.left_out)
    return tuple(sorted(found.values(), key=lambda record: order.position(record.problem_id)))
