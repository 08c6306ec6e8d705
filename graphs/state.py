"""The state of a refinement graph: typed, validated at every write, safe for parallel writes."""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Required, TypeVar, cast

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from refinegraph.errors import StateError
from refinegraph.graphs.channels import CheckedChannel, GrowingChannel, growing
from refinegraph.graphs.reducers import (
    add_ended,
    add_sample_counts,
    add_usage,
    merge_candidates,
    merge_decisions,
    merge_failures,
    merge_notes,
    merge_rejected,
    merge_reviews,
    merge_tests,
    weakest_isolation,
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
    SampleCount,
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
SampleCountsField = Annotated[
    tuple[SampleCount, ...], growing(tuple[SampleCount, ...], add_sample_counts)
]
RoundField = Annotated[int, CheckedChannel(int, merge=max, default=0)]
ProgressField = Annotated[int, CheckedChannel(int, merge=max, default=-1)]
EndedField = Annotated[
    tuple[int, int], CheckedChannel(tuple[int, int], merge=add_ended, default=(-1, 0))
]
InitialProblemField = Annotated[Problem | None, CheckedChannel(Problem | None, default=None)]
ElapsedField = Annotated[float, CheckedChannel(float, merge=max, default=0.0)]
StartedField = Annotated[float | None, CheckedChannel(float | None, default=None)]
IsolationField = Annotated[
    Isolation | None, CheckedChannel(Isolation | None, merge=weakest_isolation, default=None)
]
ResultField = Annotated[
    RefinementResult | None, CheckedChannel(RefinementResult | None, default=None)
]


class RefinementInput(TypedDict, total=False):
    """The input of a run: a problem, and optionally earlier results."""

    problem: Required[ProblemField]
    tests: TestsField
    """Visible tests; by default read from the problem."""
    candidates: CandidatesField
    """Existing solutions, which are scored together with the Solver's."""
    usage: UsageField
    """Earlier spending."""


class RefinementState(BaseModel):
    """The complete state of a run. Nodes and rules read it; only node updates change it.

    `result` is set when the run has ended.
    """

    model_config = ConfigDict(frozen=True)

    problem: ProblemField
    tests: TestsField = ()
    """Visible tests: given, found in the statement or generated."""
    candidates: CandidatesField = ()
    """All candidates of the run; none is ever removed."""
    usage: UsageField = Usage()
    reviews: ReviewsField = ()
    rejected: RejectedField = ()
    """Refinements that were not allowed to replace their parent."""
    decisions: DecisionsField = ()
    """The decision at each turn of the loop, with its reasons."""
    failures: FailuresField = ()
    run_notes: NotesField = ()
    """Notes of operators; not called `notes`, a key that surrounding applications often use."""
    round: RoundField = 0
    """Number of refinement rounds begun."""
    progress: ProgressField = -1
    """Number of the last decision whose moves had any result."""
    ended: EndedField = (-1, 0)
    """Number of the last decision whose moves ended, and how many of them have ended."""
    elapsed: ElapsedField = 0.0
    """Seconds since the run began, as of the last decision."""
    started: StartedField = None
    """When the run began, as Unix time in seconds."""
    initial_problem: InitialProblemField = None
    """The problem with which the run began; another problem in its thread starts a new run."""
    sample_counts: SampleCountsField = ()
    """Samples taken of each request that a seed or cache distinguishes, for resuming a run."""
    isolation: IsolationField = None
    """The weakest isolation under which any program of this run was executed."""
    result: ResultField = None

    @property
    def decision(self) -> Decision | None:
        """The last decision."""
        return self.decisions[-1] if self.decisions else None

    @property
    def difficulty(self) -> Difficulty | None:
        """The router's latest difficulty."""
        difficulties = (
            decision.difficulty for decision in reversed(self.decisions) if decision.difficulty
        )
        return next(difficulties, None)

    @property
    def stop_reason(self) -> StopReason | None:
        """Why the loop ended, or None while it runs."""
        return self.decision.stop_reason if self.decision else None

    @property
    def active_candidates(self) -> tuple[Candidate, ...]:
        """Complete candidates that have not been replaced or rejected.

        An accepted refinement replaces its parent; a rejected one does not count. Without visible
        tests, both remain, because nothing proved the newer one better. The parents of a candidate
        with several parents remain as well.
        """
        return active_candidates(self.candidates, self.rejected)

    @property
    def proof_ids(self) -> frozenset[str]:
        """Ids of the visible tests that count as proof: given, or found in the statement."""
        return frozenset(test.id for test in self.tests if test.origin != "generated")


@with_config(ConfigDict(extra="forbid"))
class StateUpdate(TypedDict, total=False):
    """A node's return value: the fields of the state that it changes."""

    tests: tuple[VisibleTest, ...]
    candidates: tuple[Candidate, ...]
    reviews: tuple[Review, ...]
    rejected: tuple[RejectedRefinement, ...]
    decisions: tuple[Decision, ...]
    failures: tuple[Failure, ...]
    run_notes: tuple[Note, ...]
    usage: Usage
    sample_counts: tuple[SampleCount, ...]
    round: int
    progress: int
    ended: tuple[int, int]
    elapsed: float
    started: float | None
    initial_problem: Problem | None
    isolation: Isolation | None
    result: RefinementResult | None


GROWING = frozenset(
    name
    for name, field in RefinementState.model_fields.items()
    if any(isinstance(part, GrowingChannel) for part in field.metadata)
)
"""The fields of which a checkpoint stores only the additions."""


def _merge_of(parts: Iterable[object]) -> Callable[[Any, Any], Any] | None:
    """Return the merge function of a field, or None if later writes replace earlier ones."""
    for part in parts:
        if isinstance(part, GrowingChannel):
            return part.fold.merge
        if isinstance(part, CheckedChannel):
            # isinstance loses the type parameter.
            checked: CheckedChannel[Any] = part  # pyright: ignore[reportUnknownVariableType]
            return checked.merge
    return None


_MERGES = {name: _merge_of(field.metadata) for name, field in RefinementState.model_fields.items()}


def apply_update(state: RefinementState, update: StateUpdate) -> RefinementState:
    """Return the state after a validated update, as the channels will hold it."""
    return state.model_copy(update=_merged(dict(state), update))


def join_updates(first: StateUpdate, second: StateUpdate) -> StateUpdate:
    """Return one update that has the effect of two successive ones."""
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

    Unknown keys are ignored, because they may belong to a surrounding graph.
    """
    _validate(_INPUT, value, "the input of the graph", RefinementInput)


def check_update(node: str, update: object) -> StateUpdate:
    """Validate a node's update; raise `StateError` naming the node and the key.

    >>> check_update("solve", {"round": 1})
    {'round': 1}
    >>> check_update("solve", {"rounds": 1})
    Traceback (most recent call last):
    ...
    refinegraph.errors.StateError: the update of node `solve`, key `rounds`, is not valid: ...
    """
    return _validate(_UPDATE, update, f"the update of node `{node}`", StateUpdate)


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
    """Return the complete candidates that have not been rejected or replaced."""
    rejected_ids = {rejection.candidate_id for rejection in rejected}
    accepted = [
        candidate
        for candidate in candidates
        if candidate.complete and candidate.id not in rejected_ids
    ]
    replaced = {
        candidate.parents[0]
        for candidate in accepted
        if len(candidate.parents) == 1 and candidate.verdict
    }
    return tuple(candidate for candidate in accepted if candidate.id not in replaced)
