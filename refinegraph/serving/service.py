"""What the endpoints have in common: from the body of a request to its response."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from refinegraph.agents.models import Ledger, model_name
from refinegraph.options import RunOptions
from refinegraph.runs.planning import Models, rate_limits_of, resolve_models
from refinegraph.serving.admission import Admission
from refinegraph.serving.answers import ServedAnswer
from refinegraph.serving.bodies import client_left, read_json_body
from refinegraph.serving.client_options import options_for
from refinegraph.serving.deltas import OnDelta, ignore
from refinegraph.serving.dialects import Dialect, Reply
from refinegraph.serving.direct_answers import DirectAnswers
from refinegraph.serving.event_streams import EventStream, refused
from refinegraph.serving.names import ServedModel, read_name, with_chosen_strategy
from refinegraph.serving.passing import Passing, passing_to
from refinegraph.serving.refusals import refusal_of
from refinegraph.serving.requests import EXTENSION, ChatRequest
from refinegraph.serving.run_pages import RunPages
from refinegraph.serving.running import Runner, RunOrder
from refinegraph.serving.settings import ServerSettings
from refinegraph.serving.streams import ClientGone, Work, kept_alive, told_by, unless_gone
from refinegraph.serving.tasks import PassThrough, Task, read_task


class _Asked(NamedTuple):
    """A parsed request."""

    dialect: Dialect
    http: Request
    data: dict[str, Any]
    """The body as it was sent."""
    chat: ChatRequest
    served: ServedModel
    ledger: Ledger | None


class _ServedUpstream(NamedTuple):
    """A model that is served."""

    models: Models
    passing: Passing | DirectAnswers


class Service:
    """Answers requests in any dialect.

    Raises `SettingError` for a model that is not configured.
    """

    def __init__(self, settings: ServerSettings, pages: RunPages) -> None:
        self.settings = settings
        self.admission = Admission(settings.max_requests)
        limits = rate_limits_of(settings.options, concurrency=settings.concurrency)
        self._runner = Runner(limits, pages, settings.sandbox)
        self._upstreams: dict[str, _ServedUpstream] = {}
        for options in _per_model(settings):
            models = resolve_models(options)
            passing = passing_to(models.solver, limits)
            name = options.model if isinstance(options.model, str) else model_name(models.solver)
            self._upstreams[name] = _ServedUpstream(models, passing)

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the served models."""
        return tuple(self._upstreams)

    async def answer(self, dialect: Dialect, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; errors become responses too."""
        request = Request(scope, receive)
        try:
            name = self.settings.clients.name_of(request.headers.get("authorization"))
            async with self.admission.place():
                ledger = self.settings.clients.ledger_of(name)
                try:
                    response = await self._respond(dialect, request, ledger)
                    await response(scope, receive, send)
                finally:
                    if ledger:
                        await asyncio.to_thread(self.settings.clients.save)
        except ClientGone:
            return
        except Exception as error:
            await refused(refusal_of(error))(scope, receive, send)

    async def _respond(self, dialect: Dialect, request: Request, ledger: Ledger | None) -> Response:
        data = await read_json_body(request)
        chat = dialect.read(data)
        served = with_chosen_strategy(read_name(chat.model, self.models), chat.refinegraph)
        asked = _Asked(dialect, request, data, chat, served, ledger)
        options = options_for(chat, served, self.settings.options)
        task = read_task(chat, served)
        if isinstance(task, Task):
            return await self._run(asked, task, options)
        return await self._pass(asked, task)

    async def _run(self, asked: _Asked, task: Task, options: RunOptions) -> Response:
        chat = asked.chat
        order = RunOrder(
            task=task,
            options=options,
            models=self._upstreams[asked.served.model].models,
            stops=chat.stops,
            n=chat.n or 1,
            ledger=asked.ledger,
        )

        async def work(tell: OnDelta) -> ServedAnswer:
            await self.admission.rush_over()
            return await self._runner.answer(order, tell, heartbeat=self.settings.heartbeat)

        return await self._answered(asked, work, {"x-refinegraph-mode": "run"})

    async def _pass(self, asked: _Asked, passed: PassThrough) -> Response:
        headers = {"x-refinegraph-mode": "pass-through", "x-refinegraph-reason": passed.reason}
        passing = self._upstreams[asked.served.model].passing
        if not isinstance(passing, DirectAnswers):
            return await self._forwarded(asked, passing, headers)

        async def work(tell: OnDelta) -> ServedAnswer:
            return await passing.answer(
                asked.chat, tell, ledger=asked.ledger, stream=asked.chat.stream
            )

        return await self._answered(asked, work, headers)

    async def _answered(self, asked: _Asked, work: Work, headers: Mapping[str, str]) -> Response:
        """Return the response of a run, or of a model in this process."""
        reply = asked.dialect.reply(asked.chat, asked.data)
        if asked.chat.stream:
            parts = self._kept_alive(told_by(work, self.admission, reply))
            return EventStream(_after(reply.opening(), parts, reply), headers)
        answer = await unless_gone(work(ignore), self.admission, lambda: client_left(asked.http))
        return JSONResponse(reply.whole(answer), headers=dict(headers))

    def _kept_alive(self, parts: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        return kept_alive(parts, self.admission, seconds=self.settings.heartbeat)

    async def _forwarded(
        self, asked: _Asked, passing: Passing, headers: Mapping[str, str]
    ) -> Response:
        body = {name: value for name, value in asked.data.items() if name != EXTENSION}
        path, ledger = asked.dialect.path, asked.ledger

        async def gone() -> None:
            await client_left(asked.http)

        if not asked.chat.stream:
            whole = passing.whole(body, ledger, path=path)
            answer = await unless_gone(whole, self.admission, gone)
            return Response(answer, media_type="application/json", headers=dict(headers))
        parts = self._kept_alive(passing.stream(body, ledger, path=path))
        # Wait for the first part, so that a refusal by the upstream server keeps its status.
        first = await unless_gone(_first(parts), self.admission, gone)
        reply = asked.dialect.reply(asked.chat, asked.data)
        return EventStream(_after(first, parts, reply), headers)


def _per_model(settings: ServerSettings) -> list[RunOptions]:
    """Return the options of runs for each served model."""
    own = settings.options
    main = own.solver_model or own.model
    others = [model for model in dict.fromkeys(settings.extra_models) if model != main]
    return [replace(own, model=model, solver_model=None) for model in (main, *others)]


async def _first(parts: AsyncGenerator[bytes]) -> bytes:
    return await anext(parts, b"")


async def _after(first: bytes, parts: AsyncGenerator[bytes], reply: Reply) -> AsyncGenerator[bytes]:
    """Yield the first part and then the others; report an error as the last event."""
    try:
        yield first
        async for part in parts:
            yield part
    except Exception as error:
        yield reply.refused(refusal_of(error))
    finally:
        await parts.aclose()
