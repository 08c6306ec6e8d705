"""What the loop does next: sample more, refine some candidates, or stop.

A controller is any callable from the state to a `Decision`. All that it knows is in the state,
so that a decision can be replayed from it.
"""

from collections.abc import Callable, Sequence

from refinegraph.graphs.routing import Router
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.stopping import RuleFunction, as_rule
from refinegraph.schema import Candidate, Decision, Difficulty, StopReason
from refinegraph.tools.programs import program_fingerprint

Controller = Callable[[RefinementState], Decision]


class RefineLoop:
    """Refine hard problems, a round at a time, until a stop rule fires or nothing is left.

    `width` is how many candidates a round refines, the best first; None refines all of them.
    """

    def __init__(self, *, router: Router, stop: RuleFunction, width: int | None = None) -> None:
        self.router = router
        self.stop = as_rule(stop)
        self.width = width
        self.max_rounds = self.stop.max_rounds

    def __call__(self, state: RefinementState) -> Decision:
        """Stop on a rule, on an easy problem, or where no candidate is worth refining."""
        reason = broken_off(state) or self.stop(state)
        difficulty = self.router(state)
        if reason is None and difficulty.level == "easy":
            reason = StopReason(rule="easy", detail=difficulty.reasons[0])
        if reason:
            return stop_now(state, reason, difficulty)
        targets = worth_refining(state, width=self.width)
        if not targets:
            reason = StopReason(rule="exhausted", detail="no candidate is left to refine")
            return stop_now(state, reason, difficulty)
        return refine_next(state, targets, difficulty)

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"RefineLoop(router={self.router!r}, stop={self.stop!r}, width={self.width})"


class SampleOrRepair:
    """Sample few, stop as soon as one passes, else double the pool or repair what is close.

    Made for code with visible tests. A program that passes some of them is repaired; where none
    does, or a repair brought nothing, fresh samples are worth more (arXiv 2604.10508). `most`
    bounds all candidates together.
    """

    def __init__(self, *, router: Router, stop: RuleFunction, most: int, width: int = 2) -> None:
        self.router = router
        self.stop = as_rule(stop)
        self.most = most
        self.width = width
        self.max_rounds = max(most, self.stop.max_rounds or 0)

    def __call__(self, state: RefinementState) -> Decision:
        """Choose by what execution says of the pool so far."""
        reason = broken_off(state) or self.stop(state)
        difficulty = self.router(state)
        left = self.most - len(state.candidates)
        if reason is None and difficulty.level == "easy":
            reason = StopReason(rule="easy", detail=difficulty.reasons[0])
        if reason is None and left <= 0:
            reason = self._spent(state)
        if reason:
            return stop_now(state, reason, difficulty)
        close = self._close(state)[:left]
        if close and self._repair_is_due(state):
            return refine_next(state, close, difficulty)
        return Decision(
            number=len(state.decisions),
            round=state.round,
            action="sample",
            samples=min(left, max(1, len(state.candidates))),
            difficulty=difficulty,
        )

    def __repr__(self) -> str:
        """The call that makes it."""
        return (
            f"SampleOrRepair(router={self.router!r}, stop={self.stop!r}, most={self.most}, "
            f"width={self.width})"
        )

    def _close(self, state: RefinementState) -> list[Candidate]:
        return [
            each
            for each in worth_refining(state, width=self.width)
            if each.verdict and each.verdict.passed_ids
        ]

    def _repair_is_due(self, state: RefinementState) -> bool:
        return state.decision is None or state.decision.action == "sample"

    def _spent(self, state: RefinementState) -> StopReason:
        return StopReason(
            rule="samples",
            detail=f"{len(state.candidates)} of {self.most} candidates were made",
            observed=len(state.candidates),
            limit=self.most,
        )


def stop_now(state: RefinementState, reason: StopReason, difficulty: Difficulty) -> Decision:
    """Return the decision to select an answer."""
    return Decision(
        number=len(state.decisions),
        round=state.round,
        action="stop",
        difficulty=difficulty,
        stop_reason=reason,
    )


def refine_next(
    state: RefinementState, targets: Sequence[Candidate], difficulty: Difficulty
) -> Decision:
    """Return the decision to refine these candidates in a new round."""
    return Decision(
        number=len(state.decisions),
        round=state.round + 1,
        action="refine",
        targets=tuple(each.id for each in targets),
        difficulty=difficulty,
    )


def worth_refining(state: RefinementState, *, width: int | None = None) -> list[Candidate]:
    """Return the candidates to refine: none that is proved, no two alike, the best first.

    A candidate without a program or answer is worth refining only where every one is like that.
    """
    unproved = [each for each in state.heads if not (each.verdict and each.verdict.passed)]
    readable = [each for each in unproved if each.content is not None]
    distinct: dict[str, Candidate] = {}
    for candidate in readable or unproved:
        key = (
            candidate.text if candidate.program is None else program_fingerprint(candidate.program)
        )
        distinct.setdefault(key, candidate)
    ranked = sorted(distinct.values(), key=lambda each: (-(each.score or 0.0), each.order))
    return ranked[:width]


def broken_off(state: RefinementState) -> StopReason | None:
    """Stop when time ran out, or when a whole round failed."""
    recent = [each for each in state.failures if each.round == state.round]
    late = next((each for each in recent if each.kind != "model"), None)
    if late:
        return StopReason(rule="budget", detail=late.detail)
    made = [each for each in state.candidates if each.round == state.round]
    if recent and not made:
        return StopReason(rule="failed", detail=recent[-1].detail)
    return None
