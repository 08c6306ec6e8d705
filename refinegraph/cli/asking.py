"""Ask the person at the terminal before a repair is tried or an answer is accepted."""

import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from refinegraph.errors import InputError
from refinegraph.schema import Review
from refinegraph.terminal.summary import content_view

if TYPE_CHECKING:
    from refinegraph.graphs.nodes.human import BeforeAccept, BeforeRefine, Question, Reply
    from refinegraph.options.solve_options import InterruptHandler

REFINE = "  Refine it this way? Enter: yes, s: skip, or say what to change instead: "
ACCEPT = "  Accept it? Enter: yes, e: edit: "
EDIT = "  Your solution (Esc, then Enter, ends it):\n"

Reader = Callable[[str, str], Awaitable[str]]
"""Takes a prompt and a text to edit; returns the text as the person left it."""


def asker(console: Console, *, read: Reader | None = None) -> "InterruptHandler":
    """Return a handler that asks the person at the terminal.

    Raises `InputError` if there is no terminal.
    """
    if read is None and (sys.stdin is None or not sys.stdin.isatty()):
        raise InputError("--ask needs a terminal to ask at; leave it out, or run it in one.")
    reader = read or _read

    async def ask(question: "Question") -> "Reply":
        from refinegraph.graphs.nodes.human import BeforeRefine

        if question.candidate:
            console.print(content_view(question.candidate), soft_wrap=True)
        if isinstance(question, BeforeRefine):
            return await _before_refine(question, reader)
        console.print(Text(f"  chosen     {question.reason}"), soft_wrap=True)
        return await _before_accept(question, reader)

    return ask


async def _before_refine(question: "BeforeRefine", read: Reader) -> "Reply":
    typed = (await read(REFINE, "")).strip()
    if typed in ("", "y", "yes"):
        return True
    if typed in ("s", "n", "no"):
        return False
    review = question.review or Review(
        candidate_id=question.candidate.id, round=question.candidate.round, approves=False
    )
    return review.model_copy(
        update={"change": typed, "text": f"CHANGE: {typed}", "approves": False, "edited": True}
    )


async def _before_accept(question: "BeforeAccept", read: Reader) -> "Reply":
    if (await read(ACCEPT, "")).strip() != "e":
        return True
    text = await read(EDIT, (question.candidate.content or "") if question.candidate else "")
    return text if text.strip() else True


async def _read(prompt: str, default: str) -> str:
    """Read one line, or several when a solution is edited."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.output import create_output

    session: PromptSession[str] = PromptSession(output=create_output(stdout=sys.stderr))
    return await session.prompt_async(prompt, default=default, multiline=prompt == EDIT)
