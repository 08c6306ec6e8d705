"""The route node: begin a run, then ask the policy for the next moves."""

import time
from collections.abc import Collection
from typing import Literal, NamedTuple

import refinegraph.errors as errors
from refinegraph.agents.models import charging, current_scope
from refinegraph.errors import ModelError
from refinegraph.graphs.events import Decided, Spent, TestsKnown, emit
from refinegraph.graphs.nodes.parse_candidate import next_ids
from refinegraph.graphs.nodes.types import PendingMove
from refinegraph.graphs.policies.base import (
    Policy,
    as_decision,
    check_moves,
    interrupted,
    stop_decision,
)
from refinegraph.graphs.state import RefinementState, StateUpdate
from refinegraph.graphs.stopping import RuleFunction
from refinegraph.schema import (
    CommandCase,
    Decision,
    Failure,
    Problem,
    Repository,
    StopReason,
    VisibleTest,
)
from refinegraph.support.awaiting import settle
from refinegraph.tools.programs import infer_entry_point
from refinegraph.tools.test_cases import parse_tests, statement_examples


class Route(NamedTuple):
    """What the route node decided, and what it writes."""

    decision: Decision
    update: StateUpdate


class Router(NamedTuple):
    """Decides what a run does next."""

    policy: Policy
    stop: RuleFunction | None
    operators: Collection[str]
    """The names that a move may give."""
    proposing: Collection[str]
    """The operators that may make candidates."""

    async def __call__(self, state: RefinementState, *, steps_left: bool = True) -> Route:
        """Ask the stop rule, then the policy; go on only while time and money are left.

        Raises the model's error where nothing was made.
        """
        opening = begin(state)
        elapsed = _elapsed(state, opening.get("started"))
        known = state.model_copy(update={**opening, "elapsed": elapsed})
        _raise_if_hopeless(known, self.proposing)
        with charging() as account:
            decision = await self._decide(known, steps_left=steps_left)
        cut = _cut_short(decision)
        if cut:
            decision = stop_decision(known, StopReason(rule="budget", detail=cut.detail))
        emit(Decided(decision=decision))
        if account.usage.llm_calls:
            emit(Spent(usage=account.usage))
        update: StateUpdate = {
            **opening,
            "decisions": (decision,),
            "round": decision.round,
            "elapsed": elapsed,
            "usage": account.usage,
            "failures": (cut,) if cut else (),
        }
        return Route(decision, update)

    async def _decide(self, state: RefinementState, *, steps_left: bool) -> Decision:
        if not steps_left:
            return stop_decision(state, _OUT_OF_STEPS)
        reason = interrupted(state) or (await settle(self.stop(state)) if self.stop else None)
        if reason:
            return stop_decision(state, reason)
        decision = as_decision(await settle(self.policy(state)), state)
        check_moves(decision, state, self.operators)
        return decision


def _cut_short(decision: Decision) -> Failure | None:
    """Return why the moves of a decision cannot be begun: no time is left, or no money."""
    scope, ledger = current_scope(), current_scope().ledger
    if not decision.moves:
        return None
    if ledger and ledger.is_spent:
        return _unbegun(decision, "budget", "BudgetExceeded", ledger.refusal)
    if scope.remaining == 0:
        detail = "the time that the run was given is over"
        return _unbegun(decision, "deadline", "DeadlineExceeded", detail)
    return None


def _unbegun(
    decision: Decision, kind: Literal["budget", "deadline"], error: str, detail: str
) -> Failure:
    return Failure(
        kind=kind,
        node="route",
        round=decision.round,
        candidate_id=None,
        detail=detail,
        turn=decision.number,
        error=error,
    )


_OUT_OF_STEPS = StopReason(
    rule="steps",
    detail="the graph's recursion limit leaves no step for another move; raise recursion_limit",
)


def begin(state: RefinementState) -> StateUpdate:
    """Return what is known at the start of a run; nothing later on."""
    if state.started is not None:
        return {}
    tests = state.tests or visible_tests(state.problem)
    if tests:
        emit(TestsKnown(tests=tests))
    return {"tests": tests, "started": time.time(), "begun_with": state.problem}


def visible_tests(problem: Problem) -> tuple[VisibleTest, ...]:
    """Return the tests given with a problem, else the examples in its statement."""
    if problem.repository:
        return repository_tests(problem.repository)
    given = parse_tests(problem.tests, entry_point=problem.entry_point)
    if given or problem.kind != "code" or not problem.reads_examples:
        return given
    entry_point = problem.entry_point or infer_entry_point(problem.prompt)
    return statement_examples(problem.prompt, entry_point=entry_point)


SUITE = "suite"
"""The test that stands for all tests of a checkout that passed before."""


def repository_tests(repository: Repository) -> tuple[VisibleTest, ...]:
    """Return the failing tests of a checkout one by one, and the passing ones as one."""
    failing = tuple(CommandCase(id=outcome.id) for outcome in repository.failing)
    return (*failing, CommandCase(id=SUITE)) if repository.passing else failing


def pending_moves(state: RefinementState, decision: Decision) -> list[PendingMove]:
    """Return the moves of a decision, each with the ids that its candidates get."""
    wanted = sum(move.count for move in decision.moves)
    ids = next_ids(state.candidates, round=decision.round, count=wanted)
    pending: list[PendingMove] = []
    for index, move in enumerate(decision.moves):
        own, ids = ids[: move.count], ids[move.count :]
        pending.append(
            PendingMove(
                move=move,
                turn=decision.number,
                index=index,
                round=decision.round,
                ids=tuple(own),
            )
        )
    return pending


def _elapsed(state: RefinementState, begun: float | None) -> float:
    now = time.time()
    running = now - (state.started or begun or now) - current_scope().paused
    return max(running, state.elapsed)


def _raise_if_hopeless(state: RefinementState, proposing: Collection[str]) -> None:
    """Raise the first error where every move failed because of its model and nothing was made.

    Moves that make no candidates, such as those that write tests, do not count.
    """
    if state.candidates or any(failure.kind != "model" for failure in state.failures):
        return
    moves = {decision.number: decision.moves for decision in state.decisions}
    failures = [
        failure
        for failure in state.failures
        if moves[failure.turn][failure.move].operator in proposing
    ]
    if not failures:
        return
    raise getattr(errors, failures[0].error, ModelError)(failures[0].detail)
