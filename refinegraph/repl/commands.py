"""What can be typed in a session beside problems: each command, its words and what it does."""

import difflib
import os
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from rich.text import Text

from refinegraph.errors import InputError
from refinegraph.graphs.strategies import STRATEGIES, find_strategy, strategy_outline
from refinegraph.html.run import run_page
from refinegraph.options import RunOptions
from refinegraph.options.config import home
from refinegraph.options.option_set import Option, shown
from refinegraph.repl.session import Session
from refinegraph.repl.tour import example
from refinegraph.runs import RunStore
from refinegraph.runs.report import report
from refinegraph.schema import Candidate, Kind, Verdict
from refinegraph.support.blocking import run_sync
from refinegraph.support.json_text import json_text, whole_characters
from refinegraph.support.private_files import make_private_folder, write_private
from refinegraph.terminal.decisions import decisions_view
from refinegraph.terminal.diffs import diff_view
from refinegraph.terminal.outline import draw_graph
from refinegraph.terminal.text import printable
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.test_cases import parse_tests
from refinegraph.values import UnfitValue, nearest

_LONGEST_DIFF = 200
"""Lines: more scroll past whoever asked to see the difference."""
_NONE = ("none", "off", "default")
_KINDS: dict[Kind, str] = {
    "code": "a Python program, proved by running it",
    "math": "a number or an expression",
    "choice": "one of the options that the problem lists",
    "text": "any other short answer",
}


class Command(NamedTuple):
    """One command: `argument` is what it takes, empty for nothing."""

    name: str
    argument: str
    summary: str
    run: Callable[[Session, str], None]


def run_command(session: Session, line: str) -> None:
    """Do what a line that begins with a slash says.

    Raises:
        InputError: For an unknown command or a value that it cannot take, in one sentence.
    """
    name, _, argument = line[1:].strip().partition(" ")
    command = COMMANDS.get(_ALIASES.get(name, name))
    if command is None:
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f" (did you mean /{near[0]}?)" if near else ""
        raise InputError(f"unknown command '/{name}'{hint}; /help lists them.")
    command.run(session, argument.strip())


def as_command(line: str) -> str | None:
    """Return the command that a line means, None for a problem.

    People leave with `exit` and ask with `help` or `?` in any program; no problem is one such word.

    >>> as_command("/why"), as_command(" Exit "), as_command("quit()"), as_command("Write f(x).")
    ('/why', '/quit', '/quit', None)
    """
    words = line.strip()
    if words.startswith("/"):
        return words
    name = words.removesuffix("()").rstrip(".!").lower()
    if name in _ALIASES:
        return f"/{_ALIASES[name]}"
    return f"/{name}" if name in COMMANDS else None


def _example(session: Session, argument: str) -> None:
    number = _number("/example", argument, least=1) if argument else session.examples + 1
    session.examples = number
    problem = example(number)
    session.say(f"\n{problem.prompt}\n")
    session.solve(problem, told=True)


def _model(session: Session, argument: str) -> None:
    if not argument:
        session.say(f"  the model is {session.options.model}")
        return
    from refinegraph.agents.models import resolve_model

    resolve_model(argument, api_base=session.options.api_base)
    session.change(model=argument)
    session.say(f"  from now on: {argument}")


def _strategy(session: Session, argument: str) -> None:
    if argument:
        session.change(strategy=find_strategy(argument).name)
    for each in STRATEGIES.values():
        mark = "●" if each.name == session.options.strategy else " "
        session.say(f"  {mark} {each.name:<17} {each.summary}")


def _tests(session: Session, argument: str) -> None:
    if not argument:
        session.say(f"  {session.tests or 'no tests are set'}")
        return
    text = "" if argument in _NONE else _text_of(argument)
    if text and not parse_tests(text):
        raise InputError(
            f"there is no test in {argument!r}; give a file of asserts, or one such as "
            "/tests assert add(1, 2) == 3"
        )
    session.tests = text
    session.say(f"  {len(parse_tests(text)) if text else 'no'} tests for the problems to come")


def _text_of(argument: str) -> str:
    if argument.startswith("assert "):
        return argument
    try:
        return Path(argument).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError(
            f"{argument!r} is neither a file that can be read nor an assert line."
        ) from None


def _kind(session: Session, argument: str) -> None:
    if argument:
        near = difflib.get_close_matches(argument, _KINDS, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        if argument not in _KINDS:
            raise InputError(f"unknown kind {argument!r}{hint}; there are: {', '.join(_KINDS)}.")
        session.kind = argument
    for name, summary in _KINDS.items():
        mark = "●" if name == session.kind else " "
        session.say(f"  {mark} {name:<7} {summary}")


def _count(name: str, *, least: int) -> Callable[[Session, str], None]:
    def run(session: Session, argument: str) -> None:
        if argument:
            value = None if argument in _NONE else _number(f"/{name}", argument, least=least)
            session.change(**{_OPTION[name]: value})
        now = getattr(session.options, _OPTION[name])
        session.say(f"  {name}: {'as the strategy chooses' if now is None else now}")

    return run


_OPTION = {"samples": "samples", "rounds": "rounds", "budget": "budget_tokens"}


def _set(session: Session, argument: str) -> None:
    name, _, text = argument.partition(" ")
    if not name:
        _show_options(session)
        return
    option = _options().get(name)
    if option is None:
        raise InputError(f"unknown option {name!r}{nearest(name, list(_options()))}; see /set.")
    if text.strip():
        session.change(**{name: _value(name, option, text.strip())})
    session.say(f"  {name}: {shown(getattr(session.options, name))}  ({option.help})")


def _show_options(session: Session) -> None:
    """List the options that differ from their defaults, and the names of all."""
    defaults = RunOptions()
    for name in _options():
        value = getattr(session.options, name)
        if value != getattr(defaults, name):
            session.say(f"  {name}: {shown(value)}")
    session.say(f"  /set NAME VALUE, or /set NAME default. Names: {', '.join(_options())}", "dim")


def _options() -> dict[str, Option]:
    """Return the options that a session can set; `ask` needs answers while a run is shown."""
    return {
        name: option
        for name, option in RunOptions.declared.items()
        if "solve" in option.commands.split() and name != "ask"
    }


def _value(name: str, option: Option, text: str) -> Any:
    if text in _NONE:
        return getattr(RunOptions(), name)
    try:
        return option.value.read(text)
    except UnfitValue as error:
        raise InputError(f"{name}={shown(text)} {error}.") from None


def _number(name: str, text: str, *, least: int) -> int:
    if not text.isdecimal() or int(text) < least:
        raise InputError(f"{name} takes a whole number of at least {least}; got {text!r}.")
    return int(text)


def _retry(session: Session, argument: str) -> None:
    if session.problem is None:
        raise InputError("there is nothing to try again yet; type a problem, or /example.")
    session.change(seed=(session.options.seed or 0) + 1)
    session.solve(session.problem)


def _why(session: Session, argument: str) -> None:
    if not session.decisions:
        raise InputError("nothing was decided yet; type a problem, or /example.")
    session.console.print(decisions_view(session.decisions), soft_wrap=True)


def _diff(session: Session, argument: str) -> None:
    named = argument.split()
    if len(named) != 2:
        raise InputError("/diff takes two candidates, such as /diff 0.0 1.0.")
    first, second = (_candidate(session, each) for each in named)
    for line in diff_view(first, second, most=_LONGEST_DIFF):
        session.console.print(Text("  ") + line, soft_wrap=True)


def _candidate(session: Session, id: str) -> Candidate:
    found = session.view.state.find(id)
    if found is None:
        known = ", ".join(each.id for each in session.view.state.candidates) or "none"
        raise InputError(f"there is no candidate {id!r}; there are: {known}.")
    return found


def _run(session: Session, argument: str) -> None:
    if not argument:
        raise InputError("/run takes a line of Python, such as /run print(sum(range(9))).")
    verdict = run_sync(_executed(argument))
    session.output.print(Text(printable(verdict.stdout, lines=True).rstrip("\n")), soft_wrap=True)
    if not verdict.passed:
        said = printable(verdict.stderr or verdict.detail or "", lines=True).rstrip("\n")
        session.say(f"  {verdict.status}: {said}", "red")


async def _executed(source: str) -> Verdict:
    return await Sandbox().run(source)


def _save(session: Session, argument: str) -> None:
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
        text = whole_characters(session.result.answer or "")
    try:
        path.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{argument!r} cannot be written: {error.strerror}.") from None
    session.say(f"  written to {path}")


def _open(session: Session, argument: str) -> None:
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


def _fix(session: Session, argument: str) -> None:
    if not argument:
        raise InputError("give the command that runs the tests, such as /fix pytest -q")
    session.fix(argument)


def _graph(session: Session, argument: str) -> None:
    strategy = find_strategy(argument or session.options.strategy)
    drawn = strategy_outline(strategy.name).get_graph()
    edges = [(edge.source.strip("_"), edge.target.strip("_")) for edge in drawn.edges]
    session.say(f"  {strategy.name}: {strategy.summary}\n\n{draw_graph(edges, start='start')}\n")


def _help(session: Session, argument: str) -> None:
    for each in COMMANDS.values():
        session.say(f"  {f'/{each.name} {each.argument}':<20} {each.summary}")
    session.say("  Ctrl-C stops a run and keeps the best so far; Ctrl-D leaves.", "dim")


def _quit(session: Session, argument: str) -> None:
    raise EOFError


COMMANDS = {
    each.name: each
    for each in (
        Command("example", "[N]", "solve the next bundled task, or the N-th", _example),
        Command("model", "[NAME]", "use another model", _model),
        Command("strategy", "[NAME]", "see the strategies, or use another", _strategy),
        Command("kind", "[NAME]", "what the problems to come ask for: code, math, …", _kind),
        Command("tests", "[FILE]", "tests for the problems to come, or none", _tests),
        Command("samples", "[K]", "candidates to sample at most", _count("samples", least=1)),
        Command("rounds", "[N]", "rounds of refinement at most", _count("rounds", least=0)),
        Command("budget", "[TOKENS]", "stop when these are spent", _count("budget", least=1)),
        Command("set", "[NAME VALUE]", "see the options of a run, or change one", _set),
        Command("retry", "", "solve the last problem again, with another seed", _retry),
        Command("why", "", "what was decided, and the numbers that say so", _why),
        Command("diff", "A B", "what changed between two candidates", _diff),
        Command("run", "CODE", "run a line of Python in the sandbox", _run),
        Command("fix", "CMD", "repair the checkout in this folder; CMD runs its tests", _fix),
        Command("open", "", "the page of the last run", _open),
        Command("graph", "[NAME]", "draw a strategy's graph", _graph),
        Command("save", "FILE", "write the answer, or the run as .json", _save),
        Command("help", "", "this list", _help),
        Command("quit", "", "leave", _quit),
    )
}
"""Every command by its name."""

_ALIASES = {"exit": "quit", "q": "quit", ":q": "quit", "bye": "quit", "?": "help", "h": "help"}
"""Other names of commands."""
