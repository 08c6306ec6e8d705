"""How often refinement repairs an answer and how often it damages one, learned across runs."""

import math
from collections.abc import Sequence

from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Candidate, Frozen
from refinegraph.tools.grouping import answer_groups


class BetaPosterior(Frozen):
    """A Beta distribution over a rate."""

    alpha: float
    """Successes, those of the prior included."""
    beta: float
    """Failures, those of the prior included."""

    @property
    def mean(self) -> float:
        """The expected rate."""
        return self.alpha / (self.alpha + self.beta)

    def updated(self, successes: float, failures: float) -> "BetaPosterior":
        """Return the posterior after more evidence; counts may be fractions."""
        return BetaPosterior(alpha=self.alpha + successes, beta=self.beta + failures)


DEFAULT_FIX = BetaPosterior(alpha=1.5, beta=3.5)
"""A round replaces a wrong leading answer in 3 of 10 cases; five observations outweigh this."""
DEFAULT_DAMAGE = BetaPosterior(alpha=0.5, beta=9.5)
"""A round replaces a right leading answer in 1 of 20 cases; ten observations outweigh this."""


class RepairRates:
    """Fix and damage rates by round, shared by the runs of one process.

    They describe the leading answer, which a refinement changes only if it outvotes or outscores
    what was there before. Replacing a wrong leader by a right one is a fix; the reverse is damage.
    Nobody knows which leader was right, so a round counts as much as the beliefs before and after
    it say. A leader that stays was neither fixed nor damaged.
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
        """Return the rate at which a wrong leader gives way to a right one in that round."""
        return self._fix.get(round, self._fix_prior)

    def damage(self, round: int) -> BetaPosterior:
        """Return the rate at which a right leader gives way to a wrong one in that round."""
        return self._damage.get(round, self._damage_prior)

    def update(self, state: RefinementState, belief: float) -> None:
        """Learn from the round that has just ended, given the belief in its leader now."""
        last = state.decision
        if not self.learn or last is None or last.action != "refine":
            return
        before = next((kept.value for kept in last.features if kept.name == "belief"), None)
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
    """Return the class of the answers with the largest sum of scores; most votes break ties."""
    groups = answer_groups(state.problem, pool)
    if not groups:
        return None
    leading = max(groups, key=_total_score)
    return leading[0].answer_class or leading[0].content


def _total_score(group: Sequence[Candidate]) -> float:
    return math.fsum(candidate.score or 0.0 for candidate in group)
