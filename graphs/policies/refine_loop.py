"""The basic loop: refine hard problems until a stop rule fires."""

from refinegraph.graphs.policies.base import (
    approval,
    approved_ids,
    easy,
    refinable,
    refine_decision,
    stop_decision,
)
from refinegraph.graphs.routing import Router, ask_router
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.stopping import RuleFunction, as_rule
from refinegraph.schema import Decision, StopReason
from refinegraph.support.awaiting import settle
from refinegraph.support.signatures import check_part


class RefineLoop:
    """Refine hard problems round by round, until a stop rule fires or nothing is left.

    `max_refined_per_round` limits the candidates refined per round; None refines all of them. The
    best ones come first or, with `newest_first`, the latest ones, so that 1 makes a chain of
    repairs.
    """

    def __init__(
        self,
        *,
        router: Router,
        stop: RuleFunction,
        max_refined_per_round: int | None = None,
        newest_first: bool = False,
    ) -> None:
        check_part(router, "a router", "state")
        self.router = router
        self.stop = as_rule(stop)
        self.max_refined_per_round = max_refined_per_round
        self.newest_first = newest_first

    async def __call__(self, state: RefinementState) -> Decision:
        """Stop by a rule, for an easy problem, or if no candidate is worth refining."""
        reason = await settle(self.stop(state))
        difficulty = await ask_router(self.router, state)
        if reason is None and difficulty.level == "easy":
            reason = easy(difficulty)
        if reason:
            return stop_decision(state, reason, difficulty)
        targets = refinable(state, limit=self.max_refined_per_round, newest_first=self.newest_first)
        if not targets:
            return stop_decision(state, nothing_to_refine(state), difficulty)
        return refine_decision(state, targets, difficulty)

    def __repr__(self) -> str:
        """Return the constructor call."""
        return (
            f"RefineLoop(router={self.router!r}, stop={self.stop!r}, "
            f"max_refined_per_round={self.max_refined_per_round}, newest_first={self.newest_first})"
        )


def nothing_to_refine(state: RefinementState) -> StopReason:
    """Return the reason why no candidate is worth refining."""
    approved = approved_ids(state)
    if approved:
        return approval(approved)
    return StopReason(rule="exhausted", detail="no candidate is left to refine")
