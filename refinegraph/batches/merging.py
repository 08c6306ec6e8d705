"""Merge the outputs of the shards of a batch, in the order of the problems."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from refinegraph.batches.output import has_ended, mark_whole, parse_line, read_settings
from refinegraph.batches.parquet_output import lines_of, write_parquet
from refinegraph.errors import InputError
from refinegraph.support.line_index import LineIndex, Place, placed_lines
from refinegraph.support.private_files import write_private
from refinegraph.support.shards import merged_settings


class Merged(NamedTuple):
    """The outcome of a merge."""

    files: int
    problems: int
    failed: int
    """The number of problems with an error instead of an answer."""


def merge_batches(paths: Sequence[Path], out: Path, *, partial: bool = False) -> Merged:
    """Write the lines of several outputs to one file, in the order of the problems.

    The file is a batch itself, which can be resumed to retry failed problems. Memory grows by a few
    bytes per problem. With `partial`, shards may be missing or unfinished.

    Raises:
        InputError: The outputs are not those of the shards of one batch, one is not complete, two
            differ in the same problem, or the file cannot be written.
    """
    paths, table, out = [lines_of(path) for path in paths], out, lines_of(out)
    settings = merged_settings(
        [(str(part), read_settings(part)) for part in paths], noun="batch", partial=partial
    )
    unfinished = [str(path) for path in paths if not has_ended(path)]
    if unfinished and not partial:
        raise InputError(
            f"{unfinished[0]!r} is not complete; go on with its batch by --resume, or merge what "
            "there is with --partial."
        )
    if out.exists() and out.stat().st_size:
        raise InputError(f"--out {str(out)!r} holds something already; name a new file.")
    tally = _Tally(settings.column, paths)
    try:
        write_private(out, tally.lines())
        mark_whole(out, settings, ended=not unfinished)
    except OSError as error:
        raise InputError(f"--out {str(out)!r} cannot be written: {error.strerror}.") from None
    if table != out:
        write_parquet(out, table)
    return Merged(len(paths), tally.problems, tally.failed)


class _Tally:
    """Counts lines while they are sorted."""

    def __init__(self, column: str, paths: Sequence[Path]) -> None:
        self._column = column
        self._paths = paths
        self._index = LineIndex(paths)
        self.problems = 0
        self.failed = 0

    def lines(self) -> Iterator[str]:
        """Yield the line of every problem once, in the order of the problems."""
        for place in placed_lines(self._paths):
            self._index.add(self._number(place), place)
        for line in self._index.lines():
            report = parse_line(line, self._column, "a merged line").report
            self.problems += 1
            self.failed += report.error is not None
            yield line

    def _number(self, place: Place) -> int:
        name = f"{self._paths[place.file]}, the line at byte {place.offset}"
        return parse_line(place.text, self._column, name).report.index
