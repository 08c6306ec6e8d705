"""Export spans as configured by the OTEL_ environment variables; requires the extra `otel`."""

import logging
import os
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from importlib.metadata import entry_points

from refinegraph.errors import SettingError
from refinegraph.telemetry.otel import MISSING, OpenTelemetryTracer
from refinegraph.wording import plural

try:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
    from opentelemetry.sdk.trace.export import (
        BatchSpanProcessor,
        ConsoleSpanExporter,
        SpanExporter,
        SpanExportResult,
    )
except ImportError:
    raise SettingError(MISSING) from None

_GROUP = "opentelemetry_traces_exporter"
"""The entry point group of exporters, whose names are the values of OTEL_TRACES_EXPORTER."""
_OTLP = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}
"""The exporters by the protocols of OTEL_EXPORTER_OTLP_PROTOCOL."""
# A collector answers in milliseconds; a finished run should not wait long for a missing one.
_FLUSH_SECONDS = 2.0
# The SDK's messages contain whole addresses and tracebacks.
_MAX_WARNING = 200


@contextmanager
def exporting(*, warn: Callable[[str], None]) -> Generator[OpenTelemetryTracer | None]:
    """Open a tracer that exports as the environment says; None if nothing is to be exported.

    `OTEL_TRACES_EXPORTER` is a comma-separated list of `otlp` (the default), `console` (on standard
    error), `none` and the names of installed exporters. `OTEL_EXPORTER_OTLP_PROTOCOL` is the
    protocol of `otlp`, by default `http/protobuf`. At the end, the context waits up to two seconds
    until the spans are sent, and calls `warn` with one sentence if some were not.

    Raises:
        SettingError: A requested exporter or protocol is not available.
    """
    exporters = [_Counted(_exporter(name)) for name in _exporter_names()]
    if not exporters:
        yield None
        return
    with _warnings_collected() as warnings:
        ended = _Ended()
        provider = _provider([ended, *map(BatchSpanProcessor, exporters)])
        try:
            yield OpenTelemetryTracer(provider)
        finally:
            _finish(provider, exporters)
            lost = max(ended.spans - exporter.sent for exporter in exporters)
            if lost:
                warn(_sentence(lost, warnings))


def _sentence(lost: int, warnings: Sequence[str]) -> str:
    failures = [warning for warning in warnings if warning.startswith("Failed to export")]
    reason = f" ({failures[-1].rstrip('.')})" if failures else ""
    return (
        f"--otel: {plural(lost, 'span')} not accepted{reason}; set OTEL_EXPORTER_OTLP_ENDPOINT to "
        "a running receiver."
    )


def _exporter_names() -> list[str]:
    """Return the registered names of the exporters that the environment requests."""
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return []
    setting = os.environ.get("OTEL_TRACES_EXPORTER", "").strip() or "otlp"
    names = [name.strip() for name in setting.split(",")]
    return [_otlp() if name == "otlp" else name for name in names if name not in ("", "none")]


def _otlp() -> str:
    variables = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
    for variable in variables:
        protocol = os.environ.get(variable, "").strip()
        if protocol and protocol not in _OTLP:
            raise SettingError(f"{variable} is {protocol!r}; expected one of: {', '.join(_OTLP)}.")
        if protocol:
            return _OTLP[protocol]
    return _OTLP["http/protobuf"]


def _exporter(name: str) -> SpanExporter:
    """Create the exporter that is registered under a name."""
    if name == "console":
        return ConsoleSpanExporter(out=sys.stderr)
    for registered in entry_points(group=_GROUP, name=name):
        exporter: SpanExporter = registered.load()()
        return exporter
    installed = ", ".join(sorted(entry.name for entry in entry_points(group=_GROUP)))
    package = f"opentelemetry-exporter-{name.replace('_', '-')}"
    raise SettingError(
        f"OpenTelemetry has no exporter {name!r} here, only: {installed}; pip install {package}, "
        "or set OTEL_TRACES_EXPORTER or OTEL_EXPORTER_OTLP_PROTOCOL to another."
    )


def _provider(processors: Sequence[SpanProcessor]) -> TracerProvider:
    resource = Resource.create({"service.name": "refinegraph"})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    for processor in processors:
        provider.add_span_processor(processor)
    return provider


def _finish(provider: TracerProvider, exporters: "Sequence[_Counted]") -> None:
    """Send the remaining spans, with a time limit of our own since the SDK ignores its own."""
    sending = threading.Thread(target=provider.force_flush, name="refinegraph-otel", daemon=True)
    sending.start()
    sending.join(_FLUSH_SECONDS)
    if not sending.is_alive():
        provider.shutdown()
        return
    for exporter in exporters:
        exporter.shutdown()


class _Ended(SpanProcessor):
    """Count the spans to be sent."""

    def __init__(self) -> None:
        self.spans = 0

    def on_end(self, span: ReadableSpan) -> None:
        """Count a span if it is sampled."""
        self.spans += bool(span.context and span.context.trace_flags.sampled)


class _Counted(SpanExporter):
    """An exporter that counts the accepted spans."""

    def __init__(self, exporter: SpanExporter) -> None:
        self.sent = 0
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export spans and count them if they were accepted."""
        result = self._exporter.export(spans)
        if result is SpanExportResult.SUCCESS:
            self.sent += len(spans)
        return result

    def shutdown(self) -> None:
        """Give up pending retries."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flush the wrapped exporter."""
        return self._exporter.force_flush(timeout_millis)


@contextmanager
def _warnings_collected() -> Generator[list[str]]:
    """Collect the SDK's warnings instead of printing them."""
    warnings: list[str] = []
    logger = logging.getLogger("opentelemetry")
    handler, before = _Collecting(warnings), logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield warnings
    finally:
        if not warnings:  # otherwise pending retries would still print warnings after the run
            logger.removeHandler(handler)
            logger.propagate = before


class _Collecting(logging.Handler):
    """A logging handler that appends messages to a list."""

    def __init__(self, messages: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._messages = messages

    def emit(self, record: logging.LogRecord) -> None:
        """Append one message as a single line."""
        self._messages.append(" ".join(record.getMessage().split())[:_MAX_WARNING])
