"""`refinegraph export`."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from refinegraph.cli.files import OutputFile
from refinegraph.errors import InputError
from refinegraph.evaluation.export import Line, export
from refinegraph.evaluation.folder import RESULTS, read_runs
from refinegraph.evaluation.records import RunLine


def run(options: argparse.Namespace) -> int:
    """Write training data out of the runs of evaluations, a line each."""
    lines = export(_runs(options.folders), options.format)
    if options.output:
        OutputFile(options.output).write("".join(map(_written, lines)))
    else:
        sys.stdout.writelines(map(_written, lines))
    return 0


def _written(line: Line) -> str:
    return line.model_dump_json() + "\n"


def _runs(folders: list[str]) -> Iterator[RunLine]:
    for name in folders:
        if not (Path(name) / RESULTS).is_file():
            raise InputError(f"{name!r} is no folder of an evaluation: it has no {RESULTS}.")
        yield from read_runs(Path(name))
