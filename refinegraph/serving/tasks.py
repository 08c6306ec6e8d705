"""Decide whether a strategy answers a request or it passes through to its model."""

import re
from typing import NamedTuple

from refinegraph.schema import Kind, Problem
from refinegraph.serving.client_options import TaskFields, task_fields
from refinegraph.serving.names import ServedModel
from refinegraph.serving.requests import ChatRequest, Message
from refinegraph.tools.problem_kinds import infer_kind
from refinegraph.tools.test_cases import parse_tests, statement_examples

_BACKGROUND = re.compile(
    r"\s*(?:### Task:.*(?:### Guidelines:|<chat_history>|### Chat History:|<text>)"
    r"|Your task is to reflect the speaker's likely facial expression through a fitting emoji"
    r"|You have been provided with a set of responses from various models to the latest)",
    re.DOTALL,
)
"""How Open WebUI's requests for titles, tags, follow-ups, search queries, completions, emojis and
merged answers begin. They come with a chat, and under the chat's own model."""
_TOOL_CHOICE = re.compile(
    r"\s*Available Tools: .*Your task is to choose and return the correct tool\(s\)", re.DOTALL
)
"""The system prompt by which Open WebUI lets a model choose tools without the field `tools`."""
_BOXED = re.compile(r"\\boxed\b")
_IGNORED = ("top_p",)
"""Fields of the protocol that strategies ignore."""


class Task(NamedTuple):
    """A request that a strategy answers."""

    problem: Problem
    ignored: tuple[str, ...] = ()
    """Fields that the client sent and that have no effect."""


class PassThrough(NamedTuple):
    """A request that the model answers without a strategy."""

    reason: str
    """Why, as one clause."""


def read_task(request: ChatRequest, served: ServedModel) -> Task | PassThrough:
    """Decide how a request is answered.

    A strategy answers it if an answer can be checked: the client sent tests, the last message
    contains examples, or the client named a `kind` (`auto` infers it). Everything else passes
    through, including what strategies do not support: tools, pictures, JSON schemas and log
    probabilities.

    Raises:
        Refusal: If the client describes its problem in an invalid form.
        InputError: If the tests contain no test.
    """
    fields = task_fields(request)
    if reason := _why_pass(request, served):
        return PassThrough(reason)
    kind = _kind(request, fields)
    if kind is None:
        return PassThrough("nothing could check an answer: no tests, no kind")
    parse_tests(fields.tests, entry_point=fields.entry_point)
    problem = Problem(
        id="chat",
        prompt=statement(request.messages),
        kind=kind,
        tests=fields.tests,
        entry_point=fields.entry_point,
    )
    return Task(problem, tuple(name for name in _IGNORED if getattr(request, name) is not None))


def is_background(request: ChatRequest) -> bool:
    """Whether a chat program asks for its own use: a title, tags, or follow-up questions."""
    first, last = request.messages[0], request.messages[-1]
    if first.role == "system" and _TOOL_CHOICE.match(first.text):
        return True
    return last.role == "user" and bool(_BACKGROUND.match(last.text))


def statement(messages: list[Message]) -> str:
    """Return a conversation as the statement of a problem; a single message is unchanged.

    >>> statement([Message(role="user", content="Write f(x).")])
    'Write f(x).'
    >>> turns = [("user", "Write f(x)."), ("assistant", "def f(x): ..."), ("user", "Shorter.")]
    >>> print(statement([Message(role=role, content=text) for role, text in turns]))
    The conversation so far:
    <BLANKLINE>
    user: Write f(x).
    <BLANKLINE>
    assistant: def f(x): ...
    <BLANKLINE>
    Do what the last message asks:
    <BLANKLINE>
    Shorter.
    """
    system = [message.text for message in messages if message.role in ("system", "developer")]
    turns = [message for message in messages if message.role not in ("system", "developer")]
    *before, last = turns or messages
    parts = [text for text in system if text.strip()] if turns else []
    if before:
        transcript = [f"{message.role}: {message.text}" for message in before]
        parts += ["The conversation so far:", *transcript, "Do what the last message asks:"]
    return "\n\n".join([*parts, last.text])


def _why_pass(request: ChatRequest, served: ServedModel) -> str:
    """Return why a strategy cannot answer a request; empty if it can."""
    wanted = (request.response_format or {}).get("type", "text")
    reasons = {
        "the model was asked for by its own name": served.strategy is None,
        "it has tools": bool(request.tools or request.functions),
        "it has tool calls, pictures or files": not all(m.is_plain for m in request.messages),
        "a chat program asks for itself": is_background(request),
        f"its answer has the form {wanted}": wanted != "text",
        "it asks for log probabilities": bool(request.logprobs),
        "it asks for more than text": request.modalities not in (None, [], ["text"]),
        "its last message has no text": not request.messages[-1].text.strip(),
        "its last message is not the user's": request.messages[-1].role != "user",
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _kind(request: ChatRequest, fields: TaskFields) -> Kind | None:
    """Return the kind of the problem; None if no answer could be checked."""
    last = request.messages[-1].text
    if fields.kind == "auto":
        return infer_kind(last, tests=fields.tests).kind
    if fields.kind:
        return fields.kind
    if fields.tests.strip() or statement_examples(last, entry_point=fields.entry_point):
        return "code"
    return "math" if _BOXED.search(last) else None
