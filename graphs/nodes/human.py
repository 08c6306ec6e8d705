"""Ask a person before a repair is made or an answer taken, by LangGraph's own interrupts."""

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
"""When a person is asked: before a candidate is refined, before an answer is taken."""
INTERRUPT_POINTS: tuple[InterruptPoint, ...] = ("refine", "accept")


class BeforeRefine(Frozen):
    """The value of an interrupt: this candidate would be refined by this review.

    Resume with True to go on, with False to leave the candidate as it is in this round, or with a
    `Review` to be used in the place of this one.
    """

    candidate: Candidate
    review: Review | None


class BeforeAccept(Frozen):
    """The value of an interrupt: this candidate would be the answer.

    Resume with True to take it, or with the text of another solution: it is run and judged like
    any candidate, then the question comes again.
    """

    candidate: Candidate | None
    reason: str
    """Why it was chosen."""
    stop_reason: StopReason | None


Question = BeforeRefine | BeforeAccept
Reply = bool | Review | str
"""What a graph is resumed with: `Command(resume=reply)`."""

AcceptNode = Callable[[RefinementState], Coroutine[Any, Any, Command[str]]]


def ask_before(name: str, operators: Mapping[str, OperatorLike]) -> dict[str, OperatorLike]:
    """Return the operators with a question to a person before the last stage of one of them."""
    if name not in operators:
        return dict(operators)
    *before, last = as_operator(operators[name]).stages
    asking: Operator = _AskFirst(last)
    for stage in reversed(before):
        asking = stage >> asking
    return {**operators, name: asking}


class _AskFirst(Operator):
    """Ask a person, then apply the operator as the answer says."""

    def __init__(self, inner: Operator) -> None:
        self.inner = inner

    @property
    def name(self) -> str:
        """The name of the operator inside."""
        return self.inner.name

    async def apply(self, task: Task) -> Outcome:
        """Interrupt the run until a person has answered."""
        reply = interrupt(BeforeRefine(candidate=task.parent, review=task.review))
        if reply is True:
            return await self.inner.apply(task)
        if reply is False:
            return Outcome()
        if not isinstance(reply, Review):
            raise _unfit(reply, "True, False or a Review")
        review = reply.model_copy(update={"round": task.round, "edited": True})
        others = tuple(known for known in task.reviews if known.number != review.number)
        outcome = await self.inner.apply(replace(task, reviews=(*others, review)))
        return Outcome(reviews=(review,)) + outcome

    def __repr__(self) -> str:
        """The operator that is asked about."""
        return f"ask_first({self.inner!r})"


def accept_node(selector: Selector, *, reader: AnswerReader | None = None) -> AcceptNode:
    """Make the node that asks whether the answer is to be taken."""

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
        return Command(update=check_update("accept", _written(state, reply, reader)), goto="score")

    return accept


class prefer_human:
    """Take what a person wrote, unless its tests refute it; else what another selector takes."""

    def __init__(self, otherwise: Selector) -> None:
        self.otherwise = otherwise

    def __call__(
        self, problem: Problem, candidates: Sequence[Candidate]
    ) -> MaybeAwaitable[Selection]:
        """Return the last solution of a person that nothing refutes."""
        for candidate in reversed(candidates):
            refuted = candidate.verdict is not None and not candidate.verdict.passed
            if candidate.role == "person" and candidate.content is not None and not refuted:
                return Selection(candidate_id=candidate.id, reason="a person wrote it")
        return self.otherwise(problem, candidates)

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"prefer_human({self.otherwise!r})"


def _written(state: RefinementState, text: str, reader: AnswerReader | None) -> StateUpdate:
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
    """Return the interrupt points that are named; raises `InputError` for an unknown name."""
    for name in names:
        if name not in INTERRUPT_POINTS:
            known = ", ".join(INTERRUPT_POINTS)
            raise InputError(f"unknown interrupt point {name!r}; known: {known}.")
    return cast("tuple[InterruptPoint, ...]", tuple(dict.fromkeys(names)))
