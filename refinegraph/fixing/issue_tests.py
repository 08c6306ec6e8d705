"""Tests that a model writes from the description of a fault."""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from refinegraph.errors import ModelError
from refinegraph.fixing.sources import Sources
from refinegraph.fixing.suites import Changes, Suite
from refinegraph.schema import CaseOutcome, Problem
from refinegraph.tools.programs.fences import fenced_blocks
from refinegraph.tools.programs.python_source import parse_module

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_MAX_TESTS = 12
"""Tests to keep: enough to tell patches apart, and quick to run beside any suite. A choice."""
_MAX_EXAMPLE = 1_500
"""Characters of an existing test file in the prompt, which show its imports and its style."""
_TEMPERATURE = 0.8
"""As for a Solver with several samples: the test files have to differ."""
_BROKEN = re.compile(r"^(?:NameError|ImportError|ModuleNotFoundError|SyntaxError|fixture )")
"""Errors of tests that are themselves wrong."""


class _Written(NamedTuple):
    files: Mapping[str, str]
    """The test files, by path."""
    names: tuple[str, ...]
    """The tests that fail on the unchanged checkout."""


class IssueTests:
    """Write tests for an issue, and run them on patches.

    A test is kept if it fails on the unchanged checkout, and not because of an error in itself,
    such as a missing import. It is a guess about what the issue asks for, so it ranks patches and
    proves nothing. The tests are written on first use, at the cost of `files` samples and one run
    of the test command; afterwards, every patch costs one run of only these tests.

    Args:
        model: The model that writes the tests.
        suite: The test command of the checkout, which has to be pytest's.
        sources: The files of the checkout.
        files: The number of test files to ask for; independent guesses are worth more than one
            long list.
        seed: Makes the samples reproducible if the provider supports it.
    """

    def __init__(
        self,
        model: "BaseChatModel",
        suite: Suite,
        sources: Sources,
        *,
        files: int = 3,
        seed: int | None = None,
    ) -> None:
        self.model = model
        self.suite = suite
        self.sources = sources
        self.files = files
        self.seed = seed
        self._written: asyncio.Future[_Written] | None = None

    async def outcomes(self, problem: Problem, changes: Changes) -> tuple[CaseOutcome, ...]:
        """Return the outcomes of the tests on a patch; none if no usable test could be written."""
        if self._written is None:
            self._written = asyncio.ensure_future(self._write(problem))
        written = await self._written
        if not written.names:
            return ()
        run = await self._run({**changes, **written.files})
        missing = {name: CaseOutcome(id=name, status="error") for name in written.names}
        return tuple(run.get(name, missing[name]) for name in written.names)

    async def _write(self, problem: Problem) -> _Written:
        try:
            texts = await self._answers(problem)
        except ModelError:
            return _Written({}, ())  # without these tests, patches are only ranked less well
        folder = _test_folder(self.sources)
        programs = dict.fromkeys(program for text in texts if (program := _test_file(text)))
        files = dict(zip(_free_paths(folder, self.sources), programs, strict=False))
        outcomes = await self._run(files) if files else {}
        names = [
            name for name, outcome in outcomes.items() if "::" in name and _reproduces(outcome)
        ]
        return _Written(files, tuple(names[:_MAX_TESTS]))

    async def _answers(self, problem: Problem) -> list[str]:
        from refinegraph.agents.models import Sampling, generate
        from refinegraph.agents.prompts.repository import ISSUE_TESTS

        path, example = _example(self.sources)
        messages = ISSUE_TESTS.messages(problem=problem.prompt.strip(), path=path, example=example)
        sampling = Sampling(temperature=_TEMPERATURE, seed=self.seed)
        answer = await generate(self.model, messages, n=self.files, sampling=sampling)
        return [choice.text for choice in answer.choices]

    async def _run(self, changes: Changes) -> dict[str, CaseOutcome]:
        """Return the outcomes of the tests in these files."""
        paths = [path for path in changes if _is_issue_test(path)]
        run = await self.suite.run(changes, only=[f"{self.sources.root}/{path}" for path in paths])
        return {name: outcome for name, outcome in run.tests.items() if _is_issue_test(name)}

    def __repr__(self) -> str:
        """Return the number of test files."""
        return f"IssueTests(files={self.files})"


_NAME = "test_of_the_issue"


def _is_issue_test(name: str) -> bool:
    return name.partition("::")[0].rpartition("/")[2].startswith(_NAME)


def _free_paths(folder: str, sources: Sources) -> Iterator[str]:
    """Yield paths of new test files."""
    number = 0
    while True:
        number += 1
        path = f"{folder}{_NAME}_{number}.py"
        if path not in sources.every_file:
            yield path


def _test_file(answer: str) -> str | None:
    """Return the test file of an answer, or None if it contains no test."""
    programs = [block.source for block in fenced_blocks(answer)] or [answer]
    program = next((text for text in programs if "def test" in text), None)
    return program if program and parse_module(program) else None


def _reproduces(outcome: CaseOutcome) -> bool:
    """Return whether a test fails, and not because it is wrong itself."""
    return outcome.status == "failed" and not _BROKEN.match(outcome.error or "")


def _test_paths(sources: Sources) -> Sequence[str]:
    names = (path for path in sources.protected if path.endswith(".py"))
    return [path for path in names if path.rpartition("/")[2].startswith("test_")]


def _test_folder(sources: Sources) -> str:
    """Return the directory of the first test file, with a slash; empty for the root."""
    paths = _test_paths(sources)
    folder = paths[0].rpartition("/")[0] if paths else ""
    return f"{folder}/" if folder else ""


def _example(sources: Sources) -> tuple[str, str]:
    """Return the path and the first lines of a test file, or a sentence if there is none."""
    paths = _test_paths(sources)
    if not paths:
        return "no test file", "(the project has no tests yet)"
    return paths[0], sources.protected[paths[0]][:_MAX_EXAMPLE]
