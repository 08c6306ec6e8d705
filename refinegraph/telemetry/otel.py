"""OpenTelemetry spans with the conventions for generative AI; requires the extra `otel`."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from refinegraph.errors import SettingError
from refinegraph.telemetry.tracing import Attributes, Kind, Note

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

MISSING = "OpenTelemetry is not installed; pip install 'refinegraph[otel]'."
"""The message if OpenTelemetry is requested but not installed."""


class OpenTelemetryTracer:
    """Report every node, model call and sandbox run to OpenTelemetry as a span.

    Tokens and cost are attributes; prompts and answers are not recorded. The application's own
    provider is used unless one is passed.

        from refinegraph.telemetry.otel import OpenTelemetryTracer
        from refinegraph.telemetry.tracing import traced

        with traced(OpenTelemetryTracer()):
            result = refinegraph.solve("Write add(a, b).")

    The names follow https://opentelemetry.io/docs/specs/semconv/gen-ai/ : `chat MODEL`,
    `execute_tool sandbox`, `invoke_workflow NAME`.

    Raises:
        SettingError: OpenTelemetry is not installed.
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
        """Open a span; of an exception that ends it, only the type is recorded."""
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
