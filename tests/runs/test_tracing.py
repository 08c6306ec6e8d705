"""Spans and logs contain every node, call and sandbox run exactly once."""

import json
from pathlib import Path

import pytest

import refinegraph as rg
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.telemetry.otel import OpenTelemetryTracer
from refinegraph.telemetry.tracing import Timeline, span, traced

export = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
WRONG, RIGHT = "def add(a, b): return a - b", "def add(a, b): return a + b"


def run() -> rg.RefinementResult:
    model = ScriptedChatModel([WRONG, "VERDICT: wrong\nCHANGE: add", RIGHT])
    return rg.solve(
        "Write add(a, b).", tests="assert add(1, 2) == 3", model=model, strategy="self-refine"
    )


def test_spans_follow_the_conventions_and_nest() -> None:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    memory = export.InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    with traced(OpenTelemetryTracer(provider)):
        result = run()
    spans = memory.get_finished_spans()
    by_id = {each.context.span_id: each for each in spans}
    calls = [each for each in spans if each.name == "chat scripted"]
    assert len(calls) == result.usage.llm_calls == 3
    tokens = sum(each.attributes["gen_ai.usage.output_tokens"] for each in calls)
    assert tokens == result.usage.completion_tokens
    assert {each.attributes["gen_ai.operation.name"] for each in calls} == {"chat"}
    parents = {by_id[each.parent.span_id].name for each in calls}
    assert parents == {"solve", "review", "refine"}
    [root] = [each for each in spans if each.parent is None]
    assert root.name == "invoke_workflow self-refine"
    sandboxed = [each for each in spans if each.name == "execute_tool sandbox"]
    assert len(sandboxed) == result.usage.sandbox_runs == 2
    assert {by_id[each.parent.span_id].name for each in sandboxed} == {"score"}


def test_an_error_ends_its_span() -> None:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    memory = export.InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = OpenTelemetryTracer(provider)
    with pytest.raises(ValueError, match="hush"), traced(tracer), span("call", "chat x"):
        raise ValueError("hush")
    [told] = memory.get_finished_spans()
    assert told.attributes["error.type"] == "ValueError"
    assert "hush" not in told.to_json()


def test_a_result_contains_a_timeline() -> None:
    timeline = run().timeline
    assert [each.name for each in timeline if each.kind == "call"] == ["chat scripted"] * 3
    assert all(0 <= each.began <= each.ended for each in timeline)
    [whole] = [each for each in timeline if each.kind == "run"]
    assert whole.ended == max(each.ended for each in timeline)


def test_without_a_tracer_nothing_is_recorded() -> None:
    timeline = Timeline()
    with span("call", "chat"):
        pass
    assert timeline.spans == []


def test_a_log_is_one_object_a_line(tmp_path: Path) -> None:
    from refinegraph.agents.models import run_scope
    from refinegraph.telemetry.json_log import JsonLog

    file = tmp_path / "log.jsonl"
    with file.open("w") as out, run_scope(on_event=JsonLog(out, clean=str).handle):
        run()
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    names = [line["event"] for line in lines]
    assert names.count("CallFinished") == 3
    assert names.count("Decided") == 3
    assert [line["time"] for line in lines] == sorted(line["time"] for line in lines)
