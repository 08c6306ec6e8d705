"""`refinegraph demo`: a bundled problem, the real graph and sandbox, and scripted model words."""

import argparse
import asyncio
import textwrap

from rich.text import Text

from refinegraph.cli.demo_script import PROBLEM, scripted_model
from refinegraph.cli.solve import show_answer, show_best, show_summary
from refinegraph.schema import RefinementResult
from refinegraph.solving import asolve
from refinegraph.view.console import error_console
from refinegraph.view.run_view import RunView, watch

_PACE = 0.4

_NOTE = """\
The model's words are scripted here; the graph, the tests, the sandbox and every
verdict are real. The problem:"""

_NEXT = """\
Now with a model of your own, on a problem of your own:

  refinegraph solve "Write is_leap(year)." --model ollama_chat/qwen3:8b
  refinegraph solve - --tests tests.py --model openai/NAME --api-base URL"""


def run(options: argparse.Namespace) -> int:
    """Run the bundled problem and show what happens."""
    console, view = error_console(), RunView()
    console.print(Text(_NOTE, style="bold"), soft_wrap=True)
    told = textwrap.fill(PROBLEM.prompt, 78, initial_indent="  ", subsequent_indent="  ")
    console.print(Text(f"\n{told}\n"), soft_wrap=True)
    pace = _PACE if console.is_terminal else 0.0
    try:
        with watch(view, console):
            result = asyncio.run(_solve(view, pace=pace))
    except (KeyboardInterrupt, asyncio.CancelledError):
        show_best(view, console)
        raise KeyboardInterrupt from None
    show_answer(result, f"{result.answer}\n")
    show_summary(result, console)
    console.print(Text(f"\n{_NEXT}"), soft_wrap=True)
    return 0 if result.solved else 1


async def _solve(view: RunView, *, pace: float) -> RefinementResult:
    return await asolve(
        PROBLEM,
        model=scripted_model(pace=pace),
        strategy="magicore",
        samples=2,
        on_event=view.hear,
    )
