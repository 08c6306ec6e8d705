"""`refinegraph merge`."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from refinegraph.batches.merging import merge_batches
from refinegraph.batches.output import state_folder
from refinegraph.batches.parquet_output import lines_of
from refinegraph.cli.eval import PAGE, write_summary
from refinegraph.cli.files import print_exactly
from refinegraph.cli.showing import json_for
from refinegraph.cli.summaries import show_summary
from refinegraph.errors import InputError
from refinegraph.evaluation.merging import merge_evaluations
from refinegraph.evaluation.results_dir import SETTINGS
from refinegraph.support.json_text import json_text
from refinegraph.terminal.console import error_console, say
from refinegraph.wording import plural


def run(options: argparse.Namespace) -> int:
    """Join the results of shards in the order of the problems; return 2 for bad input."""
    paths = [Path(name) for name in options.paths]
    out = Path(options.out)
    if _are_evaluations(paths):
        _merge_evaluations(options, paths, out)
        return 0
    if options.dataset:
        raise InputError("--dataset is for result folders of `refinegraph eval`; leave it out.")
    merged = merge_batches(paths, out, partial=options.partial)
    failed = f", {merged.failed:,} failed" if merged.failed else ""
    if options.json:
        print(json.dumps({**merged._asdict(), "out": str(out)}))
        return 0
    parts = f"{plural(merged.files, 'file')}, {plural(merged.problems, 'problem')}{failed}"
    say(error_console(), f"{parts}: {out}")
    return 0


def _are_evaluations(paths: Sequence[Path]) -> bool:
    """Return whether these are result folders of `eval`; raises `InputError` for mixtures."""
    kinds = {_is_evaluation(path) for path in paths}
    if len(kinds) > 1:
        raise InputError(
            "outputs of `batch` and folders of `eval` cannot be merged; name one sort."
        )
    return kinds.pop()


def _is_evaluation(path: Path) -> bool:
    if (path / SETTINGS).is_file():
        return True
    if lines_of(path).is_file() and state_folder(lines_of(path)).is_dir():
        return False
    if not path.exists():
        raise InputError(f"{str(path)!r} does not exist; name what was passed to --out.")
    raise InputError(
        f"{str(path)!r} is neither an output of `refinegraph batch`, with its folder "
        f"{state_folder(path).name!r} beside it, nor a folder of `refinegraph eval`."
    )


def _merge_evaluations(options: argparse.Namespace, folders: Sequence[Path], out: Path) -> None:
    dataset = Path(options.dataset) if options.dataset else None
    merged = merge_evaluations(folders, out, dataset=dataset, partial=options.partial)
    summary = write_summary(out, merged.strategies, left_out=merged.left_out)
    if options.json:
        print_exactly(json_for(json_text(summary, indent=2) + "\n"))
    else:
        show_summary(summary)
    say(error_console(), f"report: {out / PAGE}", "dim")
