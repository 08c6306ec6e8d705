"""A LangChain tool that lets an agent run Python in the sandbox."""

from typing import TYPE_CHECKING

from refinegraph.schema import Verdict
from refinegraph.support.blocking import run_sync
from refinegraph.tools.sandbox import Sandbox, SandboxPolicy

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

_MAX_OUTPUT = 4_000
"""Characters of output that a model is shown: a choice, about 1,000 prompt tokens."""
_POLICY = SandboxPolicy(wall_seconds=20, cpu_seconds=15)


def execute_python(sandbox: Sandbox | None = None) -> "BaseTool":
    """Return a tool that runs a Python script and returns what it printed or raised.

    Bind it to a chat model or pass it to an agent. Every call runs in a new process without network
    access, and neither variables nor files persist between calls. Output longer than 4,000
    characters is shortened in the middle. Costs one sandbox run per call.

    >>> tool = execute_python()
    >>> tool.name
    'execute_python'
    >>> import asyncio
    >>> asyncio.run(tool.ainvoke({"code": "print(6 * 7)"}))
    '42'
    """
    from langchain_core.tools import StructuredTool

    executor = sandbox or Sandbox(policy=_POLICY)

    async def run(code: str, stdin: str = "") -> str:
        return _report(await executor.run(code, stdin=stdin))

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


def _report(verdict: Verdict) -> str:
    parts = [verdict.stdout.rstrip()]
    if verdict.stderr.strip():
        parts.append(f"standard error:\n{verdict.stderr.rstrip()}")
    if not verdict.passed:
        parts.append(f"{verdict.status}: {verdict.detail}")
    text = "\n".join(filter(None, parts)) or "(it printed nothing)"
    if len(text) > _MAX_OUTPUT:
        text = f"{text[: _MAX_OUTPUT // 2]}\n... cut ...\n{text[-_MAX_OUTPUT // 2 :]}"
    return text
