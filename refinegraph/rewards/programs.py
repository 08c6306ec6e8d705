"""Extract a program from a completion and judge it by tests, for use in rewards."""

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
    """The program in one completion, and its verdict."""

    program: str | None
    verdict: Verdict | None
    """None if there was no program to run."""
    fault: str = ""
    """Why the completion contains no program, in one sentence."""

    @property
    def passed(self) -> bool:
        """Whether every test passed."""
        return self.verdict is not None and self.verdict.passed

    @property
    def share(self) -> float:
        """The share of the tests that passed; 1 only if the verdict is that all of them passed."""
        if self.verdict is None or self.passed or not self.verdict.tests:
            return float(self.passed)
        passed = sum(outcome.passed for outcome in self.verdict.tests)
        # A verdict can reject a run as a whole even though each of its tests passed.
        return min(passed, len(self.verdict.tests) - 1) / len(self.verdict.tests)


class ProgramTests:
    """The parsed tests of one task: assert lines, test functions, doctests or JSON cases.

    Raises `InputError` if the tests cannot be parsed.
    """

    def __init__(self, tests: str, *, entry_point: str | None = None, preamble: str = "") -> None:
        # Tests are protected from builtins that a program redefines only if the name is known.
        self._name = entry_point or infer_entry_point("", tests)
        self._preamble = preamble
        problem = Problem(prompt="", entry_point=self._name, preamble=preamble)
        self._hidden = HiddenTests(LabelledProblem(problem, Gold(tests=tests)))

    async def attempt(self, completion: str, sandbox: Sandbox) -> Attempt:
        """Run the program in a completion against the tests; costs one or more sandbox runs.

        Raises `SandboxUnavailable` if the sandbox fails twice, because its failure says nothing
        about the program.
        """
        extracted = extract_program(completion, entry_point=self._name, preamble=self._preamble)
        if extracted.source is None:
            return Attempt(None, None, extracted.problem or "")
        verdict = await self._hidden.check(sandbox, extracted.source)
        if verdict.status == "sandbox_error":
            verdict = await self._hidden.check(sandbox, extracted.source)
        if verdict.status == "sandbox_error":
            raise SandboxUnavailable(verdict.detail)
        return Attempt(extracted.source, verdict)


@lru_cache(maxsize=4096)  # a group of samples shares its tests, and epochs repeat them
def read_tests(tests: str, entry_point: str | None, preamble: str) -> ProgramTests:
    """Return the parsed tests of a task, from a cache if they were parsed before."""
    return ProgramTests(tests, entry_point=entry_point, preamble=preamble)


def sandbox_for(timeout: float) -> Sandbox:
    """Return a sandbox that ends a run after `timeout` seconds of elapsed or of CPU time."""
    return Sandbox(
        policy=SandboxPolicy(wall_seconds=timeout, cpu_seconds=max(1, math.ceil(timeout)))
    )


def as_source(tests: Any) -> str | None:
    """Return the tests of a column as text; a list of lines is joined, and no tests give None."""
    if isinstance(tests, str):
        return tests if tests.strip() else None
    if not isinstance(tests, list | tuple):
        return None
    return as_source("\n".join(map(str, cast("Sequence[Any]", tests))))


def text_of(completion: Any) -> str:
    """Return the text of a completion, or of its last message if it is a list of messages."""
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
