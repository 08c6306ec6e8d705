"""OpenAI's batch API: many requests at once, answered within a day."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from refinegraph.agents.models.call_blocking import check_call_allowed
from refinegraph.agents.models.providers.openai_forms import error_message, read_json
from refinegraph.agents.models.providers.openai_http import SentHead, StatusError

_ENDPOINT = "/v1/chat/completions"
_ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
_PAGE = 100
"""Batches listed at a time: OpenAI's maximum. Older batches are not found by name."""


class Wave(NamedTuple):
    """The state of a batch at the provider."""

    id: str
    status: str
    output_file: str | None
    error_file: str | None
    name: str = ""
    """The name that this package gave to the batch."""
    reason: str = ""
    """Why the whole batch failed, or an empty string."""

    @property
    def has_ended(self) -> bool:
        """Whether the provider has finished with the batch."""
        return self.status in _ENDED


class WaveAnswer(NamedTuple):
    """The answer to one request of a batch."""

    custom_id: str
    status: int
    body: bytes

    def require(self) -> bytes:
        """Return the body; raise `StatusError` if the status is an error."""
        if self.status < 300:
            return self.body
        raise StatusError(error_message(self.body), SentHead(self.status, {}))


class BatchClient:
    """Uploads files and submits batches to one server; raises `StatusError` if it refuses."""

    def __init__(self, base: str, key: str, *, model: str) -> None:
        self._base = base.rstrip("/")
        self._headers = {"authorization": f"Bearer {key}"}
        self._model = model

    async def submit(self, name: str, bodies: Mapping[str, Mapping[str, Any]]) -> Wave:
        """Upload requests, given by their ids, and submit them as a batch."""
        lines = (
            json.dumps({"custom_id": id, "method": "POST", "url": _ENDPOINT, "body": body})
            for id, body in bodies.items()
        )
        file = await self._upload(f"{name}.jsonl", "\n".join(lines).encode())
        batch = {
            "input_file_id": file,
            "endpoint": _ENDPOINT,
            "completion_window": "24h",
            "metadata": {"refinegraph": name},
        }
        return _wave(await self._call("POST", "/batches", json=batch))

    async def look(self, id: str) -> Wave:
        """Return the current state of a batch."""
        return _wave(await self._call("GET", f"/batches/{id}"))

    async def find(self, name: str) -> Wave | None:
        """Return the batch with a name among the latest ones, or None if it does not exist."""
        listed = await self._call("GET", f"/batches?limit={_PAGE}")
        waves = map(_wave, listed.get("data") or [])
        return next((wave for wave in waves if wave.name == name), None)

    async def answers(self, wave: Wave) -> Sequence[WaveAnswer]:
        """Return the answers of a batch that has ended, including errors of single requests."""
        answers: list[WaveAnswer] = []
        for file in filter(None, (wave.output_file, wave.error_file)):
            content = await self._read("GET", f"/files/{file}/content")
            answers += [_answer(line) for line in content.splitlines() if line.strip()]
        return answers

    async def _upload(self, name: str, content: bytes) -> str:
        import aiohttp

        form = aiohttp.FormData()
        form.add_field("purpose", "batch")
        form.add_field("file", content, filename=name, content_type="application/jsonl")
        return str((await self._call("POST", "/files", data=form))["id"])

    async def _call(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        return read_json(await self._read(method, path, **sent))

    async def _read(self, method: str, path: str, **sent: Any) -> bytes:
        aiohttp = await asyncio.to_thread(_imported)
        check_call_allowed(self._model, self._base)
        url = f"{self._base}{path}"
        try:
            async with (
                aiohttp.ClientSession(headers=self._headers, trust_env=True) as session,
                session.request(method, url, **sent) as response,
            ):
                body: bytes = await response.read()
        except aiohttp.ClientError as error:
            raise ConnectionError(str(error) or type(error).__name__) from None
        if response.status >= 300:
            head = SentHead(response.status, response.headers)
            raise StatusError(error_message(body)[:1000], head)
        return body


def _imported() -> Any:
    import aiohttp

    return aiohttp


def _wave(data: Mapping[str, Any]) -> Wave:
    failure: Any = data.get("errors") or {}
    errors: list[Any] = failure.get("data") or []
    metadata: Any = data.get("metadata") or {}
    return Wave(
        id=str(data["id"]),
        status=str(data["status"]),
        output_file=data.get("output_file_id"),
        error_file=data.get("error_file_id"),
        name=str(metadata.get("refinegraph") or ""),
        reason="; ".join(str(error.get("message")) for error in errors),
    )


def _answer(line: bytes) -> WaveAnswer:
    data = read_json(line)
    response: Any = data.get("response") or {}
    error: Any = data.get("error")
    status = int(response.get("status_code") or (400 if error else 500))
    body: Any = response.get("body") or error or {}
    return WaveAnswer(str(data["custom_id"]), status, json.dumps(body).encode())
