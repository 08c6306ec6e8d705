"""The server as an ASGI application."""

import time
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

import refinegraph
from refinegraph.errors import InputError
from refinegraph.serving.dialects import ChatCompletions, Dialect, Responses
from refinegraph.serving.event_streams import refused
from refinegraph.serving.names import ServedModel, read_name, served_models
from refinegraph.serving.refusals import Refusal, refusal_of
from refinegraph.serving.run_pages import RunPages
from refinegraph.serving.service import Service
from refinegraph.serving.settings import ServerSettings
from refinegraph.serving.wire import model_fields

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_PATHS = "POST /v1/chat/completions, POST /v1/responses, GET /v1/models, GET /health"


class ServingApp(Starlette):
    """The ASGI application; `service` counts the active requests and can cancel them."""

    service: Service


class _Endpoint:
    """Answers requests in one dialect."""

    def __init__(self, service: Service, dialect: Dialect) -> None:
        self._service = service
        self._dialect = dialect

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._service.answer(self._dialect, scope, receive, send)


def create_app(settings: ServerSettings) -> ServingApp:
    r"""Return a server of OpenAI's protocol as an ASGI application.

    Serve it with any ASGI server; `refinegraph serve` uses uvicorn. Models are resolved
    immediately: raises `SettingError` for a model that is not configured, and `InputError` for an
    unknown strategy in the menu.

    >>> from starlette.testclient import TestClient
    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> from refinegraph.options import RunOptions
    >>> model = ScriptedChatModel("def add(a, b):\n    return a + b", cycle=True, name="mine")
    >>> app = create_app(ServerSettings(RunOptions(model=model)))
    >>> client = TestClient(app, base_url="http://localhost")
    >>> asked = {
    ...     "model": "adaptive/mine",
    ...     "messages": [{"role": "user", "content": "Write add(a, b)."}],
    ...     "refinegraph": {"tests": "assert add(1, 2) == 3"},
    ... }
    >>> client.post("/v1/chat/completions", json=asked).json()["refinegraph"]["verdict"]
    'proved'
    """
    began = int(time.time())
    pages = RunPages(settings.runs, settings.public_url)
    service = Service(settings, pages)
    menu = _menu(service, settings)

    async def models(request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [model_fields(m, began) for m in menu]})

    async def model(request: Request) -> Response:
        served = read_name(request.path_params["name"], service.models)
        return JSONResponse(model_fields(served, began))

    async def health(request: Request) -> Response:
        state = "stopping" if service.admission.is_stopping else "ok"
        about = {"version": refinegraph.__version__, "requests": service.admission.active}
        return JSONResponse({"status": state, **about})

    async def page(request: Request) -> Response:
        return HTMLResponse(
            await pages.page(request.path_params["id"], request.query_params.get("key", "")),
            headers={"referrer-policy": "no-referrer"},
        )

    app = ServingApp(
        routes=[
            Route("/v1/chat/completions", _Endpoint(service, ChatCompletions()), methods=["POST"]),
            Route("/v1/responses", _Endpoint(service, Responses()), methods=["POST"]),
            Route("/v1/models", _for_clients(models, settings)),
            Route("/v1/models/{name:path}", _for_clients(model, settings)),
            Route("/health", health),
            Route("/runs/{id}", page),
        ],
        exception_handlers={Refusal: _refuse, HTTPException: _refuse_http},
        middleware=[] if settings.clients.clients else [Middleware(_OnlyLoopbackNames)],
    )
    app.service = service
    return app


def _menu(service: Service, settings: ServerSettings) -> list[ServedModel]:
    try:
        return list(served_models(service.models, settings.listed_strategies))
    except Refusal as refusal:
        raise InputError(f"listed_strategies: {refusal}") from None


Handler = Callable[[Request], Awaitable[Response]]


def _for_clients(handler: Handler, settings: ServerSettings) -> Handler:
    """Return a handler that requires a key if the server has keys."""

    async def checked(request: Request) -> Response:
        settings.clients.name_of(request.headers.get("authorization"))
        return await handler(request)

    return checked


async def _refuse(request: Request, error: Exception) -> Response:
    return refused(refusal_of(error))


async def _refuse_http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    what = f"{request.method} {request.url.path}"
    sentence = f"there is no {what}; this server has {_PATHS}."
    code = "method_not_allowed" if status == 405 else "not_found"
    return refused(Refusal(sentence, status=status, code=code))


class _OnlyLoopbackNames:
    """Refuses requests for another host's name, on a server that asks for no key.

    Without this, a page in the user's browser could reach the server under a name of its own that
    resolves to the loopback.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or _hostname(scope) in _LOOPBACK:
            await self._app(scope, receive, send)
            return
        refusal = Refusal(
            "a server without keys answers only to localhost, 127.0.0.1 and [::1].",
            status=403,
            type="permission_error",
            code="host_not_allowed",
        )
        await refused(refusal)(scope, receive, send)


def _hostname(scope: Scope) -> str:
    host = Request(scope).headers.get("host", "")
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host).lower()
