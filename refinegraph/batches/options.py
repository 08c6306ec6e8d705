"""The arguments of `refinegraph.solve_many`."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from refinegraph.batches.records import COLUMN
from refinegraph.options import RunOptions
from refinegraph.options.option_set import OptionSet
from refinegraph.options.solve_options import python_only
from refinegraph.values import FileName, Function, Instance, Number, Stream, Switch, Text

if TYPE_CHECKING:
    from pathlib import Path

    from refinegraph.batches.inputs import Problems
    from refinegraph.options.solve_options import EventHandler
    from refinegraph.tools.sandbox import Sandbox

CONCURRENCY = 8
"""The default number of concurrent problems: what a small private server and the lowest tier of a
provider can handle."""
PROVIDER_CONCURRENCY = 1_000
"""The default with a provider's batch interface: the requests of all active problems form one
batch, and a waiting problem takes a few hundred kilobytes."""


# fmt: off
@dataclass(frozen=True, kw_only=True)
class BatchOptions(RunOptions):
    """The arguments of `refinegraph.solve_many`."""

    problems: Annotated["Problems", python_only(
        "what to solve: texts, Problems, or mappings with a prompt and any other columns; read as"
        " there is room, from an async source too", Stream())] = field(kw_only=False)
    out: Annotated["str | Path | None", python_only(
        "write every outcome to FILE as well: a line of JSON, or a row of NAME.parquet",
        FileName())] = None
    resume: Annotated[bool, python_only(
        "go on with `out`: skip what has an answer there, repeat what failed", Switch())] = False
    in_order: Annotated[bool, python_only(
        "yield outcomes in the order of the problems, not as they end", Switch())] = False
    concurrency: Annotated[int, python_only(
        "problems and calls under way at once", Number("N", whole=True, minimum=1))] = CONCURRENCY
    shard: Annotated[str | None, python_only(
        "solve a part of the problems, such as 3/16", Text("I/N"))] = None
    cluster: Annotated[str | None, python_only(
        "solve on a Ray cluster: ray for one of this machine, auto, or HOST:PORT; concurrency is"
        " that of each worker", Text("ADDRESS"))] = None
    workers_per_node: Annotated[int, python_only(
        "workers on each node of the cluster", Number("N", whole=True, minimum=1))] = 1
    prompt_column: Annotated[str, python_only(
        "column of a mapping that holds the statement", Text("NAME"))] = "prompt"
    column: Annotated[str, python_only(
        "column of `out` that holds the report", Text("NAME"))] = COLUMN
    sandbox: Annotated["Sandbox | None", python_only(
        "where programs run", Instance("refinegraph.tools.sandbox.sandbox:Sandbox"))] = None
    on_event: Annotated["EventHandler | None", python_only(
        "function that is called with every event, in order", Function())] = None

    __hash__ = OptionSet.__hash__

    @property
    def run(self) -> RunOptions:
        """The options of every single run."""
        return RunOptions(**{name: getattr(self, name) for name in RunOptions.declared})
# fmt: on
