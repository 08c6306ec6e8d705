"""`refinegraph compare`."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from rich.text import Text

from refinegraph.cli.summaries import BELOW, is_below, show_summary
from refinegraph.errors import InputError
from refinegraph.evaluation.folder import RESULTS, read_runs
from refinegraph.evaluation.records import RunLine
from refinegraph.evaluation.summary import summarise
from refinegraph.pages.evaluation import evaluation_page
from refinegraph.view.console import error_console


def run(options: argparse.Namespace) -> int:
    """Compare what evaluations of the same problems found: models, prompts or versions.

    1 where the last one's accuracy is under `--fail-under`.
    """
    folders = [_folder(each) for each in options.folders]
    summary = summarise(_named_runs(folders))
    show_summary(summary)
    if options.output:
        with Path(options.output).open("w", encoding="utf-8") as file:
            file.writelines(evaluation_page(summary, _named_runs(folders), title="comparison"))
        error_console().print(Text(f"report: {options.output}", style="dim"), soft_wrap=True)
    return BELOW if is_below(summary, options.fail_under) else 0


def _folder(name: str) -> Path:
    path = Path(name)
    if not (path / RESULTS).is_file():
        raise InputError(f"{name!r} is no folder of an evaluation: it has no {RESULTS}.")
    return path


def _named_runs(folders: list[Path]) -> Iterator[RunLine]:
    for folder in folders:
        for run in read_runs(folder):
            yield run.model_copy(update={"strategy": f"{folder.name}/{run.strategy}"})
