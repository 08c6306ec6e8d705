"""Answers that begin with the `def` line at the end of their prompt."""

import re
from collections.abc import Sequence

from langchain_core.messages import AIMessage, BaseMessage

from refinegraph.agents.models.types import Completion

_HEADER = re.compile(r"^def .*:\Z", re.MULTILINE)


def header_of(messages: Sequence[BaseMessage]) -> str:
    """Return the header at the end of a prompt; empty if there is none."""
    match = _HEADER.search(messages[-1].text)
    return match[0] if match else ""


def past_header(prefix: str, header: str) -> tuple[str, str]:
    """Split a prefix that overlaps with the prompt's header.

    Returns the part of the prefix after the header, and the part of the header that the prefix does
    not contain yet.
    """
    if header.startswith(prefix):
        return "", header[len(prefix) :]
    return prefix.removeprefix(header), ""


def with_front(answer: Completion, front: str) -> Completion:
    """Return a completion whose texts begin with `front`."""
    if not front:
        return answer
    whole = (choice.model_copy(update={"text": front + choice.text}) for choice in answer.choices)
    return answer._replace(choices=tuple(whole))


def with_beginning(messages: Sequence[BaseMessage], text: str) -> Sequence[BaseMessage]:
    """Return a conversation whose answer begins with a text."""
    return [*messages, AIMessage(text)] if text else messages
