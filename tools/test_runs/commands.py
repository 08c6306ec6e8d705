"""Recognise the runner of a test command and choose how to read its results."""

import re
import shlex
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from refinegraph.errors import InputError
from refinegraph.tools.test_runs.results import Format

REPORT = ".refinegraph-report"
"""The file at the root of a tree that a runner writes its report to."""
_FIRST_WORDS = 8
"""Words of a command that are searched for its runner: `env A=1 poetry run python -m pytest`."""
_SHELL_SIGNS = set("|&;<>()$`\\*?#~{}\n")


class Recipe(NamedTuple):
    """How to run a command so that it reports the outcome of every test."""

    words: tuple[str, ...]
    format: Format
    collect: tuple[str, ...] = ()
    """Patterns of its report files, relative to the tree."""
    only: tuple[str, ...] | None = None
    """Words before the names of the tests to run; None if tests cannot be selected."""


def recipe_for(command: str | Sequence[str]) -> Recipe:
    """Return how to run a command; a string that needs a shell is passed to one.

    Raises `InputError` if the command is empty or its quotes do not match.

    >>> recipe_for("python -m pytest -q").format
    'pytest'
    >>> recipe_for("go test ./...").words
    ('go', 'test', '-json', './...')
    """
    words = split_command(command)
    index, runner = _runner(words)
    if runner == "pytest":
        return Recipe(words, "pytest", only=())
    if runner == "go" and words[index + 1 : index + 2] == ("test",):
        after = words[index + 2 :]
        flag = () if "-json" in after else ("-json",)
        return Recipe((*words[: index + 2], *flag, *after), "go")
    if runner == "cargo" and "test" in words[index:]:
        return Recipe(words, "cargo")
    if runner == "jest":
        return Recipe(
            (*words, "--json", f"--outputFile={REPORT}.json"), "jest", (f"{REPORT}.json",)
        )
    if runner == "vitest":
        options = ("--reporter=junit", f"--outputFile={REPORT}.xml")
        return Recipe((*words, *options), "junit", (f"{REPORT}.xml",))
    if runner == "node" and "--test" in words:
        return Recipe(_with_node_reporter(words, index), "tap")
    if runner in ("mvn", "mvnw"):
        return Recipe(words, "junit", ("**/target/surefire-reports/TEST-*.xml",))
    if runner in ("gradle", "gradlew"):
        return Recipe(words, "junit", ("**/build/test-results/**/TEST-*.xml",))
    return Recipe(words, "exit code")


def split_command(command: str | Sequence[str]) -> tuple[str, ...]:
    """Return a command as words."""
    if not isinstance(command, str):
        words = tuple(command)
    elif _SHELL_SIGNS & set(re.sub(r"'[^']*'", "", command)):
        words = ("sh", "-c", command)
    else:
        try:
            words = tuple(shlex.split(command))
        except ValueError as error:
            raise InputError(f"the command {command!r} cannot be parsed: {error}.") from None
    if not words or not words[0]:
        raise InputError("the test command is empty; pass one such as 'pytest -q'.")
    if "=" in words[0] and re.fullmatch(r"\w+=.*", words[0]):
        words = ("env", *words)
    return words


def split_variables(words: Sequence[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Split a command into the environment variables before it and the rest.

    >>> split_variables(["env", "A=1", "pytest", "-q"])
    ({'A': '1'}, ('pytest', '-q'))
    """
    variables: dict[str, str] = {}
    rest = list(words)
    if rest[:1] == ["env"]:
        while len(rest) > 2 and re.fullmatch(r"\w+=.*", rest[1], re.DOTALL):
            name, _, value = rest.pop(1).partition("=")
            variables[name] = value
        if variables and not rest[1].startswith("-"):
            del rest[0]
    return variables, tuple(rest)


_RUNNERS = {
    "py.test": "pytest",
    "npx": "",
    **{
        name: name
        for name in (
            *("pytest", "go", "cargo", "jest", "vitest", "node"),
            *("mvn", "mvnw", "gradle", "gradlew"),
        )
    },
}


def _runner(words: Sequence[str]) -> tuple[int, str]:
    """Return the index and the name of the runner in a command."""
    if words[0] == "sh" and len(words) == 3:
        inner = re.search(r"(?:^|[\s;&|(/])(pytest|py\.test)(?=\s|$)", words[2])
        return (2, "pytest") if inner else (0, "")
    for index, word in enumerate(words[:_FIRST_WORDS]):
        name = _RUNNERS.get(PurePosixPath(word).name, "")
        if name:
            return index, name
    return 0, ""


def _with_node_reporter(words: tuple[str, ...], index: int) -> tuple[str, ...]:
    if any(word.startswith("--test-reporter") for word in words):
        return words
    return (*words[: index + 1], "--test-reporter=tap", *words[index + 1 :])
