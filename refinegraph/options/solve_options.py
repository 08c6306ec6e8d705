"""The arguments of `solve` and `asolve`: options of a run, and objects that only Python has."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from refinegraph.options.option_set import Option, OptionSet
from refinegraph.options.run_options import RunOptions
from refinegraph.values import Function, Instance, Items, Source, Switch, Text, Value

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from refinegraph.agents.environments import Environment
    from refinegraph.agents.likelihood import Likelihood
    from refinegraph.graphs.nodes.human import Question, Reply
    from refinegraph.schema import Frozen, LabelledProblem, Problem
    from refinegraph.support.awaiting import MaybeAwaitable
    from refinegraph.tools.checkers import AnswerReader, Checker
    from refinegraph.tools.sandbox import Sandbox


EventHandler = Callable[["Frozen"], None]
"""Called with the events of `refinegraph.graphs.events` and `refinegraph.agents.models`."""
InterruptHandler = Callable[["Question"], Awaitable["Reply"]]
"""Answers the questions of `refinegraph.graphs.nodes.human`."""


def python_only(help: str, value: Value) -> Option:
    """Return an option that only Python has, since text cannot express it."""
    return Option(help, value, "python", "", is_setting=False, is_kept=False, affects_results=False)


# fmt: off
@dataclass(frozen=True, kw_only=True)
class SolveOptions(RunOptions):
    """The arguments of `refinegraph.solve` and `refinegraph.asolve`."""

    problem: Annotated["str | Problem", python_only(
        "the problem in words, or a Problem",
        Source(objects="refinegraph.schema:Problem"))] = field(kw_only=False)
    tests: Annotated[str, python_only(
        "visible tests: assert lines, test functions, doctests or JSON cases", Source())] = ""
    sandbox: Annotated["Sandbox | None", python_only(
        "sandbox in which programs run",
        Instance("refinegraph.tools.sandbox.sandbox:Sandbox"))] = None
    checkpointer: Annotated["BaseCheckpointSaver[Any] | None", python_only(
        "LangGraph checkpointer that keeps the run; with the same run_id, it continues after the"
        " last finished node", Instance("langgraph.checkpoint.base:BaseCheckpointSaver"))] = None
    environment: Annotated["Callable[[], Environment] | None", python_only(
        "function that creates an environment, for strategies that act in one", Function())] = None
    examples: Annotated["Sequence[LabelledProblem]", python_only(
        "solved problems, for strategies that learn from examples", Items())] = ()
    user: Annotated["Callable[[str], MaybeAwaitable[str]] | None", python_only(
        "function that answers the questions of strategies that ask the user", Function())] = None
    likelihood: Annotated["Likelihood | None", python_only(
        "function that measures the probability of a text; default: the model", Function())] = None
    checker: Annotated["Checker | None", python_only(
        "function that proves or refutes answers instead of the sandbox", Function())] = None
    reader: Annotated["AnswerReader | None", python_only(
        "function that extracts the program from an answer; default: its code",
        Function())] = None
    run_id: Annotated[str | None, python_only(
        "name under which the checkpointer keeps the run", Text())] = None
    on_question: Annotated["InterruptHandler | None", python_only(
        "async function that answers when `ask` pauses the run", Function())] = None
    on_event: Annotated["EventHandler | None", python_only(
        "function that is called with every event, in order", Function())] = None
    stream: Annotated[bool, python_only(
        "whether `on_event` also gets the text of answers while they are written",
        Switch())] = False

    __hash__ = OptionSet.__hash__
# fmt: on
