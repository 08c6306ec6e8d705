"""Rates at which refinement repairs and damages answers, learned across runs."""

import math
from collections.abc import Sequence

from refinegraph.graphs.policies.success_rates import SuccessRates
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


FIX, DAMAGE = "answer fix", "answer damage"
"""Names under which the rounds are counted."""
DEFAULT_FIX = BetaPosterior(alpha=1.5, beta=3.5)
"""Prior: a round replaces a wrong leading answer in 3 of 10 cases, with the weight of five
observations."""
DEFAULT_DAMAGE = BetaPosterior(alpha=0.5, beta=9.5)
"""Prior: a round replaces a right leading answer in 1 of 20 cases, with the weight of ten
observations."""


class RepairRates:
    """Fix and damage rates of repair rounds, shared by the runs that share an instance.

    The rates describe the leading answer, which a refinement changes only if it outvotes or
    outscores the existing ones. Replacing a wrong leader by a right one is a fix; the reverse is
    damage. Since the truth is unknown, a round counts in proportion to the beliefs before and after
    it. A leader that remains was neither fixed nor damaged.

    Each round has separate rates. The mean of its prior is estimated from the other rounds and its
    weight is that of the prior given here, so that rarely reached rounds start from a good guess.

    Args:
        fix: Prior of the rate at which a round replaces a wrong leader by a right one.
        damage: Prior of the reverse.
        learn: Whether to learn from rounds; otherwise the priors hold.
        learned: Storage of the counts; those of a model's `rates` outlive the process.
    """

    def __init__(
        self,
        *,
        fix: BetaPosterior = DEFAULT_FIX,
        damage: BetaPosterior = DEFAULT_DAMAGE,
        learn: bool = True,
        learned: SuccessRates | None = None,
    ) -> None:
        self._priors = {FIX: fix, DAMAGE: damage}
        self.learned = learned or SuccessRates({})
        self.learn = learn and self.learned.learn

    def fix(self, round: int) -> BetaPosterior:
        """Return the rate at which a round replaces a wrong leader by a right one."""
        return self._posterior(FIX, round)

    def damage(self, round: int) -> BetaPosterior:
        """Return the rate at which a round replaces a right leader by a wrong one."""
        return self._posterior(DAMAGE, round)

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
        self.learned.count(_cell(FIX, state.round), tried=1 - before, passed=fixed)
        self.learned.count(_cell(DAMAGE, state.round), tried=before, passed=damaged)

    def _posterior(self, kind: str, round: int) -> BetaPosterior:
        prior, own = self._priors[kind], _cell(kind, round)
        cells = self.learned.table.cells
        others = [cells[name] for name in cells if name.startswith(f"{kind} ") and name != own]
        pooled = prior.updated(
            sum(cell.passed for cell in others), sum(cell.tried - cell.passed for cell in others)
        )
        weight = prior.alpha + prior.beta
        start = (
            prior
            if not others
            else BetaPosterior(alpha=weight * pooled.mean, beta=weight * (1 - pooled.mean))
        )
        seen = cells.get(own)
        return start.updated(seen.passed, seen.tried - seen.passed) if seen else start


def _cell(kind: str, round: int) -> str:
    return f"{kind} {round}"


def leading_answer(state: RefinementState, pool: Sequence[Candidate]) -> str | None:
    """Return the answer with the highest total score; ties go to the most votes."""
    groups = answer_groups(state.problem, pool)
    if not groups:
        return None
    leading = max(groups, key=_total_score)
    return leading[0].equivalence_class or leading[0].content


def _total_score(group: Sequence[Candidate]) -> float:
    return math.fsum(candidate.score or 0.0 for candidate in group)
