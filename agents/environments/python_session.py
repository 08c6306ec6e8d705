"""A Python session in the sandbox as an environment."""

import re

from refinegraph.agents.environments.environment import Observation
from refinegraph.schema import Problem
from refinegraph.tools.sandbox import Sandbox

_FENCE = re.compile(r"^```(?:python|py)?\s*\n(?P<code>.*?)\n?```\s*$", re.DOTALL)
_FINISH = re.compile(r"^finish *\[(?P<answer>.*)\]$", re.DOTALL)
_MARK = "\x1e"
"""Separates the output of earlier snippets; no program prints a record separator by chance."""


class PythonSession:
    """Run snippets one after the other; names stay from one to the next.

    An action is Python code, with or without a fence; `finish[ANSWER]` ends the episode. The
    sandbox keeps nothing between runs, so the earlier snippets run again before a new one: keep
    them quick and deterministic. Costs one sandbox run an action.

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
        """Begin with no names defined."""
        self._snippets = []
        return Observation(
            "An action is Python code whose printed output you will see; names stay defined. "
            "`finish[ANSWER]` ends with the final answer."
        )

    async def step(self, action: str) -> Observation:
        """Run one snippet; one that fails is not kept."""
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
