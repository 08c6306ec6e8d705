"""The types of checkers, which prove or refute candidates, and of answer readers."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from refinegraph.schema import Candidate, Problem, Verdict, VisibleTest
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.test_cases.checking import check_program

Checker = Callable[[Problem, Candidate, Sequence[VisibleTest]], Awaitable[Verdict]]
"""An async function that checks a candidate against visible tests and returns a verdict.

It is called once for every candidate that has a program. A checker that needs no tests, such as a
proof assistant, sets its attribute `checks_without_tests` to true.
"""


class sandbox_checker:
    """Run a candidate's program against its tests in a sandbox."""

    def __init__(self, sandbox: Sandbox | None = None) -> None:
        self.sandbox = sandbox or Sandbox()

    async def __call__(
        self, problem: Problem, candidate: Candidate, tests: Sequence[VisibleTest]
    ) -> Verdict:
        """Return the verdict; costs what `check_program` costs."""
        return await check_program(self.sandbox, candidate.program or "", tests, problem=problem)

    def __repr__(self) -> str:
        """Return the constructor call."""
        return "sandbox_checker()"


class Reading(NamedTuple):
    """The program that was read from an answer."""

    program: str | None = None
    unusable: str | None = None
    """Why there is no program, in one sentence."""
    equivalence_class: str | None = None
    """The equivalence class of the answer: equal for answers with the same program."""


AnswerReader = Callable[[str, Problem], Reading]
"""A function that reads the program out of a model's answer to a problem."""
