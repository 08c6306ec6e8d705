"""Load the progress of an interrupted run from its thread's checkpoint."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.constants import START

from refinegraph.graphs.events import (
    CandidateJudged,
    CandidateProposed,
    Decided,
    Event,
    Spent,
    TestsKnown,
)
from refinegraph.graphs.refinement import RefinementGraph
from refinegraph.schema import RefinementResult, SampleCount, Usage


class ResumePoint(NamedTuple):
    """The progress of an interrupted run."""

    sample_counts: Mapping[str, int]
    """Samples taken of each request."""
    spent: Usage
    """Usage of the nodes that finished."""
    elapsed: float
    """Running time in seconds, as of the last decision."""
    paused: float
    """Seconds since the interruption."""
    result: RefinementResult | None
    """The result, if the run had ended."""
    events: tuple[Event, ...]
    """A summary of the events that an observer of the run would have received."""
    is_hopeless: bool = False
    """Whether the run ended because every move failed before there was a candidate."""


async def load_resume_point(graph: RefinementGraph, config: RunnableConfig) -> ResumePoint | None:
    """Load the progress of a thread, or return None if it was never started.

    The writes of parallel branches in the interrupted super-step are included, because LangGraph
    does not run those branches again.
    """
    if not isinstance(graph.checkpointer, BaseCheckpointSaver):
        return None
    checkpoint: CheckpointTuple | None = await graph.checkpointer.aget_tuple(config)
    if checkpoint is None:
        return None
    stored = checkpoint.checkpoint["channel_values"]
    values: dict[str, Any] = (await graph.aget_state(config)).values
    sample_counts: Counter[str] = Counter()
    spent = values.get("usage", Usage())
    _add(sample_counts, values.get("sample_counts", ()))
    for _, channel, value in checkpoint.pending_writes or ():
        if channel == "sample_counts":
            _add(sample_counts, value)
        elif channel == "usage":
            spent += value
    started, elapsed = values.get("started"), values.get("elapsed", 0.0)
    paused = max(0.0, time.time() - started - elapsed) if started else 0.0
    # Pending input at the start means that the thread has received another problem since.
    ended = None if START in stored else values.get("result")
    events = (*_events(values), Spent(usage=spent))
    hopeless = ended is None and bool(values.get("failures")) and not values.get("candidates")
    return ResumePoint(sample_counts, spent, elapsed, paused, ended, events, hopeless)


async def forget_run(graph: RefinementGraph, config: RunnableConfig) -> None:
    """Delete a thread's checkpoints, so that the next run with its name starts from scratch."""
    if isinstance(graph.checkpointer, BaseCheckpointSaver):
        await graph.checkpointer.adelete_thread(config.get("configurable", {})["thread_id"])


def _events(values: Mapping[str, Any]) -> Iterator[Event]:
    if values.get("tests"):
        yield TestsKnown(tests=values["tests"])
    for candidate in values.get("candidates", ()):
        yield CandidateProposed(candidate=candidate)
        if candidate.scores:
            yield CandidateJudged(candidate=candidate)
    for decision in values.get("decisions", ()):
        yield Decided(decision=decision)


def _add(sample_counts: Counter[str], additions: tuple[SampleCount, ...]) -> None:
    sample_counts.update({samples.request: samples.samples for samples in additions})
