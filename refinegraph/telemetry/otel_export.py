"""Send spans where the OTEL_ variables of the environment say; needs the extra `otel`."""

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
"""Where packages register their exporters; the names are those of OTEL_TRACES_EXPORTER."""
_OTLP = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}
"""The protocols of OTEL_EXPORTER_OTLP_PROTOCOL, and the exporter of each."""
# A collector answers in milliseconds; a run that is over should not wait for one that is not there.
_FLUSH_SECONDS = 2.0
# The SDK's messages hold whole addresses and tracebacks.
_LONGEST_COMPLAINT = 200


@contextmanager
def exporting(*, warn: Callable[[str], None]) -> Generator[OpenTelemetryTracer | None]:
    """Open a tracer that exports as the environment says, None where nothing is to be exported.

    `OTEL_TRACES_EXPORTER` may name `otlp` (the default), `console` (on standard error), `none`, or
    any exporter that is installed, several joined by commas; `OTEL_EXPORTER_OTLP_PROTOCOL` the
    protocol of `otlp`, by default `http/protobuf`. At the end it waits up to two seconds until the
    spans are sent; `warn` gets one sentence where they were not.

    Raises:
        SettingError: An exporter or a protocol that is named is not there.
    """
    exporters = [_Counted(_exporter(name)) for name in _exporter_names()]
    if not exporters:
        yield None
        return
    with _complaints_collected() as complaints:
        ended = _Ended()
        provider = _provider([ended, *map(BatchSpanProcessor, exporters)])
        try:
            yield OpenTelemetryTracer(provider)
        finally:
            _finish(provider, exporters)
            lost = max(ended.spans - exporter.sent for exporter in exporters)
            if lost:
                warn(_sentence(lost, complaints))


def _sentence(lost: int, complaints: Sequence[str]) -> str:
    failures = [each for each in complaints if each.startswith("Failed to export")]
    reason = f" ({failures[-1].rstrip('.')})" if failures else ""
    return (
        f"--otel: {plural(lost, 'span')} not accepted{reason}; set OTEL_EXPORTER_OTLP_ENDPOINT to "
        "a receiver that runs."
    )


def _exporter_names() -> list[str]:
    """Return the exporters that the environment asks for, as their packages register them."""
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return []
    wanted = os.environ.get("OTEL_TRACES_EXPORTER", "").strip() or "otlp"
    names = [name.strip() for name in wanted.split(",")]
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
    """Make an exporter by the name under which its package registers it."""
    if name == "console":
        return ConsoleSpanExporter(out=sys.stderr)
    for registered in entry_points(group=_GROUP, name=name):
        exporter: SpanExporter = registered.load()()
        return exporter
    known = ", ".join(sorted(each.name for each in entry_points(group=_GROUP)))
    package = f"opentelemetry-exporter-{name.replace('_', '-')}"
    raise SettingError(
        f"OpenTelemetry has no exporter {name!r} here, only: {known}; pip install {package}, or "
        "set OTEL_TRACES_EXPORTER or OTEL_EXPORTER_OTLP_PROTOCOL to another."
    )


def _provider(processors: Sequence[SpanProcessor]) -> TracerProvider:
    resource = Resource.create({"service.name": "refinegraph"})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    for processor in processors:
        provider.add_span_processor(processor)
    return provider


def _finish(provider: TracerProvider, exporters: "Sequence[_Counted]") -> None:
    """Send what was not sent yet, and give up after a while: the SDK heeds no limit of time."""
    sending = threading.Thread(target=provider.force_flush, name="refinegraph-otel", daemon=True)
    sending.start()
    sending.join(_FLUSH_SECONDS)
    if not sending.is_alive():
        provider.shutdown()
        return
    for exporter in exporters:
        exporter.shutdown()


class _Ended(SpanProcessor):
    """Counts the spans that are to be sent."""

    def __init__(self) -> None:
        self.spans = 0

    def on_end(self, span: ReadableSpan) -> None:
        """Count a span, unless it is not sampled."""
        self.spans += bool(span.context and span.context.trace_flags.sampled)


class _Counted(SpanExporter):
    """An exporter that counts what was accepted."""

    def __init__(self, exporter: SpanExporter) -> None:
        self.sent = 0
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export spans, and count them where they were accepted."""
        result = self._exporter.export(spans)
        if result is SpanExportResult.SUCCESS:
            self.sent += len(spans)
        return result

    def shutdown(self) -> None:
        """Give up what is being tried again."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Export what the exporter itself holds back."""
        return self._exporter.force_flush(timeout_millis)


@contextmanager
def _complaints_collected() -> Generator[list[str]]:
    """Keep the SDK's warnings off the terminal, and collect them instead."""
    complaints: list[str] = []
    logger = logging.getLogger("opentelemetry")
    handler, before = _Collecting(complaints), logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield complaints
    finally:
        if not complaints:  # else what is still being tried would complain after the last line
            logger.removeHandler(handler)
            logger.propagate = before


class _Collecting(logging.Handler):
    """Appends messages to a list."""

    def __init__(self, messages: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._messages = messages

    def emit(self, record: logging.LogRecord) -> None:
        """Take one message, on one line."""
        self._messages.append(" ".join(record.getMessage().split())[:_LONGEST_COMPLAINT])
