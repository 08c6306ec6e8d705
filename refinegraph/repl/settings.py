"""Session commands that change how the problems to come are solved."""

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from refinegraph.errors import InputError
from refinegraph.graphs.strategies import STRATEGIES, find_strategy
from refinegraph.options import RunOptions
from refinegraph.options.option_set import Option, shown
from refinegraph.repl.session import Session
from refinegraph.schema import Kind
from refinegraph.terminal.waiting import patiently
from refinegraph.tools.test_cases import parse_tests
from refinegraph.values import UnfitValue, nearest
from refinegraph.wording import plural

NONE = ("none", "off", "default")
"""Words that take a setting back."""
KINDS: dict[Kind, str] = {
    "code": "a Python program, proved by running it",
    "math": "a number or an expression",
    "choice": "one of the options that the problem lists",
    "text": "any other short answer",
}
"""The kinds of problems, and what answers them."""
AUTO = "auto"
"""Judge the kind of every problem by its wording."""


def set_model(session: Session, argument: str) -> None:
    """Use another model, or name the one in use."""
    if not argument:
        session.say(f"  the model is {session.options.model}")
        return
    from refinegraph.agents.models import resolve_model

    base = session.options.api_base
    patiently(lambda: resolve_model(argument, api_base=base), "loading what reaches the model")
    session.change(model=argument)
    session.say(f"  from now on: {argument}")


def set_strategy(session: Session, argument: str) -> None:
    """Use another strategy, then list the package's own."""
    if argument:
        session.change(strategy=find_strategy(argument).name)
    current = session.options.strategy
    for strategy in STRATEGIES.values():
        mark = "●" if strategy.name == current else " "
        session.say(f"  {mark} {strategy.name:<17} {strategy.summary}", indent=22)
    if current not in STRATEGIES:
        session.say(f"  ● {current:<17} {find_strategy(current).summary}", indent=22)
    session.say("  `refinegraph strategies` lists published systems as well.", "dim")


def set_tests(session: Session, argument: str) -> None:
    """Set tests for the problems to come, from a file or an assert line."""
    if not argument:
        session.say(f"  {session.tests or 'no tests are set'}")
        return
    text = "" if argument in NONE else _text_of(argument)
    if text and not parse_tests(text):
        raise InputError(
            f"there is no test in {argument!r}; give a file of asserts, or one such as "
            "/tests assert add(1, 2) == 3"
        )
    session.tests = text
    count = plural(len(parse_tests(text)), "test") if text else "no tests"
    session.say(f"  {count} for the problems to come")


def _text_of(argument: str) -> str:
    if argument.startswith("assert "):
        return argument
    try:
        return Path(argument).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError(
            f"{argument!r} is neither a file that can be read nor an assert line."
        ) from None


def set_kind(session: Session, argument: str) -> None:
    """Set the kind of later problems, or let their wording decide."""
    if argument and argument in (AUTO, *NONE):
        session.kind = None
    elif argument and argument not in KINDS:
        near = difflib.get_close_matches(argument, KINDS, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        known = ", ".join((AUTO, *KINDS))
        raise InputError(f"unknown kind {argument!r}{hint}; known: {known}.")
    elif argument:
        session.kind = argument
    rows: dict[str, str] = {AUTO: "judged by the wording of every problem"}
    rows.update((str(name), summary) for name, summary in KINDS.items())
    for name, summary in rows.items():
        mark = "●" if name == (session.kind or AUTO) else " "
        session.say(f"  {mark} {name:<7} {summary}")


def set_count(name: str, option: str, *, minimum: int) -> Callable[[Session, str], None]:
    """Return the command that sets an option to a whole number."""

    def run(session: Session, argument: str) -> None:
        if argument:
            value = (
                None if argument in NONE else whole_number(f"/{name}", argument, minimum=minimum)
            )
            session.change(**{option: value})
        now = getattr(session.options, option)
        session.say(f"  {name}: {_in_words(name, now)}")

    return run


def _in_words(name: str, value: int | None) -> str:
    if value is not None:
        return f"{value:,}"
    return "none" if name == "budget" else "as the strategy chooses"


def set_option(session: Session, argument: str) -> None:
    """Set any option of a run by its name, or list those that differ from their defaults."""
    name, _, text = argument.partition(" ")
    if not name:
        _show_options(session)
        return
    options = settable()
    option = options.get(name)
    if option is None:
        raise InputError(f"unknown option {name!r}{nearest(name, list(options))}; see /set.")
    if text.strip():
        session.change(**{name: _value(name, option, text.strip())})
    session.say(f"  {name}: {shown(getattr(session.options, name))}  ({option.help})")


def _show_options(session: Session) -> None:
    defaults = RunOptions()
    for name in settable():
        value = getattr(session.options, name)
        if value != getattr(defaults, name):
            session.say(f"  {name}: {shown(value)}")
    names = ", ".join(settable())
    session.say(f"  /set NAME VALUE, or /set NAME default. Names: {names}", "dim")


def settable() -> dict[str, Option]:
    """Return the options that `/set` changes; `ask` would wait for answers while a run is drawn."""
    return {
        name: option
        for name, option in RunOptions.declared.items()
        if "solve" in option.commands.split() and name not in ("ask", "kind")
    }


def _value(name: str, option: Option, text: str) -> Any:
    if text in NONE:
        return getattr(RunOptions(), name)
    try:
        return option.value.read(text)
    except UnfitValue as error:
        raise InputError(f"{name}={shown(text)} {error}.") from None


def whole_number(name: str, text: str, *, minimum: int) -> int:
    """Read a whole number; raises `InputError` that names the command."""
    if not text.isdecimal() or int(text) < minimum:
        raise InputError(f"{name} takes a whole number of at least {minimum}; got {text!r}.")
    return int(text)
