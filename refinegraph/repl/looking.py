"""Session commands that look into the last run, or keep it."""

import os
import webbrowser
from pathlib import Path

from rich.text import Text

from refinegraph.errors import InputError
from refinegraph.graphs.strategies import find_strategy, strategy_outline
from refinegraph.html.run import run_page
from refinegraph.options.config import home
from refinegraph.repl.session import Session
from refinegraph.runs import RunStore
from refinegraph.runs.report import report
from refinegraph.schema import Candidate, Verdict
from refinegraph.support.blocking import run_sync
from refinegraph.support.json_text import json_text, whole_characters
from refinegraph.support.private_files import make_private_folder, write_private
from refinegraph.terminal.account import account_lines
from refinegraph.terminal.console import say
from refinegraph.terminal.decisions import decisions_view
from refinegraph.terminal.diffs import diff_view
from refinegraph.terminal.outline import draw_graph
from refinegraph.terminal.text import printable
from refinegraph.tools.sandbox import Sandbox

_LONGEST_DIFF = 200
"""Lines; a longer difference would scroll off the screen."""
_INDENT = 5
"""Where wrapped lines of decisions and of the account continue."""


def why(session: Session, argument: str) -> None:
    """Explain the decisions of the last run."""
    if argument not in ("", "numbers"):
        raise InputError("/why takes nothing, or the word numbers.")
    if not session.decisions:
        raise InputError("nothing was decided yet; type a problem, or /example.")
    view = decisions_view(session.decisions, numbers=argument == "numbers")
    say(session.console, view, indent=_INDENT)


def show(session: Session, argument: str) -> None:
    """Tell the last run in words, candidate by candidate, or print one candidate."""
    if argument:
        session.output.print(Text(_code_of(_candidate(session, argument))), soft_wrap=True)
        return
    if session.result is None:
        raise InputError("there is no finished run to show; type a problem, or /example.")
    for line in account_lines(session.result):
        say(session.console, line, indent=_INDENT)


def _code_of(candidate: Candidate) -> str:
    return printable(candidate.content or candidate.text, lines=True).rstrip("\n")


def diff(session: Session, argument: str) -> None:
    """Show what changed between two candidates."""
    named = argument.split()
    if len(named) != 2:
        raise InputError("/diff takes two candidates, such as /diff 0.0 1.0.")
    first, second = (_candidate(session, id) for id in named)
    for line in diff_view(first, second, max_lines=_LONGEST_DIFF):
        session.console.print(Text("  ") + line, soft_wrap=True)


def _candidate(session: Session, id: str) -> Candidate:
    candidate = session.view.state.find(id)
    if candidate is None:
        known = ", ".join(candidate_ids(session)) or "none"
        raise InputError(f"there is no candidate {id!r}; there are: {known}.")
    return candidate


def candidate_ids(session: Session) -> list[str]:
    """Return the ids of the last run's candidates."""
    return [candidate.id for candidate in session.view.state.candidates]


def run_code(session: Session, argument: str) -> None:
    """Run a line of Python in the sandbox."""
    if not argument:
        raise InputError("/run takes a line of Python, such as /run print(sum(range(9))).")
    verdict = run_sync(_executed(argument))
    session.output.print(Text(printable(verdict.stdout, lines=True).rstrip("\n")), soft_wrap=True)
    if not verdict.passed:
        reason = printable(verdict.stderr or verdict.detail or "", lines=True).rstrip("\n")
        session.say(f"  {verdict.status}: {reason}", "red")


async def _executed(source: str) -> Verdict:
    return await Sandbox().run(source)


def save(session: Session, argument: str) -> None:
    """Write the answer to a file, or the whole run if the file is .json; ask before replacing."""
    if session.result is None:
        raise InputError("there is no finished run to save; type a problem, or /example.")
    if not argument:
        raise InputError("/save takes a file: .json for the whole run, else the answer alone.")
    path = Path(argument).expanduser()
    if path.exists() and not session.confirm(f"  {path} exists; replace it? [y/N] "):
        raise InputError(f"{argument!r} exists and was left as it is; name another file.")
    if path.suffix == ".json":
        text = json_text(report(session.result), indent=2)
    else:
        text = whole_characters(session.result.answer or "").rstrip("\n")
    try:
        path.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{argument!r} cannot be written: {error.strerror}.") from None
    session.say(f"  written to {path}")


def open_page(session: Session, argument: str) -> None:
    """Write the page of the last run, and open it in a browser if there is a screen."""
    if session.result is None or session.problem is None:
        raise InputError("there is no finished run to open; type a problem, or /example.")
    kept = RunStore.of_user().add(session.problem, session.result)
    path = home() / "pages" / f"{kept.id}.html"
    prompt = session.problem.prompt
    page = run_page(session.result, prompt=prompt, finished=kept.finished)
    try:
        make_private_folder(path.parent)
        write_private(path, page)
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be written: {error.strerror}.") from None
    opened = bool(os.environ.get("DISPLAY")) and webbrowser.open(path.as_uri())
    session.say(f"  {'opened' if opened else 'written to'} {path}")


def graph(session: Session, argument: str) -> None:
    """Draw the graph of a strategy."""
    strategy = find_strategy(argument or session.options.strategy)
    drawn = strategy_outline(strategy.name).get_graph()
    edges = [(edge.source.strip("_"), edge.target.strip("_")) for edge in drawn.edges]
    session.say(f"  {strategy.name}: {strategy.summary}\n\n{draw_graph(edges, start='start')}\n")
