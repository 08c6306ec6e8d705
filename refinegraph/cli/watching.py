"""Who else hears of a run: a log, OpenTelemetry."""

import contextlib
from collections.abc import Generator

from refinegraph.agents.models import WordsWritten, run_scope
from refinegraph.agents.models.redaction import redact
from refinegraph.errors import InputError
from refinegraph.json_log import JsonLog
from refinegraph.options import CommandOptions
from refinegraph.schema import Frozen
from refinegraph.tracing import traced


@contextlib.contextmanager
def watched(options: CommandOptions) -> Generator[None]:
    """Write the log and send the spans that the arguments ask for, of what goes on inside.

    Raises:
        InputError: Where the log cannot be written.
        SettingError: Where OpenTelemetry is asked for and not installed.
    """
    with contextlib.ExitStack() as stack:
        if options.log_json:
            stack.enter_context(_logged(options.log_json))
        if options.otel:
            from refinegraph.otel import exporting

            tracer = exporting()
            stack.callback(tracer.flush)
            stack.enter_context(traced(tracer))
        yield


@contextlib.contextmanager
def _logged(name: str) -> Generator[None]:
    try:
        file = open(name, "a", encoding="utf-8")  # noqa: SIM115, PTH123 - `-` would be no path
    except OSError as error:
        raise InputError(f"--log-json {name!r} cannot be written: {error.strerror}.") from None
    log = JsonLog(file, clean=redact)

    def hear(event: Frozen) -> None:
        if not isinstance(event, WordsWritten):  # whole answers are told of as well
            log.hear(event)

    with file, run_scope(on_event=hear):
        yield
