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
    """The decision of the route node, and its update of the state."""

    decision: Decision
    update: StateUpdate


class Router(NamedTuple):
    """Decides on the next moves of a run."""

    policy: Policy
    stop: RuleFunction | None
    operators: Collection[str]
    """The names that moves may use."""
    proposing: Collection[str]
    """The operators that may produce candidates."""

    async def __call__(self, state: RefinementState, *, steps_left: bool = True) -> Route:
        """Ask the stop rule, then the policy; continue only while time and budget are left.

        Raises the model's error if there is no candidate.
        """
        opening = begin(state)
        elapsed = _elapsed(state, opening.get("started"))
        current = state.model_copy(update={**opening, "elapsed": elapsed})
        _raise_if_hopeless(current, self.proposing)
        with charging() as account:
            decision = await self._decide(current, steps_left=steps_left)
        failure = _cut_short(decision)
        if failure:
            decision = stop_decision(current, StopReason(rule="budget", detail=failure.detail))
        emit(Decided(decision=decision))
        if account.usage.llm_calls:
            emit(Spent(usage=account.usage))
        update: StateUpdate = {
            **opening,
            "decisions": (decision,),
            "round": decision.round,
            "elapsed": elapsed,
            "usage": account.usage,
            "failures": (failure,) if failure else (),
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
    """Return why the moves of a decision cannot start: no time or no budget is left."""
    scope, ledger = current_scope(), current_scope().ledger
    if not decision.moves:
        return None
    if ledger and ledger.is_spent:
        return _not_started(decision, "budget", "BudgetExceeded", ledger.refusal)
    if scope.remaining == 0:
        detail = "the run's time limit has been reached"
        return _not_started(decision, "deadline", "DeadlineExceeded", detail)
    return None


def _not_started(
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
    """Return the initial update of a run, or an empty update if it has already begun."""
    if state.started is not None:
        return {}
    tests = state.tests or visible_tests(state.problem)
    if tests:
        emit(TestsKnown(tests=tests))
    return {"tests": tests, "started": time.time(), "initial_problem": state.problem}


def visible_tests(problem: Problem) -> tuple[VisibleTest, ...]:
    """Return the tests that came with a problem, or else the examples in its statement."""
    if problem.repository:
        return repository_tests(problem.repository)
    tests = parse_tests(problem.tests, entry_point=problem.entry_point)
    if tests or problem.kind != "code" or not problem.reads_examples:
        return tests
    entry_point = problem.entry_point or infer_entry_point(problem.prompt)
    return statement_examples(problem.prompt, entry_point=entry_point)


SUITE = "suite"
"""The test that represents all tests of a repository that passed before."""


def repository_tests(repository: Repository) -> tuple[VisibleTest, ...]:
    """Return each failing test of a repository, and one test for all passing ones."""
    failing = tuple(CommandCase(id=outcome.id) for outcome in repository.failing)
    return (*failing, CommandCase(id=SUITE)) if repository.passing else failing


def pending_moves(state: RefinementState, decision: Decision) -> list[PendingMove]:
    """Return the moves of a decision, each with the ids of its future candidates."""
    count = sum(move.count for move in decision.moves)
    ids = next_ids(state.candidates, round=decision.round, count=count)
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
    """Raise the first error if every move failed because of its model and there is no candidate.

    Moves that produce no candidates, such as writing tests, do not count.
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
