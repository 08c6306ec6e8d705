"""Telemetry of a run: spans, OpenTelemetry, and a log of events."""

from refinegraph.telemetry.json_log import JsonLog
from refinegraph.telemetry.otel import OpenTelemetryTracer
from refinegraph.telemetry.tracing import Timeline, Tracer, span, traced

__all__ = ["JsonLog", "OpenTelemetryTracer", "Timeline", "Tracer", "span", "traced"]
