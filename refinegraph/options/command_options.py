"""Options of the command line that are not options of a run."""

from dataclasses import dataclass
from typing import Annotated

from refinegraph.options.option_set import Option, OptionSet
from refinegraph.values import FileName, Switch, Text, Value

_RUNS = "solve eval batch resume serve mcp"
"""The commands that run a graph."""
_STORING = "solve resume eval batch mcp runs show view rm"
"""The commands that use the store of runs and answers."""


def _shown(
    help: str,
    value: Value,
    commands: str = "solve resume fix",
    *,
    safe: bool = True,
    short: str = "",
) -> Option:
    """Return an option that affects only what a command prints or stores."""
    return Option(help, value, "output", commands, safe=safe, affects_results=False, short=short)


# fmt: off
@dataclass(frozen=True, kw_only=True)
class CommandOptions(OptionSet):
    """Options of the command line that affect only what is printed and stored."""

    home: Annotated[str | None, Option(
        "folder for your runs, cache and trusted files",
        FileName("DIR"), "output", "", affects_results=False)] = None
    store: Annotated[str | None, Option(
        "PostgreSQL address at which runs and answers are kept, for a team",
        Text("URL"), "output", _STORING, affects_results=False)] = None
    json: Annotated[bool, _shown("print one JSON object", Switch())] = False
    output: Annotated[str | None, _shown(
        "also write the answer to FILE", FileName(), safe=False, short="-o")] = None
    quiet: Annotated[bool, _shown(
        "print only the answer", Switch(), "solve resume fix serve mcp", short="-q")] = False
    no_keep: Annotated[bool, _shown(
        "do not keep the run", Switch(), "solve fix serve mcp")] = False
    log_json: Annotated[str | None, Option(
        "write every event to FILE, one JSON object per line",
        FileName(), "output", _RUNS, affects_results=False)] = None
    otel: Annotated[bool, Option(
        "send OpenTelemetry spans as the OTEL_ variables say",
        Switch(), "output", _RUNS, affects_results=False)] = False

    __hash__ = OptionSet.__hash__
# fmt: on
