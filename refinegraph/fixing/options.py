"""The arguments of `refinegraph.fix` and `refinegraph.afix`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from refinegraph.options import RunOptions
from refinegraph.options.option_set import OptionSet
from refinegraph.options.solve_options import python_only
from refinegraph.values import FileName, Function, Instance, Number, Several, Source, Switch, Text

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from refinegraph.options.solve_options import EventHandler
    from refinegraph.tools.sandbox import Sandbox


MUTATIONS = "mutations"
"""The name of the proposer that needs no model."""


# fmt: off
@dataclass(frozen=True, kw_only=True)
class FixOptions(RunOptions):
    """The options of a repair: those of any run, and those of the checkout."""

    path: Annotated["str | Path", python_only(
        "directory of the checkout", FileName("PATH"))] = field(default=".", kw_only=False)
    test: Annotated[str, python_only(
        "command that runs the tests, such as 'pytest -q'", Text("CMD"))] = ""
    failing: Annotated[Sequence[str], python_only(
        "failing tests that a patch has to make pass, by id, name or file; default: all",
        Several("NAME"))] = ()
    issue: Annotated[str, python_only(
        "what is wrong, in words", Source())] = ""
    issue_tests: Annotated[int, python_only(
        "test files that a model writes from the issue, to rank patches; 0 for none",
        Number("N", whole=True, minimum=0))] = 3
    lint: Annotated[str, python_only(
        "command that a patch must pass too, such as 'ruff check .'", Text("CMD"))] = ""
    candidates: Annotated[int | None, python_only(
        "largest number of patches to try", Number("N", whole=True, minimum=1))] = None
    protect: Annotated[Sequence[str], python_only(
        "patterns of files that no patch may change, besides tests and their settings",
        Several("GLOB"))] = ()
    sandbox: Annotated["Sandbox | None", python_only(
        "where tests run", Instance("refinegraph.tools.sandbox.sandbox:Sandbox"))] = None
    checkpointer: Annotated["BaseCheckpointSaver[Any] | None", python_only(
        "LangGraph checkpointer that stores the run",
        Instance("langgraph.checkpoint.base:BaseCheckpointSaver"))] = None
    run_id: Annotated[str | None, python_only(
        "thread under which the checkpointer stores the run", Text())] = None
    on_event: Annotated["EventHandler | None", python_only(
        "function to call with every event, in order", Function())] = None
    stream: Annotated[bool, python_only(
        "whether `on_event` also receives the text of answers while they are written",
        Switch())] = False

    __hash__ = OptionSet.__hash__
# fmt: on


def uses_mutations(options: RunOptions) -> bool:
    """Return whether patches are proposed without a model."""
    return (options.solver_model or options.model or MUTATIONS) == MUTATIONS
