"""What proves or refutes a candidate: a checker is any async function with these parameters."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from refinegraph.schema import Candidate, Problem, Verdict, VisibleTest
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.test_cases.checking import check_program

Checker = Callable[[Problem, Candidate, Sequence[VisibleTest]], Awaitable[Verdict]]
"""Runs a candidate against visible tests. It is asked once for every candidate with a program.

A checker that needs no tests, such as a proof assistant, has an attribute `checks_without_tests`
that is true.
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
        """The call that makes it."""
        return "sandbox_checker()"


class Reading(NamedTuple):
    """What was read in an answer."""

    program: str | None = None
    unusable: str | None = None
    """Why there is no program, in one sentence."""
    answer_class: str | None = None
    """Shared by answers that amount to the same program."""


AnswerReader = Callable[[str, Problem], Reading]
"""Reads the program in what a model wrote."""
