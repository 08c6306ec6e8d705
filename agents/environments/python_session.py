"""A sandboxed Python session as an environment."""

import re

from refinegraph.agents.environments.environment import Observation
from refinegraph.schema import Problem
from refinegraph.tools.sandbox import Sandbox

_FENCE = re.compile(r"^```(?:python|py)?\s*\n(?P<code>.*?)\n?```\s*$", re.DOTALL)
_FINISH = re.compile(r"^finish *\[(?P<answer>.*)\]$", re.DOTALL)
_MARK = "\x1e"
"""Marks the end of earlier snippets' output; programs hardly ever print a record separator."""


class PythonSession:
    """Run Python snippets one after another, keeping the names that they define.

    An action is Python code, with or without a fence; `finish[ANSWER]` ends the episode. The
    sandbox keeps no state between runs, so each snippet runs after all earlier ones: they should
    be quick and deterministic. Costs one sandbox run per action.

    >>> import asyncio
    >>> async def use() -> str:
    ...     session = PythonSession()
    ...     await session.step("x = 20")
    ...     return (await session.step("print(x + 1)")).text
    >>> asyncio.run(use())
    '21'
    """

    def __init__(self, sandbox: Sandbox | None = None) -> None:
        self.sandbox = sandbox or Sandbox()
        self._snippets: list[str] = []

    async def reset(self, problem: Problem) -> Observation:
        """Begin a session in which no names are defined."""
        self._snippets = []
        return Observation(
            "An action is Python code whose printed output you will see; names stay defined. "
            "`finish[ANSWER]` ends with the final answer."
        )

    async def step(self, action: str) -> Observation:
        """Run one snippet; discard it if it fails."""
        finish = _FINISH.match(action.strip())
        if finish:
            return Observation("done", done=True, answer=finish["answer"].strip())
        snippet = _code(action)
        verdict = await self.sandbox.run("\n".join([*self._snippets, _MARKED, snippet]))
        printed = verdict.stdout.rpartition(_MARK)[2].strip("\n")
        if verdict.passed:
            self._snippets.append(snippet)
            return Observation(printed or "(nothing was printed)")
        reason = verdict.stderr.strip() or f"{verdict.status}: {verdict.detail}"
        return Observation("\n".join(filter(None, [printed, reason])))


_MARKED = f"print({_MARK!r}, end='', flush=True)"


def _code(action: str) -> str:
    fenced = _FENCE.match(action.strip())
    return fenced["code"] if fenced else action.strip()
