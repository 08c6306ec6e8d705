"""Thinking that models write into their answers, told apart from the answer."""

import re
from typing import NamedTuple

_BLOCK = re.compile(r"\s*<(think|thinking|reasoning)>(.*?)(?:</\1>|\Z)", re.DOTALL)
_END = re.compile(r"</(?:think|thinking|reasoning)>")
_START = re.compile(r"<(?:think|thinking|reasoning)>")


class SplitReasoning(NamedTuple):
    """An answer and the thinking that stood in front of it."""

    text: str
    reasoning: str


def split_reasoning(text: str, reasoning: str = "") -> SplitReasoning:
    """Move leading `<think>` blocks from the text to the reasoning.

    A block that never closes is all thinking: the model ran out of tokens. A closing tag that
    was never opened ends thinking too, since some chat templates write the opening one.

    >>> split_reasoning("<think>two plus two</think> 4")
    SplitReasoning(text='4', reasoning='two plus two')
    >>> split_reasoning("two plus two</think>4")
    SplitReasoning(text='4', reasoning='two plus two')
    """
    thoughts = [reasoning] if reasoning else []
    position = 0
    while found := _BLOCK.match(text, position):
        thoughts.append(found[2].strip())
        position = found.end()
    if (found := _END.search(text, position)) and not _START.search(text, position, found.start()):
        thoughts.append(text[position : found.start()].strip())
        position = found.end()
    answer = text[position:].lstrip() if position else text
    return SplitReasoning(answer, "\n\n".join(thought for thought in thoughts if thought))
