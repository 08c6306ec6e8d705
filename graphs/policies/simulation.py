"""Run a policy on simulated problems with known rates, without a model or a sandbox.

A problem consists of a number of steps. A sample gets each step right at one rate. A repair fixes
one wrong step at another rate; otherwise it fails or repeats the program. Costs are the tokens that
an operator would use. The results show how a policy decides, and nothing about any real model.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from refinegraph.graphs.policies.base import Policy, as_decision
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import (
    Candidate,
    CaseOutcome,
    Decision,
    Frozen,
    Isolation,
    Move,
    Problem,
    Usage,
    Verdict,
    VisibleTest,
)
from refinegraph.support.awaiting import settle
from refinegraph.tools.test_cases import parse_tests

_TESTS = parse_tests("assert f(1) == 2\nassert f(2) == 4\nassert f(3) == 6", entry_point="f")
_VARIANTS = 20
"""Number of ways to get a step wrong, so that two failures are rarely the same program."""
_ISOLATION = Isolation(tier="none")


class Regime(Frozen):
    """The parameters of a simulated model on a family of problems."""

    name: str
    steps: int
    right: float = 0.8
    """Rate at which a sample gets a step right, averaged over problems."""
    mends: float = 0.41
    """Rate at which a repair fixes one wrong step."""
    spread: float = 0.0
    """Spread of `right` over problems: 0 for none; towards 1, all or nothing."""
    unchanged: float = 0.5
    """Share of failed repairs that return the program unchanged."""
    rewrites: bool = False
    """Whether a repair writes the whole program, like a sample, instead of an edit."""
    sample_tokens: float | None = None
    """Tokens of a sample; None for 12 per step."""
    repair_tokens: float | None = None
    """Tokens of a review and a repair; None for 28 plus 12, or plus a whole program if it
    rewrites."""

    @property
    def sample_cost(self) -> float:
        """Tokens of a sample."""
        return 12.0 * self.steps if self.sample_tokens is None else self.sample_tokens

    @property
    def repair_cost(self) -> float:
        """Tokens of a review and a repair."""
        if self.repair_tokens is not None:
            return self.repair_tokens
        return 28.0 + (self.sample_cost if self.rewrites else 12.0)


@dataclass(frozen=True)
class Trial:
    """The result of a simulated run."""

    solved: bool
    tokens: float
    decisions: tuple[Decision, ...]
    passed: tuple[bool, ...]
    """For every decision, whether one of its candidates passed."""


class _Run:
    """One simulated problem: its parameters and its state."""

    def __init__(self, regime: Regime, number: int, seed: int) -> None:
        self.regime = regime
        self.random = random.Random(f"{seed} {number}")
        self.right = _drawn_rate(regime, random.Random(f"{seed} {number} rate"))
        self.tokens = 0.0
        problem = Problem(id=f"{regime.name} {number}", prompt="Write f(x).", kind="code")
        self.state = RefinementState(problem=problem, tests=_TESTS, started=float(number))
        self.wrong: dict[str, tuple[int, ...]] = {}

    def cost(self, decision: Decision) -> float:
        """Return the cost of a decision."""
        repairs = len(decision.targets)
        return decision.samples * self.regime.sample_cost + repairs * self.regime.repair_cost

    def apply(self, decision: Decision) -> bool:
        """Carry out a decision; return whether any of its candidates passes."""
        self.tokens += self.cost(decision)
        candidates = [
            candidate for move in decision.moves for candidate in self._make(move, decision)
        ]
        self.state = self.state.model_copy(
            update={
                "candidates": (*self.state.candidates, *candidates),
                "decisions": (*self.state.decisions, decision),
                "round": decision.round,
                "usage": Usage(completion_tokens=round(self.tokens)),
            }
        )
        return any(candidate.verdict and candidate.verdict.passed for candidate in candidates)

    def _make(self, move: Move, decision: Decision) -> list[Candidate]:
        parent = move.parents[0] if move.parents else None
        drawn = [
            self._repaired(self.wrong[parent]) if parent else self._sampled()
            for _ in range(move.count)
        ]
        return [self._candidate(steps, parent, decision) for steps in drawn]

    def _sampled(self) -> tuple[int, ...]:
        return tuple(
            0 if self.random.random() < self.right else self.random.randint(1, _VARIANTS)
            for _ in range(self.regime.steps)
        )

    def _repaired(self, steps: tuple[int, ...]) -> tuple[int, ...]:
        wrong = [position for position, value in enumerate(steps) if value]
        mended = self.random.random() < self.regime.mends
        same = self.random.random() < self.regime.unchanged
        if not wrong or (same and not mended):
            return steps
        position = self.random.choice(wrong)
        value = 0 if mended else self.random.randint(1, _VARIANTS)
        return (*steps[:position], value, *steps[position + 1 :])

    def _candidate(
        self, steps: tuple[int, ...], parent: str | None, decision: Decision
    ) -> Candidate:
        id = f"{decision.round}.{len(self.state.candidates) + len(self.wrong)}"
        self.wrong[id] = steps
        tokens = self.regime.repair_cost if parent else self.regime.sample_cost
        return Candidate(
            id=id,
            operator="refine" if parent else "solve",
            round=decision.round,
            turn=decision.number,
            parents=(parent,) if parent else (),
            text="",
            program=f"steps = {steps}",
            verdict=_verdict(self.state.tests, passed=not any(steps)),
            tokens=round(tokens),
        )


async def simulate(
    regime: Regime, policy: Policy, *, problem: int, seed: int = 0, budget: float | None = None
) -> Trial:
    """Run a policy on one problem until it stops or its next moves exceed the budget.

    `budget` is in tokens, by default the cost of eight samples.
    """
    run = _Run(regime, problem, seed)
    limit = 8 * regime.sample_cost if budget is None else budget
    outcomes: list[bool] = []
    while True:
        decision = as_decision(await settle(policy(run.state)), run.state)
        if decision.stop_reason or run.tokens + run.cost(decision) > limit:
            return Trial(any(outcomes), run.tokens, run.state.decisions, tuple(outcomes))
        outcomes.append(run.apply(decision))


def _drawn_rate(regime: Regime, draw: random.Random) -> float:
    if not regime.spread:
        return regime.right
    size = (1 - regime.spread) / regime.spread
    return draw.betavariate(regime.right * size, (1 - regime.right) * size)


def _verdict(tests: Sequence[VisibleTest], *, passed: bool) -> Verdict:
    status = "passed" if passed else "failed"
    outcomes = tuple(CaseOutcome(id=test.id, status=status) for test in tests)
    return Verdict(passed=passed, status=status, tests=outcomes, isolation=_ISOLATION)
