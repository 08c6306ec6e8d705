"""The simulated model behind the chat completions interface, for libraries that ask over HTTP.

Every session, which is the name of the model in a request, gets the same answers in the same order
and has its own count of answers. A last message of the assistant is continued, as vLLM does. DSPy's
fields, `[[ ## name ## ]]`, are filled in if the prompt asks for them.
"""

import contextlib
import json
import re
from collections import Counter
from collections.abc import AsyncGenerator
from typing import Any

from aiohttp import web
from gallery_model import RoleRates, SimulatedAgent
from gallery_problems import values_of
from langchain_core.messages import BaseMessage, HumanMessage

from refinegraph.agents.models.types import Choice, Sampling

_FIELD = re.compile(r"`\[\[ ## (\w+) ## \]\]`")


class SimulatedServer:
    """A server on the loopback that is running."""

    def __init__(self, rates: RoleRates) -> None:
        self.rates = rates
        self.base = ""
        self.answers: Counter[str] = Counter()
        """Answers written so far, by session: a request for three choices counts as three."""
        self._models: dict[str, SimulatedAgent] = {}

    async def complete(self, request: web.Request) -> web.Response:
        """Answer one request."""
        asked: dict[str, Any] = await request.json()
        session, n = str(asked["model"]), int(asked.get("n") or 1)
        self.answers[session] += n
        model = self._models.setdefault(session, SimulatedAgent(rates=self.rates))
        messages, sampling = _read(asked)
        completion = await model.ask(messages, n=n, sampling=sampling)
        fields = [name for name in _FIELD.findall(messages[-1].text) if name != "completed"]
        choices = [
            {
                "index": index,
                "finish_reason": choice.finish_reason,
                "message": {"role": "assistant", "content": _text(choice, fields)},
            }
            for index, choice in enumerate(completion.choices)
        ]
        read, written = completion.prompt_tokens or 0, completion.completion_tokens or 0
        usage = {
            "prompt_tokens": read,
            "completion_tokens": written,
            "total_tokens": read + written,
        }
        about = {"id": "1", "object": "chat.completion", "created": 1, "model": session}
        return web.json_response({**about, "choices": choices, "usage": usage})


@contextlib.asynccontextmanager
async def simulated_server(rates: RoleRates) -> AsyncGenerator[SimulatedServer]:
    """Run the server in this event loop."""
    server = SimulatedServer(rates)
    app = web.Application()
    app.router.add_post("/v1/chat/completions", server.complete)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.base = f"http://{host}:{port}/v1"
    try:
        yield server
    finally:
        await runner.cleanup()


def _read(asked: dict[str, Any]) -> tuple[list[BaseMessage], Sampling]:
    """Return the messages and settings of a request."""
    messages: list[dict[str, Any]] = asked["messages"]
    prefix = None
    if messages[-1]["role"] == "assistant":
        *messages, last = messages
        prefix = str(last["content"])
    stop = asked.get("stop") or ()
    form: dict[str, dict[str, Any]] = asked.get("response_format") or {}
    schema = form.get("json_schema", {}).get("schema")
    sampling = Sampling(
        prefix=prefix,
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        json_schema=json.dumps(schema) if schema else None,
    )
    return [HumanMessage(_content(message)) for message in messages], sampling


def _content(message: dict[str, Any]) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "\n".join(part["text"] for part in content)


def _text(choice: Choice, fields: list[str]) -> str:
    """Return the text of a choice, in DSPy's fields if there are any."""
    if not fields:
        return choice.text
    values = values_of(choice.text)
    known = {"answer": str(values[-1]) if values else "?", "advice": '{"self": "Look again."}'}
    parts = [f"[[ ## {name} ## ]]\n{known.get(name, 'simulated')}" for name in fields]
    return "\n\n".join([*parts, "[[ ## completed ## ]]"])
