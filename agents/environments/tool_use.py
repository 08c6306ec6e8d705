"""LangChain tools as an environment."""

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from refinegraph.agents.environments.environment import Observation
from refinegraph.schema import Problem

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

_CALL = re.compile(r"^(?P<name>[\w.-]+) *\[(?P<input>.*)\]$", re.DOTALL)
_FINISH = "finish"


class ToolUse:
    """Act with LangChain tools, as in ReAct (arXiv 2210.03629).

    An action is `NAME[INPUT]`, where the input is JSON with the tool's arguments, or plain text
    for a tool with one argument. `finish[ANSWER]` ends the episode. If a tool raises an exception,
    the observation reports it. Calls are not replayed when a run is resumed or a search branches:
    what tools change in the world stays changed.

    >>> import asyncio
    >>> from langchain_core.tools import tool
    >>> @tool
    ... def double(x: int) -> int:
    ...     "Double a number."
    ...     return 2 * x
    >>> asyncio.run(ToolUse([double]).step("double[21]")).text
    '42'
    """

    stateless = True

    def __init__(self, tools: Sequence["BaseTool"]) -> None:
        self.tools = {tool.name: tool for tool in tools}

    async def reset(self, problem: Problem) -> Observation:
        """Describe the tools."""
        lines = [f"- {tool.name}[INPUT]: {tool.description}" for tool in self.tools.values()]
        lines.append(f"- {_FINISH}[ANSWER]: end with the final answer")
        return Observation("Actions:\n" + "\n".join(lines))

    async def step(self, action: str) -> Observation:
        """Call the tool named by the action."""
        match = _CALL.match(action.strip())
        if match is None:
            return Observation(f"{action!r:.100} is not an action; write NAME[INPUT]")
        name, text = match["name"], match["input"].strip()
        if name == _FINISH:
            return Observation("done", done=True, answer=text)
        tool = self.tools.get(name)
        if tool is None:
            return Observation(f"there is no tool {name!r}; there are {', '.join(self.tools)}")
        try:
            return Observation(str(await tool.ainvoke(_arguments(tool, text))))
        except Exception as error:  # any tool error is an observation for the agent
            return Observation(f"{type(error).__name__}: {error}")

    def __repr__(self) -> str:
        """Return the constructor call with the tools' names."""
        return f"ToolUse([{', '.join(self.tools)}])"


def _arguments(tool: "BaseTool", text: str) -> Any:
    """Return a tool's arguments, parsed from JSON or, for its only argument, taken as text."""
    try:
        value: Any = json.loads(text)
    except ValueError:
        value = text
    names = list(tool.args)
    if len(names) != 1 or text.startswith("{"):
        return value
    return {names[0]: value}
