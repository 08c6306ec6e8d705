"""The problem that the arguments name."""

import argparse

from refinegraph.cli.files import read_stdin, read_text
from refinegraph.datasets import BadRecord, load_dataset, select_problems
from refinegraph.datasets.fields import plain_lines
from refinegraph.errors import InputError
from refinegraph.schema import Problem
from refinegraph.tools.test_cases import parse_tests


def read_problem(options: argparse.Namespace) -> Problem:
    """Return the problem with its visible tests; what is hidden of a data set stays behind.

    Raises `InputError` where there is none, or more than one, or tests that do not parse.
    """
    if options.dataset and options.text:
        raise InputError("a problem was given twice, as TEXT and by --dataset; give one.")
    if options.dataset and options.kind:
        raise InputError("--kind goes with a problem in TEXT; a data set says of what kind it is.")
    if options.dataset:
        problem = _from_dataset(options.dataset, options.id)
    elif options.id is not None:
        raise InputError("--id was given without --dataset; name the file that it is in.")
    else:
        problem = Problem(prompt=_statement(options.text), kind=options.kind or "code")
    return _with_tests(problem, options.tests) if options.tests else problem


def _statement(text: str | None) -> str:
    if text is None:
        raise InputError("no problem was given; pass it as TEXT, - to read it, or --dataset.")
    statement = plain_lines(read_stdin() if text == "-" else _argument(text))
    if not statement.strip():
        raise InputError("the problem is empty; say in words what is to be solved.")
    return statement


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
        raise InputError("--dataset was given without --id; name one problem of it.")
    left_out: list[BadRecord] = []
    problems = load_dataset(name, left_out=left_out)
    return next(select_problems(problems, ids=[id], left_out=left_out)).problem


def _with_tests(problem: Problem, name: str) -> Problem:
    tests = read_text(name, "the tests")
    try:
        found = parse_tests(tests, entry_point=problem.entry_point)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    if not found:
        raise InputError(f"{name} holds no test; expected Python such as 'assert add(1, 2) == 3'.")
    return problem.model_copy(update={"tests": tests})
