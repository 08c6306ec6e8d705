"""`refinegraph runs`, `show`, `view` and `rm`: the runs that were kept."""

import argparse
import json
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

from refinegraph.cli.files import OutputFile, print_exactly
from refinegraph.cli.run_list import as_json, list_runs, table
from refinegraph.cli.showing import json_for, show_answer, show_summary
from refinegraph.errors import InputError
from refinegraph.html.run import run_page
from refinegraph.runs import RunStore, StoredRun
from refinegraph.runs.report import report
from refinegraph.schema import Candidate
from refinegraph.terminal.account import account_lines
from refinegraph.terminal.console import output_console, say
from refinegraph.terminal.decisions import decisions_view
from refinegraph.terminal.text import cut

_INDENT = 5
"""The indentation of wrapped lines."""


def run(options: argparse.Namespace) -> int:
    """Execute the command on the stored runs."""
    store = RunStore.of_user()
    if options.command == "runs":
        return _list(store, options)
    if options.command == "rm":
        removed = store.remove(options.id)
        print(json.dumps({"removed": removed}) if options.json else f"removed {removed}")
        return 0
    kept = store.get(options.id)
    if options.command == "view":
        return _view(kept, options)
    return _show(kept, options)


def _list(store: RunStore, options: argparse.Namespace) -> int:
    rows = list_runs(store, words=options.words, since=options.since, limit=options.limit)
    if options.json:
        print_exactly(json_for(as_json(rows)))
        return 0
    console = output_console()
    searched = options.words or options.since
    if not rows:
        say(console, "no kept run matches" if searched else "no run is kept yet")
    for line in table(rows, store.ids(), width=console.width) if rows else []:
        console.print(line, soft_wrap=True)
    return 0


def _show(kept: StoredRun, options: argparse.Namespace) -> int:
    if options.json:
        text = json.dumps(
            {"id": kept.id, **json.loads(report(kept.result).model_dump_json())}, indent=2
        )
        print_exactly(json_for(f"{text}\n"))
    elif options.candidate:
        candidate = _candidate(kept, options.candidate)
        show_answer(kept.result, f"{(candidate.content or candidate.text).rstrip()}\n", quiet=True)
    elif options.answer:
        answer = kept.result.answer
        show_answer(kept.result, f"{answer}\n" if answer else None, quiet=True)
    else:
        _tell(kept, output_console(), numbers=options.numbers)
    return 0


def _tell(kept: StoredRun, console: Console, *, numbers: bool) -> None:
    """Print the whole run in words: problem, candidates, decisions, answer, summary."""
    date = time.strftime("%Y-%m-%d %H:%M", time.localtime(kept.finished))
    say(console, _opening(kept.problem.prompt), "bold")
    say(console, f"{kept.id}, {date}, strategy {kept.result.strategy}", "dim")
    _section(console, "Candidates")
    for line in account_lines(kept.result):
        say(console, line, indent=_INDENT)
    _section(console, "Decisions")
    say(console, decisions_view(kept.result.decisions, numbers=numbers), indent=_INDENT)
    _section(console, "Answer")
    answer = kept.result.answer
    show_answer(kept.result, f"{answer}\n" if answer else None)
    show_summary(kept.result, console)


def _opening(prompt: str) -> str:
    """Return the first paragraph of a statement, and whether there is more of it."""
    first, _, rest = prompt.strip().partition("\n\n")
    return cut(f"{first} …" if rest.strip() else first, 400)


def _section(console: Console, heading: str) -> None:
    console.print(Text(f"\n{heading}", style="bold"))


def _candidate(kept: StoredRun, id: str) -> Candidate:
    candidates = {candidate.id: candidate for candidate in kept.result.candidates}
    if id not in candidates:
        known = ", ".join(candidates) or "none"
        raise InputError(f"run {kept.id} has no candidate {id!r}; it has: {known}.")
    return candidates[id]


def _view(kept: StoredRun, options: argparse.Namespace) -> int:
    path = options.output or str(Path.cwd() / f"run-{kept.id}.html")
    page = run_page(kept.result, prompt=kept.problem.prompt, finished=kept.finished)
    OutputFile(path).write("".join(page))
    print(json.dumps({"id": kept.id, "path": path}) if options.json else path)
    return 0
