"""The state of a running graph, folded from its events into frozen values."""

from collections.abc import Callable, Iterator

from refinegraph.agents.models import (
    CallFailed,
    CallFinished,
    CallRetried,
    CallStarted,
    TokensStreamed,
    Work,
)
from refinegraph.fixing.events import BaselineBegun, BaselineTaken
from refinegraph.graphs.events import (
    CandidateJudged,
    CandidateProposed,
    Decided,
    NodeName,
    NodeStarted,
    RefinementRejected,
    ReviewWritten,
    TestsKnown,
)
from refinegraph.schema import Candidate, Decision, Frozen, Review, Usage, VisibleTest

_HEARD = 2_000
"""Characters kept of an answer that is being written: more than a screen shows."""


class Speech(Frozen):
    """An answer that is being written."""

    call: int
    work: Work
    text: str = ""


class RunState(Frozen):
    """A run as known from its events. Values are frozen, so another thread may render them."""

    node: NodeName | None = None
    """The node that began last."""
    preparing: str = "getting ready"
    """What is done before the first node."""
    round: int = 0
    tests: tuple[VisibleTest, ...] | None = None
    """The visible tests; None before they are known."""
    candidates: tuple[Candidate, ...] = ()
    """In the order of the requests."""
    rejected: tuple[str, ...] = ()
    """Ids of rejected refinements."""
    review: Review | None = None
    """The last one of this round."""
    rewritten: str | None = None
    """Id of the last refinement of this round."""
    decision: Decision | None = None
    calls: tuple[int, ...] = ()
    """Model calls without an answer so far."""
    speeches: tuple[Speech, ...] = ()
    """Answers that are being written, if the run streams."""
    retry: str = ""
    """Why the last retry was needed; empty once an answer came."""
    retries: int = 0
    usage: Usage = Usage()
    """The usage so far, without retries."""

    def after(self, event: Frozen) -> "RunState":
        """Return the state after one more event; events of other kinds change nothing."""
        change = _CHANGES.get(type(event))
        return self.model_copy(update=change(self, event)) if change else self

    def find(self, id: str | None) -> Candidate | None:
        """Return a candidate by its id."""
        return next((candidate for candidate in self.candidates if candidate.id == id), None)

    @property
    def best(self) -> Candidate | None:
        """The usable candidate that passed the most visible tests, the newest of several."""
        usable = [
            candidate
            for candidate in self.candidates
            if candidate.content and candidate.id not in self.rejected
        ]
        return max(usable, key=_worth, default=None)

    @property
    def tree(self) -> Iterator[tuple[int, Candidate]]:
        """Candidates with their depth, refinements below their parents."""
        known = {candidate.id for candidate in self.candidates}
        roots = [candidate for candidate in self.candidates if candidate.parent_id not in known]
        for root in roots:
            yield from self._branch(root, 0)

    def _branch(self, candidate: Candidate, depth: int) -> Iterator[tuple[int, Candidate]]:
        yield depth, candidate
        for child in self.candidates:
            if child.parent_id == candidate.id:
                yield from self._branch(child, depth + 1)


def _worth(candidate: Candidate) -> tuple[int, float]:
    passed = len(candidate.verdict.passed_ids) if candidate.verdict else 0
    return passed, candidate.score or 0.0


_Change = dict[str, object]
_ROUND_OVER: _Change = {"review": None, "rewritten": None}


def _started(state: RunState, event: NodeStarted) -> _Change:
    # Tests are written beside the first samples; the Solver is what a person waits for.
    beside = event.node == "write_tests" and state.node == "solve"
    node = state.node if beside else event.node
    return {"node": node, "round": max(state.round, event.round)}


def _tests_begun(state: RunState, event: BaselineBegun) -> _Change:
    return {"preparing": "the tests run twice, to see which fail"}


def _tests_ended(state: RunState, event: BaselineTaken) -> _Change:
    return {"preparing": "the tests run once more, to see which lines they execute"}


def _known(state: RunState, event: TestsKnown) -> _Change:
    return {"tests": event.tests}


def _candidate(state: RunState, event: CandidateProposed | CandidateJudged) -> _Change:
    others = [candidate for candidate in state.candidates if candidate.id != event.candidate.id]
    ordered = sorted([*others, event.candidate], key=lambda candidate: candidate.sort_key)
    new = event.candidate.parent_id and isinstance(event, CandidateProposed)
    written: _Change = {"rewritten": event.candidate.id} if new else {}
    return {"candidates": tuple(ordered), **written}


def _rejected(state: RunState, event: RefinementRejected) -> _Change:
    return {"rejected": (*state.rejected, event.candidate_id)}


def _reviewed(state: RunState, event: ReviewWritten) -> _Change:
    return {"review": event.review}


def _decided(state: RunState, event: Decided) -> _Change:
    return {"decision": event.decision, "round": event.decision.round, **_ROUND_OVER}


def _called(state: RunState, event: CallStarted) -> _Change:
    speech = (Speech(call=event.call, work=event.work),) if event.work and event.n == 1 else ()
    return {"calls": (*state.calls, event.call), "speeches": (*state.speeches, *speech)}


def _heard(state: RunState, event: TokensStreamed) -> _Change:
    heard = tuple(
        speech.model_copy(update={"text": (speech.text + event.text)[-_HEARD:]})
        if speech.call == event.call
        else speech
        for speech in state.speeches
    )
    return {"speeches": heard}


def _silent(state: RunState, call: int) -> tuple[Speech, ...]:
    return tuple(speech for speech in state.speeches if speech.call != call)


def _retried(state: RunState, event: CallRetried) -> _Change:
    again = tuple(
        speech.model_copy(update={"text": ""}) if speech.call == event.call else speech
        for speech in state.speeches
    )
    return {"retries": state.retries + 1, "retry": event.reason, "speeches": again}


def _paid(state: RunState, event: CallFinished | CallFailed) -> _Change:
    spent = event.usage.model_copy(update={"retries": 0})
    waiting = tuple(call for call in state.calls if call != event.call)
    return {
        "calls": waiting,
        "speeches": _silent(state, event.call),
        "usage": state.usage + spent,
        "retry": "",
    }


_CHANGES: dict[type[Frozen], Callable[..., _Change]] = {
    BaselineBegun: _tests_begun,
    BaselineTaken: _tests_ended,
    NodeStarted: _started,
    TestsKnown: _known,
    CandidateProposed: _candidate,
    CandidateJudged: _candidate,
    RefinementRejected: _rejected,
    ReviewWritten: _reviewed,
    Decided: _decided,
    CallStarted: _called,
    TokensStreamed: _heard,
    CallRetried: _retried,
    CallFinished: _paid,
    CallFailed: _paid,
}
