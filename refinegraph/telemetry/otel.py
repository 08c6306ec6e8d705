"""Spans for OpenTelemetry, named by its conventions for generative AI; needs the extra `otel`."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from refinegraph.errors import SettingError
from refinegraph.telemetry.tracing import Attributes, Kind, Note

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

MISSING = "OpenTelemetry is not installed; pip install 'refinegraph[otel]'."
"""What to say where it is asked for and not there."""


class OpenTelemetryTracer:
    """Gives every node, model call and sandbox run of a run to OpenTelemetry as a span.

    Tokens and cost are attributes; prompts and answers are not recorded. The provider is the
    application's own unless one is given.

        from refinegraph.telemetry.otel import OpenTelemetryTracer
        from refinegraph.telemetry.tracing import traced

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
            raise SettingError(MISSING) from None
        self._kinds = trace.SpanKind
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
