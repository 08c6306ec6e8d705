"""Rates at which refinement repairs and damages answers, learned across runs."""

import math
from collections.abc import Sequence

from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Candidate, Frozen
from refinegraph.tools.grouping import answer_groups


class BetaPosterior(Frozen):
    """A Beta distribution over a rate."""

    alpha: float
    """Successes, including those of the prior."""
    beta: float
    """Failures, including those of the prior."""

    @property
    def mean(self) -> float:
        """The expected rate."""
        return self.alpha / (self.alpha + self.beta)

    def updated(self, successes: float, failures: float) -> "BetaPosterior":
        """Return the posterior after further evidence; counts may be fractional."""
        return BetaPosterior(alpha=self.alpha + successes, beta=self.beta + failures)


DEFAULT_FIX = BetaPosterior(alpha=1.5, beta=3.5)
"""Prior: a round replaces a wrong leading answer in 3 of 10 cases, with the weight of five
observations."""
DEFAULT_DAMAGE = BetaPosterior(alpha=0.5, beta=9.5)
"""Prior: a round replaces a right leading answer in 1 of 20 cases, with the weight of ten
observations."""


class RepairRates:
    """Fix and damage rates by round, shared by the runs of one process.

    The rates describe the leading answer, which a refinement changes only if it outvotes or
    outscores the existing ones. Replacing a wrong leader by a right one is a fix; the reverse is
    damage. Since the truth is unknown, a round counts in proportion to the beliefs before and after
    it. A leader that remains was neither fixed nor damaged.
    """

    def __init__(
        self,
        *,
        fix: BetaPosterior = DEFAULT_FIX,
        damage: BetaPosterior = DEFAULT_DAMAGE,
        learn: bool = True,
    ) -> None:
        self._fix_prior = fix
        self._damage_prior = damage
        self.learn = learn
        self._fix: dict[int, BetaPosterior] = {}
        self._damage: dict[int, BetaPosterior] = {}

    def fix(self, round: int) -> BetaPosterior:
        """Return the rate at which a round replaces a wrong leader by a right one."""
        return self._fix.get(round, self._fix_prior)

    def damage(self, round: int) -> BetaPosterior:
        """Return the rate at which a round replaces a right leader by a wrong one."""
        return self._damage.get(round, self._damage_prior)

    def update(self, state: RefinementState, belief: float) -> None:
        """Learn from the round that has just ended, given the current belief in its leader."""
        last = state.decision
        if not self.learn or last is None or last.action != "refine":
            return
        before = next(
            (feature.value for feature in last.features if feature.name == "belief"), None
        )
        if before is None:
            return
        earlier = [candidate for candidate in state.candidates if candidate.round < state.round]
        changed = leading_answer(state, earlier) != leading_answer(state, state.active_candidates)
        fixed = (1 - before) * belief if changed else 0.0
        damaged = before * (1 - belief) if changed else 0.0
        round = state.round
        self._fix[round] = self.fix(round).updated(fixed, (1 - before) - fixed)
        self._damage[round] = self.damage(round).updated(damaged, before - damaged)


def leading_answer(state: RefinementState, pool: Sequence[Candidate]) -> str | None:
    """Return the answer with the highest total score; ties go to the most votes."""
    groups = answer_groups(state.problem, pool)
    if not groups:
        return None
    leading = max(groups, key=_total_score)
    return leading[0].answer_class or leading[0].content


def _total_score(group: Sequence[Candidate]) -> float:
    return math.fsum(candidate.score or 0.0 for candidate in group)
