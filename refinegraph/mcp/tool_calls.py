"""Tool calls from their start to their result, in one request or in several.

Clients of the protocol from 2026-07-28 on take no requests from a server. A tool that has questions
for the host's model returns them instead of its result, and the client calls the tool again with
the answers. Between the two calls the run waits in memory.
"""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.shared.exceptions import MCPError
from mcp.shared.message import ServerMessageMetadata
from mcp.types import (
    INVALID_PARAMS,
    CallToolResult,
    ContentBlock,
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    InputRequiredResult,
    ResourceLink,
    TextContent,
)
from mcp_types.version import is_version_at_least

from refinegraph.errors import RefinegraphError
from refinegraph.mcp.host_model import AskHost, ask_host
from refinegraph.mcp.reporting import Narration, reporting
from refinegraph.options.solve_options import EventHandler
from refinegraph.schema import Frozen
from refinegraph.support.redaction import redact
from refinegraph.toolbox import Solved
from refinegraph.toolbox.tools import RUN_SCHEME

Work = Callable[[EventHandler], Awaitable[Frozen]]
"""Runs the work of a tool, and reports the events of its run."""

_QUESTIONS_RETURNED_SINCE = "2026-07-28"
"""The first version of the protocol in which a tool returns its questions."""
_TOGETHER = 0.05
"""Seconds that questions are collected for after the first: those of one round of a strategy come
within milliseconds, and clients answer only about ten rounds in a call."""
PATIENCE = 600.0
"""Seconds that a run waits for a client to come back with answers before it is cancelled. A person
may have to approve each question."""


class ToolCalls:
    """Runs tools for one server.

    Args:
        heartbeat: Seconds of silence after which a call reports that it is still running.
        asks_host: Whether runs use the model of the host.
        patience: Seconds that a run waits for the host's answers.
    """

    def __init__(
        self, *, heartbeat: float, asks_host: bool = False, patience: float = PATIENCE
    ) -> None:
        self._heartbeat = heartbeat
        self._asks_host = asks_host
        self._patience = patience
        self._waiting: dict[str, _Interview] = {}

    async def check(self, context: Context, work: Awaitable[Frozen]) -> CallToolResult:
        """Run a tool that needs no model."""
        async with reporting(context, Narration(), heartbeat=self._heartbeat):
            return await _result(work)

    async def run(self, context: Context, work: Work) -> CallToolResult | InputRequiredResult:
        """Run a tool that asks models; return its result, or its questions for the host's model.

        Raises `ToolError` for a host that offers no sampling, and for answers to a run that has
        ended.
        """
        if not self._asks_host:
            return await self._in_one_request(context, work, None)
        _require_sampling(context)
        if not _returns_questions(context):
            return await self._in_one_request(context, work, _back_channel(context))
        return await self._next_round(context, self._interview(context, work))

    async def _in_one_request(
        self, context: Context, work: Work, ask: AskHost | None
    ) -> CallToolResult:
        narration = Narration()
        ask_host.set(ask)
        async with reporting(context, narration, heartbeat=self._heartbeat):
            return await _result(work(narration.handle))

    def _interview(self, context: Context, work: Work) -> "_Interview":
        """Return the run that the client has answers for, or a new one."""
        token = context.request_state
        if token is None:
            return _Interview(work)
        found = self._waiting.pop(token, None)
        if found is None:
            raise ToolError("the run that was asked about has ended; call the tool again.")
        found.answer(context.input_responses or {})
        return found

    async def _next_round(
        self, context: Context, interview: "_Interview"
    ) -> CallToolResult | InputRequiredResult:
        try:
            async with reporting(context, interview.narration, heartbeat=self._heartbeat):
                await interview.until_questions()
            if interview.done:
                return await _result(interview.result())
        except asyncio.CancelledError:
            interview.cancel()
            raise
        token = secrets.token_hex(16)
        self._waiting[token] = interview
        asyncio.get_running_loop().call_later(self._patience, self._give_up, token)
        return InputRequiredResult(input_requests=dict(interview.asked()), request_state=token)

    def _give_up(self, token: str) -> None:
        if interview := self._waiting.pop(token, None):
            interview.cancel()


class _Interview:
    """A run whose questions the client answers, over several calls of the same tool."""

    def __init__(self, work: Work) -> None:
        self.narration = Narration()
        self._questions: dict[str, _Question] = {}
        self._count = 0
        self._has_questions = asyncio.Event()
        ask_host.set(self._ask)
        self._task = asyncio.ensure_future(_started(work(self.narration.handle)))

    @property
    def done(self) -> bool:
        """Whether the run has ended."""
        return self._task.done()

    async def result(self) -> Frozen:
        """Return the result of the run, or raise its exception."""
        return self._task.result()

    def cancel(self) -> None:
        """End the run."""
        self._task.cancel()

    def asked(self) -> dict[str, CreateMessageRequest]:
        """Return the questions that have no answer yet, by their names."""
        return {
            name: CreateMessageRequest(params=question.params)
            for name, question in self._questions.items()
        }

    def answer(self, responses: Mapping[str, Any]) -> None:
        """Give the run its answers; a question that got none fails."""
        for name, question in list(self._questions.items()):
            del self._questions[name]
            response = responses.get(name)
            if isinstance(response, CreateMessageResult):
                question.answer.set_result(response)
            else:
                error = MCPError(code=INVALID_PARAMS, message=f"it returned no answer to {name!r}")
                question.answer.set_exception(error)

    async def until_questions(self) -> None:
        """Wait until the run has ended or has questions."""
        while not (self._questions or self.done):
            self._has_questions.clear()
            waiting = asyncio.ensure_future(self._has_questions.wait())
            try:
                await asyncio.wait({self._task, waiting}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                waiting.cancel()
            await asyncio.wait({self._task}, timeout=_TOGETHER)

    async def _ask(self, params: CreateMessageRequestParams) -> CreateMessageResult:
        self._count += 1
        name = f"question-{self._count}"
        question = _Question(params)
        self._questions[name] = question
        self._has_questions.set()
        try:
            return await question.answer
        finally:
            self._questions.pop(name, None)


class _Question:
    """One sampling request, and the answer that is waited for."""

    def __init__(self, params: CreateMessageRequestParams) -> None:
        self.params = params
        self.answer: asyncio.Future[CreateMessageResult] = asyncio.Future()


async def _started(work: Awaitable[Frozen]) -> Frozen:
    return await work


def _require_sampling(context: Context) -> None:
    capabilities = context.client_capabilities
    if capabilities is None or capabilities.sampling is None:
        raise ToolError(
            "this host does not let servers use its model; start the server with --model NAME."
        )


def _returns_questions(context: Context) -> bool:
    version = context.protocol_version
    return version is not None and is_version_at_least(version, _QUESTIONS_RETURNED_SINCE)


def _back_channel(context: Context) -> AskHost:
    """Return how an earlier client is asked: by a request of the server's own."""
    session = context.session
    metadata = ServerMessageMetadata(related_request_id=context.request_context.request_id)

    async def ask(params: CreateMessageRequestParams) -> CreateMessageResult:
        request = CreateMessageRequest(params=params)
        answer: CreateMessageResult = await session.send_request(
            request, CreateMessageResult, metadata=metadata
        )
        return answer

    return ask


async def _result(work: Awaitable[Frozen]) -> CallToolResult:
    """Return what a tool returned as fields, as text, and with a link to its run.

    Raises `ToolError` with the sentence of whatever refinegraph raises on purpose.
    """
    try:
        done = await work
    except RefinegraphError as error:
        raise ToolError(redact(str(error))) from None
    fields = done.model_dump(mode="json")
    content: list[ContentBlock] = [TextContent(text=json.dumps(fields, ensure_ascii=False))]
    if isinstance(done, Solved) and done.run:
        name = done.run.removeprefix(RUN_SCHEME)
        content.append(ResourceLink(name=f"run {name}", uri=done.run, mime_type="text/html"))
    return CallToolResult(content=content, structured_content=fields)
