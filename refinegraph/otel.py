"""Spans for OpenTelemetry, named by its conventions for generative AI; needs the extra `otel`."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from refinegraph.errors import SettingError
from refinegraph.tracing import Attributes, Kind, Note

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

_MISSING = "OpenTelemetry is not installed; pip install 'refinegraph[otel]'."


class OpenTelemetryTracer:
    """Gives every node, model call and sandbox run of a run to OpenTelemetry as a span.

    Tokens and cost are attributes; prompts and answers are not recorded. The provider is the
    application's own unless one is given.

        from refinegraph.otel import OpenTelemetryTracer
        from refinegraph.tracing import traced

        with traced(OpenTelemetryTracer()):
            result = refinegraph.solve("Write add(a, b).")

    Names follow https://opentelemetry.io/docs/specs/semconv/gen-ai/ : `chat MODEL`,
    `execute_tool sandbox`, `invoke_workflow NAME`.

    Raises:
        SettingError: Where OpenTelemetry is not installed.
    """

    def __init__(self, provider: "TracerProvider | None" = None) -> None:
        try:
            from opentelemetry import trace
        except ImportError:
            raise SettingError(_MISSING) from None
        self._kinds = trace.SpanKind
        self._provider = provider
        self._tracer = trace.get_tracer("refinegraph", tracer_provider=provider)

    @contextmanager
    def span(self, kind: Kind, name: str, attributes: Attributes) -> Generator[Note]:
        """Open a span; an exception that ends it is recorded by its type alone."""
        client = self._kinds.CLIENT if kind == "call" else self._kinds.INTERNAL
        opened = self._tracer.start_as_current_span(
            name,
            kind=client,
            attributes=dict(attributes),
            record_exception=False,
            set_status_on_exception=False,
        )
        with opened as current:
            try:
                yield lambda more: current.set_attributes(dict(more))
            except BaseException as error:
                from opentelemetry.trace import Status, StatusCode

                current.set_attribute("error.type", type(error).__name__)
                current.set_status(Status(StatusCode.ERROR))
                raise

    def flush(self) -> None:
        """Send what was not sent yet, for at most some seconds."""
        flush = getattr(self._provider, "force_flush", None)
        if flush:
            flush(5_000)


def exporting() -> OpenTelemetryTracer:
    """Return a tracer that exports as the OTEL_ variables of the environment say, over HTTP.

    Raises:
        SettingError: Where OpenTelemetry's SDK and exporter are not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise SettingError(_MISSING) from None
    provider = TracerProvider(resource=Resource.create({"service.name": "refinegraph"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return OpenTelemetryTracer(provider)
