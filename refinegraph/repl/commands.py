"""The commands of a session: their names, arguments, summaries and completions."""

import difflib
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from refinegraph.errors import InputError
from refinegraph.graphs.strategies import STRATEGIES, strategy_names
from refinegraph.options.suggestions import models
from refinegraph.repl import looking, settings
from refinegraph.repl.completion import Completable, Suggestion
from refinegraph.repl.session import Session
from refinegraph.repl.tour import example

Values = Callable[[Session, str], Iterable[Suggestion]]
"""Returns the possible completions of a command's argument."""


class Command(NamedTuple):
    """One command."""

    name: str
    argument: str
    """The argument as the help shows it; empty for none."""
    summary: str
    run: Callable[[Session, str], None]
    values: Values | None = None
    files: bool = False
    """Whether its argument is a path."""


def run_command(session: Session, line: str) -> None:
    """Run a line that begins with a slash.

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
    """Return the command that a line means, or None for a problem.

    In any program people leave with `exit` and ask with `help` or `?`; no problem is one such
    word.

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


def completables(session: Session) -> dict[str, Completable]:
    """Return the commands as the completion sees them."""
    return {name: _completable(command, session) for name, command in COMMANDS.items()}


def _completable(command: Command, session: Session) -> Completable:
    values = command.values
    return Completable(command.summary, partial(values, session) if values else None, command.files)


def _example(session: Session, argument: str) -> None:
    number = (
        settings.whole_number("/example", argument, minimum=1) if argument else session.examples + 1
    )
    session.examples = number
    problem = example(number)
    session.say(f"\n{problem.prompt}\n")
    session.solve(problem, announced=True)


def _new(session: Session, argument: str) -> None:
    session.forget()
    if argument:
        session.begin(argument)
    else:
        session.say("  the next line begins a new problem")


def _change(session: Session, argument: str) -> None:
    if not argument:
        raise InputError("/change takes what to change, such as /change handle empty lists.")
    session.follow_up(argument)


def _retry(session: Session, argument: str) -> None:
    if session.problem is not None:
        session.change(seed=(session.options.seed or 0) + 1)
    session.retry()


def _fix(session: Session, argument: str) -> None:
    if not argument:
        raise InputError("give the command that runs the tests, such as /fix pytest -q")
    session.fix(argument)


def _help(session: Session, argument: str) -> None:
    for command in COMMANDS.values():
        usage = f"/{command.name} {command.argument}"
        session.say(f"  {usage:<20} {command.summary}", indent=23)
    session.say(f"\n{_KEYS}", "dim", indent=2)


def _quit(session: Session, argument: str) -> None:
    raise EOFError


_KEYS = """\
  Enter or Ctrl-J sends the line; Esc then Enter (or Alt-Enter) begins another line of it.
  Tab completes commands, strategies, models and files; the arrow keys recall earlier lines.
  A line such as "now also handle empty lists" changes the last answer; /new begins afresh.
  Ctrl-C stops a run and keeps the best so far; Ctrl-D leaves."""


def _strategies(session: Session, typed: str) -> Iterable[Suggestion]:
    for name in strategy_names():
        strategy = STRATEGIES.get(name)
        yield Suggestion(name, strategy.summary if strategy else "published system")


def _models(session: Session, typed: str) -> Iterable[Suggestion]:
    return map(Suggestion, models())


def _kinds(session: Session, typed: str) -> Iterable[Suggestion]:
    return (
        Suggestion(settings.AUTO, "judged by the wording"),
        *(Suggestion(name, summary) for name, summary in settings.KINDS.items()),
    )


def _options(session: Session, typed: str) -> Iterable[Suggestion]:
    """Return the names of options, and behind a name the values that it may have."""
    options = settings.settable()
    name, space, _ = typed.partition(" ")
    if not space:
        return (Suggestion(name, option.help) for name, option in options.items())
    if name == "strategy":
        return _strategies(session, typed)
    if name == "model" or name.endswith("_model"):
        return _models(session, typed)
    return map(Suggestion, options[name].value.suggestions if name in options else ())


def _candidates(session: Session, typed: str) -> Iterable[Suggestion]:
    return map(Suggestion, looking.candidate_ids(session))


def _numbers(session: Session, typed: str) -> Iterable[Suggestion]:
    return (Suggestion("numbers", "with the numbers behind every decision"),)


COMMANDS = {
    command.name: command
    for command in (
        Command("example", "[N]", "solve the next bundled task, or the N-th", _example),
        Command("new", "[TEXT]", "begin a new problem instead of changing the answer", _new),
        Command("change", "TEXT", "change the last answer, whatever the line looks like", _change),
        Command("retry", "", "solve the last problem again, with another seed", _retry),
        Command("model", "[NAME]", "use another model", settings.set_model, _models),
        Command(
            "strategy",
            "[NAME]",
            "list strategies, or use another",
            settings.set_strategy,
            _strategies,
        ),
        Command(
            "kind",
            "[NAME]",
            "what problems ask for: auto, code, math, choice, text",
            settings.set_kind,
            _kinds,
        ),
        Command(
            "tests",
            "[FILE]",
            "tests for the problems to come, or none",
            settings.set_tests,
            files=True,
        ),
        Command(
            "samples",
            "[K]",
            "maximum number of candidates to sample",
            settings.set_count("samples", "samples", minimum=1),
        ),
        Command(
            "rounds",
            "[N]",
            "maximum number of refinement rounds",
            settings.set_count("rounds", "rounds", minimum=0),
        ),
        Command(
            "budget",
            "[TOKENS]",
            "stop a run after this many tokens",
            settings.set_count("budget", "budget_tokens", minimum=1),
        ),
        Command("set", "[NAME VALUE]", "list or change any option", settings.set_option, _options),
        Command("why", "[numbers]", "explain the decisions of the last run", looking.why, _numbers),
        Command(
            "show",
            "[ID]",
            "tell the last run in words, or print a candidate",
            looking.show,
            _candidates,
        ),
        Command("diff", "A B", "compare two candidates", looking.diff, _candidates),
        Command("run", "CODE", "run a line of Python in the sandbox", looking.run_code),
        Command("fix", "CMD", "repair the checkout in this folder; CMD runs its tests", _fix),
        Command("open", "", "write the last run as an HTML page and open it", looking.open_page),
        Command("graph", "[NAME]", "draw a strategy's graph", looking.graph, _strategies),
        Command("save", "FILE", "write the answer, or the run as .json", looking.save, files=True),
        Command("help", "", "print this list", _help),
        Command("quit", "", "leave", _quit),
    )
}
"""Every command by its name."""

_ALIASES = {"exit": "quit", "q": "quit", ":q": "quit", "bye": "quit", "?": "help", "h": "help"}
"""Other names of commands."""
