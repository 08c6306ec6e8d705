"""A multi-turn environment: submit a program, read which tests failed, submit a repair."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from refinegraph.agents.feedback import format_verdict
from refinegraph.errors import InputError
from refinegraph.rewards.programs import Attempt, ProgramTests, as_source, read_tests, sandbox_for
from refinegraph.schema import Candidate
from refinegraph.tools.sandbox import Sandbox


class Turn(NamedTuple):
    """One submission and its result."""

    program: str | None
    """The submitted program; None if the submission contained none."""
    review: str
    """The feedback that the model received: the visible tests that failed, and what they got."""
    passed: bool
    """Whether the program passed every test, including hidden ones."""
    reward: float
    """The share of passed tests, minus the share after the previous turn."""


class RepairEnvironment:
    """An episode of submissions and feedback, for TRL's `environment_factory` or a custom loop.

    The reward of a turn is the gain in the share of tests that pass. The rewards of all turns
    therefore add up to the share of the last program, and breaking a program in order to repair it
    earns nothing. If a row has `hidden_tests`, rewards are computed from these, and the model never
    sees them; otherwise the visible tests count.

    >>> import asyncio
    >>> async def episode() -> list[float]:
    ...     environment = RepairEnvironment()
    ...     environment.reset(tests="assert add(1, 2) == 3\\nassert add(1, 1) == 2")
    ...     for program in ("def add(a, b): return 3", "def add(a, b): return a + b"):
    ...         review = await environment.submit(program)
    ...     return [turn.reward for turn in environment.turns]
    >>> asyncio.run(episode())
    [0.5, 0.5]
    """

    def __init__(
        self, *, max_turns: int = 4, timeout: float = 5.0, sandbox: Sandbox | None = None
    ) -> None:
        if max_turns < 1:
            raise InputError(f"max_turns={max_turns} is too few; expected 1 or more.")
        self._max_turns = max_turns
        self._sandbox = sandbox or sandbox_for(timeout)
        self._row: dict[str, Any] = {}
        self._share = 0.0
        self.turns: list[Turn] = []
        """The submissions since the last reset."""

    def reset(self, **row: Any) -> None:
        """Start a new episode with a row of the dataset.

        The row needs `tests` and may have `hidden_tests`, `entry_point` and `preamble`. Raises
        `InputError` if it has no tests or if its tests cannot be parsed.
        """
        self._row, self._share, self.turns = row, 0.0, []
        for name in ("tests", "hidden_tests"):
            self._tests(name)

    async def submit(self, program: str) -> str:
        """Submit a Python program and find out which tests it fails.

        Args:
            program: The complete program, as source text.

        Returns:
            The tests that failed, each with its expected and its actual result.
        """
        if self.turns and self.turns[-1].passed:
            return "Every test has already passed; nothing more is needed."
        if len(self.turns) >= self._max_turns:
            return "No turns are left."
        shown = await self._tests("tests").attempt(program, self._sandbox)
        judged = shown
        if as_source(self._row.get("hidden_tests")):
            judged = await self._tests("hidden_tests").attempt(program, self._sandbox)
        review = _review(shown)
        self.turns.append(Turn(judged.program, review, judged.passed, judged.share - self._share))
        self._share = judged.share
        return review

    async def get_reward(self) -> float:
        """Return 1 if the last program passed every test, and 0 otherwise."""
        return float(bool(self.turns) and self.turns[-1].passed)

    def _tests(self, name: str) -> ProgramTests:
        source = as_source(self._row.get(name)) or as_source(self._row.get("tests"))
        if source is None:
            raise InputError("the row has no column 'tests'; expected the tests of the program.")
        entry_point, preamble = self._row.get("entry_point"), self._row.get("preamble")
        return read_tests(source, entry_point or None, preamble or "")


def repair_environment(**settings: Any) -> Callable[[], RepairEnvironment]:
    """Return a factory of environments with these settings, for TRL's `environment_factory`.

    >>> repair_environment(max_turns=2)().turns
    []
    """
    return partial(RepairEnvironment, **settings)


def _review(attempt: Attempt) -> str:
    candidate = Candidate(
        id="0.0",
        text=attempt.program or "",
        program=attempt.program,
        unusable=attempt.fault or None,
        verdict=attempt.verdict,
    )
    return format_verdict(candidate)
