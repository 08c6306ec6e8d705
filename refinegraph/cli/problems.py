"""The problem that the arguments name."""

import argparse
import sys
from typing import NamedTuple

from rich.text import Text

from refinegraph.cli.files import read_stdin, read_text
from refinegraph.datasets import BadRecord, load_dataset, select_problems
from refinegraph.datasets.fields import plain_lines
from refinegraph.errors import InputError
from refinegraph.schema import Problem
from refinegraph.terminal.transcript import Line
from refinegraph.tools.problem_kinds import KindGuess, infer_kind
from refinegraph.tools.test_cases import parse_tests


class Named(NamedTuple):
    """A problem, and how its kind was found out."""

    problem: Problem
    guess: KindGuess | None = None
    """The kind that the wording suggests; None if the kind was specified."""

    @property
    def kind_lines(self) -> list[Line]:
        """The line that says which kind was inferred, unless it goes without saying."""
        if self.guess is None or self.guess.is_plain:
            return []
        words = f"{self.guess.kind}, since {self.guess.reason}; --kind chooses another"
        return [Line("kind", Text(words, style="dim"))]


def read_problem(options: argparse.Namespace) -> Named:
    """Return the problem with its visible tests; a dataset's hidden tests are left behind.

    Raises `InputError` if there is no problem, more than one, or tests that do not parse.
    """
    if options.dataset and options.text:
        raise InputError("a problem was given twice, as TEXT and by --dataset; give one.")
    if options.dataset and options.kind:
        raise InputError("--kind is for a problem given as TEXT; a dataset states its own kinds.")
    if options.dataset:
        problem = _from_dataset(options.dataset, options.id)
        return Named(_with_tests(problem, options.tests) if options.tests else problem)
    if options.id is not None:
        raise InputError("--id was given without --dataset; name the file that contains it.")
    statement = _statement(options.text)
    guess = None if options.kind else infer_kind(statement, tests=options.tests or "")
    problem = Problem(prompt=statement, kind=guess.kind if guess else options.kind)
    return Named(_with_tests(problem, options.tests) if options.tests else problem, guess)


def _statement(text: str | None) -> str:
    """Return the statement: an argument, or standard input if it is piped or requested."""
    given = _piped() if text is None else read_stdin() if text == "-" else _argument(text)
    statement = plain_lines(given)
    if text is None and not statement.strip():
        raise InputError("no problem was given; pass it as TEXT, pipe it in, or use --dataset.")
    if not statement.strip():
        raise InputError("the problem is empty; say in words what is to be solved.")
    return statement


def _piped() -> str:
    """Return piped input; empty if standard input is a terminal or cannot be read."""
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    try:
        return read_stdin()
    except OSError:
        return ""


def _argument(text: str) -> str:
    """Return an argument as the UTF-8 text that was passed, whatever the locale is.

    In a locale such as `C` without Python's UTF-8 mode, every byte beyond ASCII arrives as half of
    a character.
    """
    try:
        return text.encode("utf-8", "surrogateescape").decode()
    except UnicodeError:
        raise InputError("the problem is not UTF-8 text; pass it as UTF-8.") from None


def _from_dataset(name: str, id: str | None) -> Problem:
    if id is None:
        raise InputError("--dataset was given without --id; name one of its problems.")
    bad_records: list[BadRecord] = []
    problems = load_dataset(name, bad_records=bad_records)
    return next(select_problems(problems, ids=[id], bad_records=bad_records)).problem


def _with_tests(problem: Problem, name: str) -> Problem:
    tests = read_text(name, "the tests")
    try:
        cases = parse_tests(tests, entry_point=problem.entry_point)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    if not cases:
        raise InputError(f"{name} holds no test; expected Python such as 'assert add(1, 2) == 3'.")
    return problem.model_copy(update={"tests": tests})
