"""How often refinement repairs and how often it damages, learned as runs go by."""

import math
from collections.abc import Sequence

from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Candidate, Frozen
from refinegraph.tools.grouping import answer_groups


class Posterior(Frozen):
    """A Beta distribution over a rate."""

    yes: float
    no: float

    @property
    def mean(self) -> float:
        """The expected rate."""
        return self.yes / (self.yes + self.no)

    def updated(self, yes: float, no: float) -> "Posterior":
        """Return the posterior after more evidence, in counts that may be fractions."""
        return Posterior(yes=self.yes + yes, no=self.no + no)


class RateBook:
    """Fix and damage rates by round, shared by the runs of one process.

    They are rates of the leading answer, which a refinement changes only where it outvotes or
    outscores what was there: a wrong leader replaced by a right one is a fix, the other way round
    is damage. Which leader was right is believed, not known, so that each round counts by the
    beliefs before and after it; where the leader stays, nothing was fixed and nothing damaged.
    """

    def __init__(
        self,
        *,
        fix: Posterior | None = None,
        damage: Posterior | None = None,
        learn: bool = True,
    ) -> None:
        self._fix_prior = fix or Posterior(yes=1.5, no=3.5)
        self._damage_prior = damage or Posterior(yes=0.5, no=9.5)
        self.learn = learn
        self._fix: dict[int, Posterior] = {}
        self._damage: dict[int, Posterior] = {}

    def fix(self, round: int) -> Posterior:
        """Return the rate at which a wrong leader gives way to a right one in that round."""
        return self._fix.get(round, self._fix_prior)

    def damage(self, round: int) -> Posterior:
        """Return the rate at which a right leader gives way to a wrong one in that round."""
        return self._damage.get(round, self._damage_prior)

    def note(self, state: RefinementState, belief: float) -> None:
        """Learn from the round that has just ended, given the belief in its leader now."""
        last = state.decision
        if not self.learn or last is None or last.action != "refine":
            return
        before = next((each.value for each in last.features if each.name == "belief"), None)
        if before is None:
            return
        old = [each for each in state.candidates if each.round < state.round]
        changed = leader_of(state, old) != leader_of(state, state.heads)
        fixed = (1 - before) * belief if changed else 0.0
        damaged = before * (1 - belief) if changed else 0.0
        here = state.round
        self._fix[here] = self.fix(here).updated(fixed, (1 - before) - fixed)
        self._damage[here] = self.damage(here).updated(damaged, before - damaged)


def leader_of(state: RefinementState, pool: Sequence[Candidate]) -> str | None:
    """Return what the answer with the largest sum of scores is known by, or with most votes."""
    groups = answer_groups(state.problem, pool)
    if not groups:
        return None
    leading = max(groups, key=lambda group: math.fsum(each.score or 0.0 for each in group))
    return leading[0].answer_class or leading[0].content
