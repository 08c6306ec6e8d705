"""Ask a person before a repair or before accepting an answer, with LangGraph's interrupts."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, cast

from langgraph.types import Command, interrupt

from refinegraph.agents.models import Choice
from refinegraph.agents.operators import Draft, Operator, OperatorLike, Outcome, Task, as_operator
from refinegraph.errors import InputError
from refinegraph.graphs.events import CandidateProposed, emit
from refinegraph.graphs.nodes.parse_candidate import entry_point_of, next_ids, read_candidate
from refinegraph.graphs.nodes.select import choose_answer
from refinegraph.graphs.selection import Selector
from refinegraph.graphs.state import RefinementState, StateUpdate, check_update
from refinegraph.schema import Candidate, Frozen, Problem, Review, Selection, StopReason
from refinegraph.support.awaiting import MaybeAwaitable
from refinegraph.tools.checkers import AnswerReader

InterruptPoint = Literal["refine", "accept"]
"""When to ask a person: before a candidate is refined, or before an answer is accepted."""
INTERRUPT_POINTS: tuple[InterruptPoint, ...] = ("refine", "accept")


class BeforeRefine(Frozen):
    """The value of an interrupt before a candidate is refined according to a review.

    Resume with True to continue, with False to leave the candidate unchanged in this round, or with
    another `Review` to use instead.
    """

    candidate: Candidate
    review: Review | None


class BeforeAccept(Frozen):
    """The value of an interrupt before a candidate becomes the answer.

    Resume with True to accept it, or with the text of another solution, which is executed and
    scored like any candidate before the question is asked again.
    """

    candidate: Candidate | None
    reason: str
    """Why the candidate was selected."""
    stop_reason: StopReason | None


Question = BeforeRefine | BeforeAccept
Reply = bool | Review | str
"""The value with which a graph is resumed: `Command(resume=reply)`."""

AcceptNode = Callable[[RefinementState], Coroutine[Any, Any, Command[str]]]


def ask_before(name: str, operators: Mapping[str, OperatorLike]) -> dict[str, OperatorLike]:
    """Return the operators, one of which asks a person before its last stage."""
    if name not in operators:
        return dict(operators)
    *before, last = as_operator(operators[name]).stages
    guarded: Operator = _AskFirst(last)
    for stage in reversed(before):
        guarded = stage >> guarded
    return {**operators, name: guarded}


class _AskFirst(Operator):
    """Ask a person, then apply the operator according to the reply."""

    def __init__(self, inner: Operator) -> None:
        self.inner = inner

    @property
    def name(self) -> str:
        """The name of the inner operator."""
        return self.inner.name

    async def apply(self, task: Task) -> Outcome:
        """Interrupt the run until a person has replied."""
        reply = interrupt(BeforeRefine(candidate=task.parent, review=task.review))
        if reply is True:
            return await self.inner.apply(task)
        if reply is False:
            return Outcome()
        if not isinstance(reply, Review):
            raise _unfit(reply, "True, False or a Review")
        review = reply.model_copy(update={"round": task.round, "edited": True})
        others = tuple(other for other in task.reviews if other.number != review.number)
        outcome = await self.inner.apply(replace(task, reviews=(*others, review)))
        return Outcome(reviews=(review,)) + outcome

    def __repr__(self) -> str:
        """Return the operator that needs approval."""
        return f"ask_first({self.inner!r})"


def accept_node(selector: Selector, *, reader: AnswerReader | None = None) -> AcceptNode:
    """Return the node that asks a person to accept the answer."""

    async def accept(state: RefinementState) -> Command[str]:
        choice = await choose_answer(selector, state)
        chosen = next((c for c in state.candidates if c.id == choice.candidate_id), None)
        reply = interrupt(
            BeforeAccept(candidate=chosen, reason=choice.reason, stop_reason=state.stop_reason)
        )
        if reply is True:
            return Command(goto="select")
        if not isinstance(reply, str):
            raise _unfit(reply, "True or the text of a solution")
        return Command(
            update=check_update("accept", _candidate_update(state, reply, reader)), goto="score"
        )

    return accept


class prefer_human:
    """Select a person's solution unless tests refute it, otherwise use another selector."""

    def __init__(self, otherwise: Selector) -> None:
        self.otherwise = otherwise

    def __call__(
        self, problem: Problem, candidates: Sequence[Candidate]
    ) -> MaybeAwaitable[Selection]:
        """Return the latest solution of a person that has not been refuted."""
        for candidate in reversed(candidates):
            refuted = candidate.verdict is not None and not candidate.verdict.passed
            if candidate.role == "person" and candidate.content is not None and not refuted:
                return Selection(candidate_id=candidate.id, reason="a person wrote it")
        return self.otherwise(problem, candidates)

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"prefer_human({self.otherwise!r})"


def _candidate_update(
    state: RefinementState, text: str, reader: AnswerReader | None
) -> StateUpdate:
    candidate = read_candidate(
        Draft(Choice(text=text)),
        state.problem,
        id=next_ids(state.candidates, round=state.round, count=1)[0],
        operator="person",
        turn=state.decision.number if state.decision else 0,
        entry_point=entry_point_of(state.problem, state.tests),
        reader=reader,
    )
    emit(CandidateProposed(candidate=candidate))
    return {"candidates": (candidate,)}


def _unfit(reply: object, expected: str) -> InputError:
    return InputError(f"the run was resumed with {reply!r:.100}; expected {expected}.")


def interrupt_points(names: Sequence[str]) -> tuple[InterruptPoint, ...]:
    """Return the named interrupt points; raise `InputError` for an unknown name."""
    for name in names:
        if name not in INTERRUPT_POINTS:
            expected = ", ".join(INTERRUPT_POINTS)
            raise InputError(f"unknown interrupt point {name!r}; expected one of: {expected}.")
    return cast("tuple[InterruptPoint, ...]", tuple(dict.fromkeys(names)))
