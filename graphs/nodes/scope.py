"""Run a node inside its span, and validate the update that it returns."""

from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any, cast

from refinegraph.agents.models import Sampling, Work
from refinegraph.agents.models.run_context import working
from refinegraph.agents.models.sampling_defaults import sampling_defaults
from refinegraph.graphs.nodes.types import StateNode
from refinegraph.graphs.state import RefinementState, StateUpdate, check_update
from refinegraph.schema import SampleCount, Usage
from refinegraph.telemetry.tracing import Attributes, span


async def run_node(name: str, node: StateNode, state: RefinementState) -> StateUpdate:
    """Run a node and return its validated update."""
    with node_scope(name, state.round, None) as sample_counts:
        update = await node(state)
    return checked_update(name, update, sample_counts)


def with_sampling_defaults(
    node: Callable[[Any], Awaitable[Any]], defaults: Sampling | None
) -> Callable[[Any], Awaitable[Any]]:
    """Return a node whose model calls have default settings, if there are any."""
    if defaults is None:
        return node

    async def run(values: Any) -> Any:
        with sampling_defaults(defaults):
            return await node(values)

    return run


@contextmanager
def node_scope(node: str, round: int, candidate_id: str | None) -> Generator[Counter[str]]:
    """Open the span of a node and record the purpose of the model calls inside it.

    Yields a counter of the samples that the node takes, for `checked_update`.
    """
    attributes: Attributes = {"refinegraph.round": round}
    if candidate_id:
        attributes = {**attributes, "refinegraph.candidate.id": candidate_id}
    work = Work(node=node, candidate_id=candidate_id)
    with span("node", node, attributes), working(work) as sample_counts:
        yield sample_counts


def checked_update(node: str, update: StateUpdate, sample_counts: Counter[str]) -> StateUpdate:
    """Validate an update, drop its empty values, and add the samples that the node took.

    Samples are counted by request, so that a resumed run continues each request's sequence.
    """
    complete: Any = {key: value for key, value in update.items() if not _is_nothing(value)}
    if sample_counts:
        complete["sample_counts"] = tuple(
            SampleCount(request=key, samples=n) for key, n in sample_counts.items()
        )
    return check_update(node, cast("StateUpdate", complete))


def _is_nothing(value: object) -> bool:
    """Return whether writing a value changes nothing; every write costs time and storage."""
    if isinstance(value, Usage):
        return value.is_nothing
    return value is None or (isinstance(value, tuple) and not value)
