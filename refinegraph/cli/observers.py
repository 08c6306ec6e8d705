"""Additional observers of a run: a log file and OpenTelemetry."""

import contextlib
from collections.abc import Generator

from refinegraph.agents.models import TokensStreamed, run_scope
from refinegraph.errors import InputError
from refinegraph.options import CommandOptions
from refinegraph.schema import Frozen
from refinegraph.support.redaction import redact
from refinegraph.telemetry.json_log import JsonLog
from refinegraph.telemetry.tracing import traced
from refinegraph.terminal.console import error_console, say
from refinegraph.terminal.text import printable


@contextlib.contextmanager
def watched(options: CommandOptions) -> Generator[None]:
    """Write the log and send the spans that the arguments ask for while the block runs.

    Neither can end a run: if the disk is full or no collector receives spans, one sentence says so.

    Raises:
        InputError: The log cannot be opened.
        SettingError: OpenTelemetry is not installed, or set to an exporter that is missing.
    """
    with contextlib.ExitStack() as stack:
        if options.log_json:
            stack.enter_context(_logged(options.log_json))
        if options.otel:
            from refinegraph.telemetry.otel_export import exporting

            tracer = stack.enter_context(exporting(warn=_warn))
            if tracer:
                stack.enter_context(traced(tracer))
        yield


@contextlib.contextmanager
def _logged(name: str) -> Generator[None]:
    try:
        file = open(name, "a", encoding="utf-8")  # noqa: SIM115, PTH123 - `-` would be no path
    except OSError as error:
        raise InputError(f"--log-json {name!r} cannot be written: {error.strerror}.") from None

    def give_up(error: OSError) -> None:
        reason = error.strerror
        _warn(f"--log-json {name!r} cannot be written any more: {reason}; the run continues.")

    log = JsonLog(file, clean=redact, on_failure=give_up)

    def handle(event: Frozen) -> None:
        if not isinstance(event, TokensStreamed):  # whole answers are logged anyway
            log.handle(event)

    with contextlib.closing(log), run_scope(on_event=handle):
        yield


def _warn(sentence: str) -> None:
    say(error_console(), f"  {printable(redact(sentence))}", "yellow")
