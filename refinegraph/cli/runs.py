"""`refinegraph runs`, `show`, `view` and `rm`: runs that were kept."""

import argparse
from itertools import islice
from pathlib import Path

from rich.text import Text

from refinegraph.cli.files import OutputFile
from refinegraph.cli.showing import show_answer, show_summary
from refinegraph.html.run import run_page
from refinegraph.runs import KeptRun, RunStore, UnfinishedRun
from refinegraph.terminal.console import error_console, output_console
from refinegraph.terminal.decisions import decisions_view
from refinegraph.terminal.tables import Column, table_lines
from refinegraph.terminal.text import cut
from refinegraph.wording import outcome_word


def run(options: argparse.Namespace) -> int:
    """Do what the command asks of the kept runs."""
    if options.command == "runs":
        return _list(options.limit)
    if options.command == "rm":
        print(f"removed {RunStore.of_user().remove(options.id)}")
        return 0
    kept = RunStore.of_user().get(options.id)
    return _show(kept) if options.command == "show" else _view(kept, options.output)


_COLUMNS = (
    Column("id"),
    Column("result"),
    Column("strategy"),
    Column("problem", free=True),
)


def _list(limit: int) -> int:
    kept = RunStore.of_user()
    rows = [
        *(_unfinished_row(run) for run in kept.unfinished()[:limit]),
        *(_row(run) for run in islice(kept.all(), limit)),
    ]
    console = output_console()
    lines = table_lines(_COLUMNS, rows, width=console.width)
    for line in lines if rows else [Text("no run is kept yet")]:
        console.print(line, soft_wrap=True)
    return 0


def _row(kept: KeptRun) -> tuple[str, ...]:
    word = outcome_word(kept.result)
    return kept.id, word, kept.result.strategy, _one_line(kept.problem.prompt)


def _unfinished_row(run: UnfinishedRun) -> tuple[str, ...]:
    word = "running" if run.is_running else "unfinished"
    record = run.record
    return record.id, word, record.settings.strategy, _one_line(record.problem.prompt)


def _one_line(prompt: str) -> str:
    return cut(" ".join(prompt.split()), 200)


def _show(kept: KeptRun) -> int:
    console = error_console()
    console.print(Text(cut(kept.problem.prompt, 400), style="bold"), soft_wrap=True)
    console.print(decisions_view(kept.result.decisions), soft_wrap=True)
    answer = kept.result.answer
    show_answer(kept.result, f"{answer}\n" if answer else None)
    show_summary(kept.result, console)
    return 0


def _view(kept: KeptRun, output: str | None) -> int:
    path = output or str(Path.cwd() / f"run-{kept.id}.html")
    page = run_page(kept.result, prompt=kept.problem.prompt, finished=kept.finished)
    OutputFile(path).write("".join(page))
    print(path)
    return 0
