"""`refinegraph demo`: a bundled problem, the real graph and sandbox, and scripted model words."""

import argparse
import asyncio
from collections.abc import Sequence

from langchain_core.messages import BaseMessage

from refinegraph.agents.models import Sampling, ScriptedChatModel
from refinegraph.schema import Problem, RefinementResult
from refinegraph.solving import asolve
from refinegraph.view.console import error_console, output_console
from refinegraph.view.run_view import RunView, watch
from refinegraph.view.summary import answer_view, summary_view

PROBLEM = Problem(
    id="merge-intervals",
    prompt=(
        "Write merge(intervals): given a list of (start, end) pairs, return the list of merged "
        "intervals, sorted by start. Intervals that touch, such as (1, 2) and (2, 3), are merged."
    ),
    tests="""\
assert merge([]) == []
assert merge([(1, 3), (2, 6)]) == [(1, 6)]
assert merge([(1, 2), (2, 3)]) == [(1, 3)]
assert merge([(5, 6), (1, 2)]) == [(1, 2), (5, 6)]
assert merge([(1, 9), (2, 3)]) == [(1, 9)]
""",
    entry_point="merge",
)

FIRST = """\
```python
def merge(intervals):
    merged = []
    for start, end in sorted(intervals):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged
```"""

REVIEW = """\
VERDICT: wrong
STEP: if merged and start < merged[-1][1]
WHY: for (1, 2) and (2, 3) the start 2 equals the last end 2, so they are kept apart
CHANGE: compare with <= so that touching intervals are merged"""

SECOND = FIRST.replace("start < merged", "start <= merged")

SECOND_REVIEW = """\
VERDICT: wrong
STEP: merged[-1] = (merged[-1][0], end)
WHY: for (1, 9) and (2, 3) it takes the later end 3 and forgets the larger end 9
CHANGE: keep the larger of the two ends"""

THIRD = SECOND.replace("(merged[-1][0], end)", "(merged[-1][0], max(merged[-1][1], end))")

_NOTE = """\
The model's words in this demo are scripted; the graph, the tests and the sandbox are real.
"""
_NEXT = """
Now with a model of yours, for example:
  refinegraph solve "Write is_leap(year)." --model ollama_chat/qwen3:8b
  refinegraph solve "Write is_leap(year)." --model openai/NAME --api-base http://HOST:PORT/v1"""


def run(options: argparse.Namespace) -> int:
    """Run the bundled problem and show what happens."""
    console = error_console()
    console.print(_NOTE, markup=False, highlight=False)
    console.print(PROBLEM.prompt + "\n", markup=False, highlight=False)
    view = RunView()
    with watch(view, console):
        result = asyncio.run(_solve(view, pace=0.4 if console.is_terminal else 0.0))
    output_console().print(answer_view(result))
    console.print(summary_view(result))
    console.print(f"\n{_NEXT}", markup=False, highlight=False)
    return 0 if result.solved else 1


async def _solve(view: RunView, *, pace: float) -> RefinementResult:
    model = ScriptedChatModel(_script, latency=pace)
    return await asolve(PROBLEM, model=model, strategy="self-refine", on_event=view.hear)


def _script(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
    """Answer as the agent that asks would: by what stands in its prompt."""
    system, prompt = messages[0].text, messages[-1].text
    mended = "start <= merged" in prompt
    if "You review" in system:
        return SECOND_REVIEW if mended else REVIEW
    if "You repair" in system:
        return THIRD if mended else SECOND
    return FIRST
