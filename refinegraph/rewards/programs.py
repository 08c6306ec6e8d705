"""Judge what a model wrote by tests, as a reward needs it: quickly, and never by its own word."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

from refinegraph.errors import SandboxUnavailable
from refinegraph.schema import Gold, LabelledProblem, Problem, Verdict
from refinegraph.tools.programs import extract_program
from refinegraph.tools.programs.entry_points import infer_entry_point
from refinegraph.tools.sandbox import Sandbox, SandboxPolicy
from refinegraph.tools.test_cases.checking import HiddenTests


class Attempt(NamedTuple):
    """What became of one completion."""

    program: str | None
    verdict: Verdict | None
    """None where there was no program to run."""
    fault: str = ""
    """Why there was no program, in one sentence."""

    @property
    def passed(self) -> bool:
        """Whether every test passed."""
        return self.verdict is not None and self.verdict.passed

    @property
    def share(self) -> float:
        """The share of the tests that passed: 1 only where the verdict says so."""
        if self.verdict is None or self.passed or not self.verdict.tests:
            return float(self.passed)
        passed = sum(outcome.passed for outcome in self.verdict.tests)
        # A run can be refused as a whole after its last test passed.
        return min(passed, len(self.verdict.tests) - 1) / len(self.verdict.tests)


class ProgramTests:
    """Tests of one task, read once: assert lines, test functions, doctests or JSON cases.

    Raises `InputError` for tests that cannot be read.
    """

    def __init__(self, tests: str, *, entry_point: str | None = None, preamble: str = "") -> None:
        # Only with a name do the tests keep their builtins where the program defines its own.
        self._name = entry_point or infer_entry_point("", tests)
        self._preamble = preamble
        problem = Problem(prompt="", entry_point=self._name, preamble=preamble)
        self._hidden = HiddenTests(LabelledProblem(problem, Gold(tests=tests)))

    async def attempt(self, completion: str, sandbox: Sandbox) -> Attempt:
        """Run the program in a completion against the tests; costs a sandbox run or a few.

        Raises `SandboxUnavailable` where the sandbox fails twice: that says nothing of the program.
        """
        found = extract_program(completion, entry_point=self._name, preamble=self._preamble)
        if found.source is None:
            return Attempt(None, None, found.problem or "")
        verdict = await self._hidden.check(sandbox, found.source)
        if verdict.status == "sandbox_error":
            verdict = await self._hidden.check(sandbox, found.source)
        if verdict.status == "sandbox_error":
            raise SandboxUnavailable(verdict.detail)
        return Attempt(found.source, verdict)


@lru_cache(maxsize=4096)  # a group of samples shares its tests, and epochs repeat them
def read_tests(tests: str, entry_point: str | None, preamble: str) -> ProgramTests:
    """Return the tests of a task, from memory where they were read before."""
    return ProgramTests(tests, entry_point=entry_point, preamble=preamble)


def sandbox_for(timeout: float) -> Sandbox:
    """Return a sandbox whose runs end after so many seconds, whether they compute or wait."""
    return Sandbox(
        policy=SandboxPolicy(wall_seconds=timeout, cpu_seconds=max(1, math.ceil(timeout)))
    )


def as_source(tests: Any) -> str | None:
    """Return tests as text, joined where a column holds a list of lines; None for none."""
    if isinstance(tests, str):
        return tests if tests.strip() else None
    if not isinstance(tests, list | tuple):
        return None
    return as_source("\n".join(map(str, cast("Sequence[Any]", tests))))


def text_of(completion: Any) -> str:
    """Return what a model wrote: a completion as text, or the last of its messages."""
    if isinstance(completion, str):
        return completion
    if isinstance(completion, list | tuple):
        messages = cast("Sequence[Any]", completion)
        return text_of(messages[-1]) if messages else ""
    content: Any = getattr(completion, "content", None)
    if isinstance(completion, dict):
        content = cast("dict[str, Any]", completion).get("content")
    if isinstance(content, list):
        parts = cast("list[dict[str, Any]]", content)
        return "".join(str(part.get("text") or "") for part in parts)
    return content if isinstance(content, str) else ""
