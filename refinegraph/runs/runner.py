"""Run a compiled graph on one problem: its scope, its thread, its questions, what it took."""

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from refinegraph.errors import InputError
from refinegraph.options.solve_options import EventHandler, InterruptHandler
from refinegraph.schema import Problem, RefinementResult
from refinegraph.telemetry.tracing import Timeline, span, traced

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.types import Command, Interrupt

    from refinegraph.agents.models import CallCache, Ledger
    from refinegraph.graphs.refinement import RefinementGraph
    from refinegraph.graphs.resume import ResumePoint


_SPAN = {"gen_ai.operation.name": "invoke_workflow"}


async def run_graph(
    graph: "RefinementGraph",
    problem: Problem,
    *,
    run_id: str | None = None,
    on_question: InterruptHandler | None = None,
    timeout: float | None = None,
    cache: "CallCache | None" = None,
    ledger: "Ledger | None" = None,
    on_event: EventHandler | None = None,
    stream: bool = False,
) -> RefinementResult:
    """Run a compiled graph on one problem and return its result.

    Args:
        graph: A strategy's graph, or one of `refinement_graph` and `search_graph`.
        problem: What to solve.
        run_id: The thread under which the graph's checkpointer keeps the run: one that was
            interrupted goes on, with what it had spent; one that had ended is returned; one that
            failed before it had a candidate begins anew.
        on_question: Answers what the graph asks a person. Without it such a run raises
            `InputError`.
        timeout: Seconds after which no model call is begun or waited for; while a person is asked,
            time stands still.
        cache: Answers that are kept.
        ledger: What may be spent; shared with whatever else is given it.
        on_event: Gets the graph's events and those of the model calls, in the order in which they
            happen.
        stream: Whether `on_event` also gets the text of answers while they are written.
    """
    config = _thread(graph, run_id)
    before = await _before(graph, config)
    if before and before.result:
        return before.result
    if ledger and before:
        ledger.add_prior(before.spent)
    if config and before and before.is_hopeless:
        from refinegraph.graphs.resume import forget_run

        # Gone on with, it would meet the failures that ended it once more.
        await forget_run(graph, config)
        before = None
    run = _Run(graph, config, timeout, cache, ledger, on_event, stream)
    run.restore(before)
    final = await run.invoke(None if before else {"problem": problem}, before)
    while questions := final.get("__interrupt__"):
        began = time.monotonic()
        answer = await _answered(questions, on_question)
        run.waited += time.monotonic() - began
        final = await run.invoke(answer)
    result: RefinementResult = final["result"]
    spent = result.usage.model_copy(update={"wall_seconds": round(run.seconds, 3)})
    return result.model_copy(update={"usage": spent, "timeline": tuple(run.timeline.spans)})


@dataclass
class _Run:
    """A run between its interruptions."""

    graph: "RefinementGraph"
    config: "RunnableConfig | None"
    timeout: float | None
    cache: "CallCache | None"
    ledger: "Ledger | None"
    on_event: EventHandler | None
    stream: bool
    timeline: Timeline = field(default_factory=Timeline)
    began: float = field(default_factory=time.monotonic)
    asked: Mapping[str, int] = field(default_factory=dict[str, int])
    paused: float = 0.0
    """Seconds that it lay still before this process took it up."""
    waited: float = 0.0
    """Seconds that it waited for a person since."""

    @property
    def seconds(self) -> float:
        """How long it has run."""
        return time.monotonic() - self.began - self.waited

    def restore(self, before: "ResumePoint | None") -> None:
        """Go on from where it was."""
        if before:
            self.began -= before.elapsed
            self.asked, self.paused = before.asked, before.paused

    async def invoke(self, given: Any, before: "ResumePoint | None" = None) -> Any:
        """Run until the graph ends or asks."""
        from refinegraph.agents.models import run_scope

        until = None if self.timeout is None else self.began + self.waited + self.timeout
        with (
            run_scope(
                deadline=until,
                on_event=self.on_event,
                cache=self.cache,
                ledger=self.ledger,
                sample_counts=self.asked,
                paused=self.paused + self.waited,
                streams=self.stream,
            ) as scope,
            traced(self.timeline),
            span("run", f"invoke_workflow {self.graph.name}", _SPAN),
        ):
            for event in before.events if before else ():
                scope.emit(event)
            final = await self._invoke(given)
        self.asked = scope.sample_counts or {}
        return final

    async def _invoke(self, given: Any) -> Any:
        """Call the graph; with a thread, each super-step is stored before the next one begins."""
        keys = ["result"]  # reading the whole state after every super-step would only cost time
        if self.config is None:
            return await self.graph.ainvoke(given, output_keys=keys)
        return await self.graph.ainvoke(given, self.config, output_keys=keys, durability="sync")


def _thread(graph: "RefinementGraph", run_id: str | None) -> "RunnableConfig | None":
    if not graph.checkpointer:
        return None
    return {"configurable": {"thread_id": run_id or secrets.token_hex(8)}}


async def _before(
    graph: "RefinementGraph", config: "RunnableConfig | None"
) -> "ResumePoint | None":
    if config is None:
        return None
    from refinegraph.graphs.resume import load_resume_point

    return await load_resume_point(graph, config)


async def _answered(
    questions: "Sequence[Interrupt]", handler: InterruptHandler | None
) -> "Command[Any]":
    """Put the graph's questions to a person, one after the other."""
    from langgraph.types import Command

    if handler is None:
        raise InputError("the run asks before it goes on and nobody answers; give `on_question`.")
    return Command(resume={question.id: await handler(question.value) for question in questions})
