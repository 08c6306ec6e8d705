"""A LangChain tool with which any agent can run Python, isolated."""

from typing import TYPE_CHECKING

from refinegraph.schema import Verdict
from refinegraph.support.blocking import run_sync
from refinegraph.tools.sandbox import Sandbox, SandboxPolicy

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

_LONGEST = 4_000
_POLICY = SandboxPolicy(wall_seconds=20, cpu_seconds=15)


def execute_python(sandbox: Sandbox | None = None) -> "BaseTool":
    """Return a tool that runs a Python script and tells what it printed or raised.

    Bind it to a chat model or give it to an agent. Each call is a process of its own: nothing is
    kept between calls, there is no network, and files are gone afterwards. Output is cut at 4,000
    characters. Costs one sandbox run a call.

    >>> tool = execute_python()
    >>> tool.name
    'execute_python'
    >>> import asyncio
    >>> asyncio.run(tool.ainvoke({"code": "print(6 * 7)"}))
    '42'
    """
    from langchain_core.tools import StructuredTool

    place = sandbox or Sandbox(policy=_POLICY)

    async def run(code: str, stdin: str = "") -> str:
        return _told(await place.run(code, stdin=stdin))

    def run_blocking(code: str, stdin: str = "") -> str:
        return run_sync(run(code, stdin))

    return StructuredTool.from_function(
        func=run_blocking,
        coroutine=run,
        name="execute_python",
        description=(
            "Run a Python script in an isolated process and return what it prints. Nothing is "
            "kept between calls; there is no network. Print what you want to see. `stdin` is "
            "what the script reads from standard input."
        ),
    )


def _told(verdict: Verdict) -> str:
    parts = [verdict.stdout.rstrip()]
    if verdict.stderr.strip():
        parts.append(f"standard error:\n{verdict.stderr.rstrip()}")
    if not verdict.passed:
        parts.append(f"{verdict.status}: {verdict.detail}")
    text = "\n".join(filter(None, parts)) or "(it printed nothing)"
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]}\n... cut ...\n{text[-_LONGEST // 2 :]}"
    return text
