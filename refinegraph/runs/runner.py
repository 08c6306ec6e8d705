"""Run a compiled graph on one problem, including interruptions, and account for its cost."""

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
        graph: A strategy's graph, or one from `refinement_graph` or `search_graph`.
        problem: The problem to solve.
        run_id: The thread under which the graph's checkpointer stores the run. An interrupted run
            is resumed with what it had already spent, a finished run is returned, and a run that
            failed before it had a candidate starts over.
        on_question: Answers the questions that the graph asks a person. Without it, a run that asks
            a question raises `InputError`.
        timeout: The number of seconds after which model calls are neither started nor awaited. The
            clock stops while a person is asked.
        cache: The cache of model answers.
        ledger: The limit on spending; other runs may share it.
        on_event: Receives the graph's events and those of the model calls, in the order in which
            they happen.
        stream: Whether `on_event` also receives the text of answers while they are written.

    Raises:
        InputError: The run asks a question and `on_question` is None.
    """
    config = _thread(graph, run_id)
    before = await _before(graph, config)
    if before and before.result:
        return before.result
    if ledger and before:
        ledger.add_prior(before.spent)
    if config and before and before.is_hopeless:
        from refinegraph.graphs.resume import forget_run

        # Resuming would only repeat the failures that ended the run.
        await forget_run(graph, config)
        before = None
    run = _Run(graph, config, timeout, cache, ledger, on_event, stream)
    run.restore(before)
    final = await run.invoke(None if before else {"problem": problem}, before)
    while questions := final.get("__interrupt__"):
        asked_at = time.monotonic()
        answers = await _ask(questions, on_question)
        run.waited += time.monotonic() - asked_at
        final = await run.invoke(answers)
    result: RefinementResult = final["result"]
    spent = result.usage.model_copy(update={"wall_seconds": round(run.seconds, 3)})
    return result.model_copy(update={"usage": spent, "timeline": tuple(run.timeline.spans)})


@dataclass
class _Run:
    """A run and its state across interruptions."""

    graph: "RefinementGraph"
    config: "RunnableConfig | None"
    timeout: float | None
    cache: "CallCache | None"
    ledger: "Ledger | None"
    on_event: EventHandler | None
    stream: bool
    timeline: Timeline = field(default_factory=Timeline)
    started: float = field(default_factory=time.monotonic)
    sample_counts: Mapping[str, int] = field(default_factory=dict[str, int])
    paused: float = 0.0
    """Seconds between the interruption of the run and its resumption by this process."""
    waited: float = 0.0
    """Seconds that this process waited for a person."""

    @property
    def seconds(self) -> float:
        """Seconds that the run has taken, without waiting for a person."""
        return time.monotonic() - self.started - self.waited

    def restore(self, before: "ResumePoint | None") -> None:
        """Restore the state of a run that is resumed."""
        if before:
            self.started -= before.elapsed
            self.sample_counts, self.paused = before.sample_counts, before.paused

    async def invoke(self, graph_input: Any, before: "ResumePoint | None" = None) -> Any:
        """Run until the graph ends or asks a person."""
        from refinegraph.agents.models import run_scope

        deadline = None if self.timeout is None else self.started + self.waited + self.timeout
        with (
            run_scope(
                deadline=deadline,
                on_event=self.on_event,
                cache=self.cache,
                ledger=self.ledger,
                sample_counts=self.sample_counts,
                paused=self.paused + self.waited,
                streams=self.stream,
            ) as scope,
            traced(self.timeline),
            span("run", f"invoke_workflow {self.graph.name}", _SPAN),
        ):
            for event in before.events if before else ():
                scope.emit(event)
            final = await self._invoke(graph_input)
        self.sample_counts = scope.sample_counts or {}
        return final

    async def _invoke(self, graph_input: Any) -> Any:
        """Call the graph; with a thread, store every super-step before the next one starts."""
        keys = ["result"]  # reading the whole state after every super-step would only cost time
        if self.config is None:
            from refinegraph.graphs.inline_runs import inline_config

            return await self.graph.ainvoke(graph_input, inline_config(), output_keys=keys)
        return await self.graph.ainvoke(
            graph_input, self.config, output_keys=keys, durability="sync"
        )


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


async def _ask(
    questions: "Sequence[Interrupt]", handler: InterruptHandler | None
) -> "Command[Any]":
    """Ask a person the graph's questions, one after the other."""
    from langgraph.types import Command

    if handler is None:
        raise InputError("the run needs an answer from a person to continue; pass `on_question`.")
    return Command(resume={question.id: await handler(question.value) for question in questions})
