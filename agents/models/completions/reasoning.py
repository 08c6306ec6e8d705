"""Separate a model's reasoning from its answer."""

import re
from typing import NamedTuple

_BLOCK = re.compile(r"\s*<(think|thinking|reasoning)>(.*?)(?:</\1>|\Z)", re.DOTALL)
_END = re.compile(r"</(?:think|thinking|reasoning)>")
_START = re.compile(r"<(?:think|thinking|reasoning)>")


class SplitReasoning(NamedTuple):
    """An answer and the reasoning that preceded it."""

    text: str
    reasoning: str


def split_reasoning(text: str, reasoning: str = "") -> SplitReasoning:
    """Move leading `<think>` blocks from the text to the reasoning.

    A block that is never closed is entirely reasoning: the model ran out of tokens. A closing tag
    without an opening one also ends reasoning, because some chat templates write the opening tag.

    >>> split_reasoning("<think>two plus two</think> 4")
    SplitReasoning(text='4', reasoning='two plus two')
    >>> split_reasoning("two plus two</think>4")
    SplitReasoning(text='4', reasoning='two plus two')
    """
    thoughts = [reasoning] if reasoning else []
    position = 0
    while match := _BLOCK.match(text, position):
        thoughts.append(match[2].strip())
        position = match.end()
    if (match := _END.search(text, position)) and not _START.search(text, position, match.start()):
        thoughts.append(text[position : match.start()].strip())
        position = match.end()
    answer = text[position:].lstrip() if position else text
    return SplitReasoning(answer, "\n\n".join(thought for thought in thoughts if thought))
