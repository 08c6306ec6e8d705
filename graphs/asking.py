"""Ask a person before a repair is made or an answer taken, by LangGraph's own interrupts."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Literal, cast

from langgraph.types import Command, interrupt

from refinegraph.agents.models import Choice
from refinegraph.errors import InputError
from refinegraph.graphs.candidates import next_ids, read_candidate
from refinegraph.graphs.events import CandidateProposed, ReviewWritten, emit
from refinegraph.graphs.nodes import Branch, BranchNode, entry_point_of
from refinegraph.graphs.selection import Selector
from refinegraph.graphs.state import RefinementState, StateUpdate, check_update
from refinegraph.schema import Candidate, Frozen, Problem, Review, Selection, StopReason

Moment = Literal["refine", "accept"]
"""When a person is asked: before a candidate is refined, before an answer is taken."""
MOMENTS: tuple[Moment, ...] = ("refine", "accept")


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


def asking_before_refine(refine: BranchNode) -> BranchNode:
    """Return the refine node that asks first."""

    async def ask_and_refine(branch: Branch) -> StateUpdate:
        reply = interrupt(BeforeRefine(candidate=branch.candidate, review=branch.review))
        if reply is True:
            return await refine(branch)
        if reply is False:
            return {}
        if not isinstance(reply, Review):
            raise _unfit(reply, "True, False or a Review")
        review = reply.model_copy(update={"round": branch.round, "edited": True})
        emit(ReviewWritten(review=review))
        update = await refine(branch.model_copy(update={"review": review}))
        return {**update, "reviews": (review,)}

    return ask_and_refine


def accept_node(selector: Selector) -> AcceptNode:
    """Make the node that asks whether the answer is to be taken."""

    async def accept(state: RefinementState) -> Command[str]:
        choice = selector(state.problem, state.heads or state.candidates)
        chosen = next((c for c in state.candidates if c.id == choice.candidate_id), None)
        reply = interrupt(
            BeforeAccept(candidate=chosen, reason=choice.reason, stop_reason=state.stop_reason)
        )
        if reply is True:
            return Command(goto="select")
        if not isinstance(reply, str):
            raise _unfit(reply, "True or the text of a solution")
        return Command(update=check_update("accept", _written(state, reply)), goto="score")

    return accept


class person_first:
    """Take what a person wrote, unless its tests refute it; else what another selector takes."""

    def __init__(self, otherwise: Selector) -> None:
        self.otherwise = otherwise

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Selection:
        """Return the last solution of a person that nothing refutes."""
        for each in reversed(candidates):
            refuted = each.verdict is not None and not each.verdict.passed
            if each.role == "person" and each.content is not None and not refuted:
                return Selection(candidate_id=each.id, reason="a person wrote it")
        return self.otherwise(problem, candidates)

    def __repr__(self) -> str:
        """Return the expression that makes one like it."""
        return f"person_first({self.otherwise!r})"


def _written(state: RefinementState, text: str) -> StateUpdate:
    candidate = read_candidate(
        Choice(text=text),
        state.problem,
        id=next_ids(state.candidates, round=state.round, count=1)[0],
        role="person",
        entry_point=entry_point_of(state.problem, state.tests),
    )
    emit(CandidateProposed(candidate=candidate))
    return {"candidates": (candidate,)}


def _unfit(reply: object, expected: str) -> InputError:
    return InputError(f"the run was resumed with {reply!r:.100}; expected {expected}.")


def moments(names: Sequence[str]) -> tuple[Moment, ...]:
    """Return the moments that are named; raises `InputError` for a name that is none."""
    for name in names:
        if name not in MOMENTS:
            raise InputError(f"unknown moment {name!r} to ask at; known: {', '.join(MOMENTS)}.")
    return cast("tuple[Moment, ...]", tuple(dict.fromkeys(names)))
