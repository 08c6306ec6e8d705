"""The state of a refinement graph: typed, checked at every write, safe to write in parallel."""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Required, TypeVar, cast

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from refinegraph.errors import StateError
from refinegraph.graphs.channels import CheckedChannel, GrowingChannel, growing
from refinegraph.graphs.reducers import (
    add_asked,
    add_ended,
    add_usage,
    merge_candidates,
    merge_decisions,
    merge_failures,
    merge_notes,
    merge_rejected,
    merge_reviews,
    merge_tests,
    weakest,
)
from refinegraph.schema import (
    Candidate,
    Decision,
    Difficulty,
    Failure,
    Isolation,
    Note,
    Problem,
    RefinementResult,
    RejectedRefinement,
    Review,
    SamplesAsked,
    StopReason,
    Usage,
    VisibleTest,
)

Update = TypeVar("Update")


ProblemField = Annotated[Problem, CheckedChannel(Problem)]
TestsField = Annotated[tuple[VisibleTest, ...], growing(tuple[VisibleTest, ...], merge_tests)]
CandidatesField = Annotated[tuple[Candidate, ...], growing(tuple[Candidate, ...], merge_candidates)]
ReviewsField = Annotated[tuple[Review, ...], growing(tuple[Review, ...], merge_reviews)]
RejectedField = Annotated[
    tuple[RejectedRefinement, ...], growing(tuple[RejectedRefinement, ...], merge_rejected)
]
DecisionsField = Annotated[tuple[Decision, ...], growing(tuple[Decision, ...], merge_decisions)]
FailuresField = Annotated[tuple[Failure, ...], growing(tuple[Failure, ...], merge_failures)]
NotesField = Annotated[tuple[Note, ...], growing(tuple[Note, ...], merge_notes)]
UsageField = Annotated[Usage, CheckedChannel(Usage, merge=add_usage, default=Usage())]
AskedField = Annotated[tuple[SamplesAsked, ...], growing(tuple[SamplesAsked, ...], add_asked)]
RoundField = Annotated[int, CheckedChannel(int, merge=max, default=0)]
ProgressField = Annotated[int, CheckedChannel(int, merge=max, default=-1)]
EndedField = Annotated[
    tuple[int, int], CheckedChannel(tuple[int, int], merge=add_ended, default=(-1, 0))
]
BegunWithField = Annotated[Problem | None, CheckedChannel(Problem | None, default=None)]
ElapsedField = Annotated[float, CheckedChannel(float, merge=max, default=0.0)]
StartedField = Annotated[float | None, CheckedChannel(float | None, default=None)]
IsolationField = Annotated[
    Isolation | None, CheckedChannel(Isolation | None, merge=weakest, default=None)
]
ResultField = Annotated[
    RefinementResult | None, CheckedChannel(RefinementResult | None, default=None)
]


class RefinementInput(TypedDict, total=False):
    """What starts a run: a problem, and what is already known of it."""

    problem: Required[ProblemField]
    tests: TestsField
    """Visible tests; read from the problem where none are given here."""
    candidates: CandidatesField
    """Solutions that are there already, to be scored with the Solver's."""
    usage: UsageField
    """What was spent before."""


class RefinementState(BaseModel):
    """Everything that a run knows. Nodes and rules read it; only node updates change it.

    `result` is there when the run has ended.
    """

    model_config = ConfigDict(frozen=True)

    problem: ProblemField
    tests: TestsField = ()
    """Visible tests: given, found in the statement or generated."""
    candidates: CandidatesField = ()
    """Every candidate ever made; none is dropped."""
    usage: UsageField = Usage()
    reviews: ReviewsField = ()
    rejected: RejectedField = ()
    """Refinements that were not allowed to replace their parent."""
    decisions: DecisionsField = ()
    """What was done at each turn of the loop, and why."""
    failures: FailuresField = ()
    run_notes: NotesField = ()
    """What operators noted; not `notes`, a key that applications around the graph often have."""
    round: RoundField = 0
    """Rounds of refinement begun."""
    progress: ProgressField = -1
    """The number of the last decision whose moves brought anything."""
    ended: EndedField = (-1, 0)
    """The number of the last decision whose moves ended, and how many of them have."""
    elapsed: ElapsedField = 0.0
    """Seconds since the run began, as of the last decision."""
    started: StartedField = None
    """When the run began, in seconds since the epoch."""
    begun_with: BegunWithField = None
    """The problem that the run was begun with; another one given to its thread begins afresh."""
    asked: AskedField = ()
    """Samples taken of each request that a seed or a cache tells apart; a resumed run goes on."""
    isolation: IsolationField = None
    """The weakest isolation that any program of this run was executed under."""
    result: ResultField = None

    @property
    def decision(self) -> Decision | None:
        """The last decision."""
        return self.decisions[-1] if self.decisions else None

    @property
    def difficulty(self) -> Difficulty | None:
        """The router's last word."""
        judged = (
            decision.difficulty for decision in reversed(self.decisions) if decision.difficulty
        )
        return next(judged, None)

    @property
    def stop_reason(self) -> StopReason | None:
        """Why the loop ended; None while it runs."""
        return self.decision.stop_reason if self.decision else None

    @property
    def active_candidates(self) -> tuple[Candidate, ...]:
        """Complete candidates that are still in the running.

        A refinement that was accepted stands in for its parent; one that was rejected does not
        count. Without visible tests both stay, since nothing proved the newer one better, and so
        do the parents of a candidate that was made from several.
        """
        return active_candidates(self.candidates, self.rejected)

    @property
    def proof_ids(self) -> frozenset[str]:
        """Ids of the visible tests that count as proof: given, or in the statement."""
        return frozenset(test.id for test in self.tests if test.origin != "generated")


@with_config(ConfigDict(extra="forbid"))
class StateUpdate(TypedDict, total=False):
    """What a node returns: the part of the state that it adds to."""

    tests: tuple[VisibleTest, ...]
    candidates: tuple[Candidate, ...]
    reviews: tuple[Review, ...]
    rejected: tuple[RejectedRefinement, ...]
    decisions: tuple[Decision, ...]
    failures: tuple[Failure, ...]
    run_notes: tuple[Note, ...]
    usage: Usage
    asked: tuple[SamplesAsked, ...]
    round: int
    progress: int
    ended: tuple[int, int]
    elapsed: float
    started: float | None
    begun_with: Problem | None
    isolation: Isolation | None
    result: RefinementResult | None


GROWING = frozenset(
    name
    for name, field in RefinementState.model_fields.items()
    if any(isinstance(part, GrowingChannel) for part in field.metadata)
)
"""The fields of which a checkpoint holds only what was added."""


def _merge_of(parts: Iterable[object]) -> Callable[[Any, Any], Any] | None:
    """Return how the channel of a field combines two writes; None where the later one replaces."""
    for part in parts:
        if isinstance(part, GrowingChannel):
            return part.fold.merge
        if isinstance(part, CheckedChannel):
            # isinstance forgets what the channel holds.
            checked: CheckedChannel[Any] = part  # pyright: ignore[reportUnknownVariableType]
            return checked.merge
    return None


_MERGES = {name: _merge_of(field.metadata) for name, field in RefinementState.model_fields.items()}


def apply_update(state: RefinementState, update: StateUpdate) -> RefinementState:
    """Return the state as the channels hold it once they took an update that was checked."""
    return state.model_copy(update=_merged(dict(state), update))


def join_updates(first: StateUpdate, second: StateUpdate) -> StateUpdate:
    """Return one update that does what two do, one after the other."""
    return cast("StateUpdate", {**first, **_merged(first, second)})


def _merged(values: Mapping[str, Any], update: StateUpdate) -> dict[str, Any]:
    merged: dict[str, Any] = dict(update)
    for key, value in update.items():
        merge = _MERGES[key]
        if merge and key in values:
            merged[key] = merge(values[key], value)
    return merged


_UPDATE = TypeAdapter(StateUpdate)
_INPUT = TypeAdapter(RefinementInput)


def check_input(value: object) -> None:
    """Raise `StateError` unless a graph can start from this value.

    Keys that the graph does not know are left to the graph around it.
    """
    _validate(_INPUT, value, "the input of the graph", RefinementInput)


def check_update(node: str, update: object) -> StateUpdate:
    """Return what a node wrote, or raise `StateError` that names the node and the key.

    >>> check_update("solve", {"round": 1})
    {'round': 1}
    >>> check_update("solve", {"rounds": 1})
    Traceback (most recent call last):
    ...
    refinegraph.errors.StateError: what node `solve` wrote, key `rounds`, is not valid: ...
    """
    return _validate(_UPDATE, update, f"what node `{node}` wrote", StateUpdate)


def _validate(adapter: TypeAdapter[Update], value: object, subject: str, keys: type) -> Update:
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        where = f"{subject}, key `{key}`" if key else subject
        raise StateError(
            f"{where}, is not valid: {first['msg']}, got {first['input']!r:.200}; "
            f"expected a mapping with keys from {', '.join(keys.__annotations__)}."
        ) from None


def active_candidates(
    candidates: Iterable[Candidate], rejected: Iterable[RejectedRefinement] = ()
) -> tuple[Candidate, ...]:
    """Return the complete candidates that no accepted refinement has replaced."""
    left_out = {rejection.candidate_id for rejection in rejected}
    accepted = [
        candidate for candidate in candidates if candidate.complete and candidate.id not in left_out
    ]
    replaced = {
        candidate.parents[0]
        for candidate in accepted
        if len(candidate.parents) == 1 and candidate.verdict
    }
    return tuple(candidate for candidate in accepted if candidate.id not in replaced)
