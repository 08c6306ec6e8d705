"""Thinking that models write into their answers, told apart from the answer."""

import re
from typing import NamedTuple

_BLOCK = re.compile(r"\s*<(think|thinking|reasoning)>(.*?)(?:</\1>|\Z)", re.DOTALL)
_END_WITHOUT_START = re.compile(r"(.*?)</(?:think|thinking|reasoning)>", re.DOTALL)
_START = re.compile(r"<(?:think|thinking|reasoning)>")


class Split(NamedTuple):
    """An answer and the thinking that stood in front of it."""

    text: str
    reasoning: str


def split_thinking(text: str, reasoning: str = "") -> Split:
    """Move leading `<think>` blocks from the text to the reasoning.

    A block that never closes is all thinking: the model ran out of tokens. A closing tag that
    was never opened ends thinking too, since some chat templates write the opening one.

    >>> split_thinking("<think>two plus two</think> 4")
    Split(text='4', reasoning='two plus two')
    >>> split_thinking("two plus two</think>4")
    Split(text='4', reasoning='two plus two')
    """
    thoughts = [reasoning] if reasoning else []
    rest = text
    while found := _BLOCK.match(rest):
        thoughts.append(found[2].strip())
        rest = rest[found.end() :]
    if (found := _END_WITHOUT_START.match(rest)) and not _START.search(found[1]):
        thoughts.append(found[1].strip())
        rest = rest[found.end() :]
    if rest is not text:
        rest = rest.lstrip()
    return Split(rest, "\n\n".join(thought for thought in thoughts if thought))
