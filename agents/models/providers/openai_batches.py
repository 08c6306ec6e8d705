"""OpenAI's protocol of files and batches: many requests at once, answered within a day."""

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
"""Batches listed at a time: the most that OpenAI gives. An older one is not found by its name."""


class Wave(NamedTuple):
    """A batch as the provider sees it."""

    id: str
    status: str
    output_file: str | None
    error_file: str | None
    name: str = ""
    """What this package called it."""
    reason: str = ""
    """Why it failed as a whole; empty where it did not."""

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come."""
        return self.status in _ENDED


class WaveAnswer(NamedTuple):
    """The answer to one request of a batch."""

    custom_id: str
    status: int
    body: bytes

    def require(self) -> bytes:
        """Return the body; raises `StatusError` for a status that says no."""
        if self.status < 300:
            return self.body
        raise StatusError(error_message(self.body), SentHead(self.status, {}))


class BatchClient:
    """Sends files and batches to one server; raises `StatusError` where it refuses."""

    def __init__(self, base: str, key: str, *, model: str) -> None:
        self._base = base.rstrip("/")
        self._headers = {"authorization": f"Bearer {key}"}
        self._model = model

    async def submit(self, name: str, bodies: Mapping[str, Mapping[str, Any]]) -> Wave:
        """Upload requests by their ids and have them answered."""
        lines = (
            json.dumps({"custom_id": id, "method": "POST", "url": _ENDPOINT, "body": body})
            for id, body in bodies.items()
        )
        file = await self._upload(f"{name}.jsonl", "\n".join(lines).encode())
        asked = {
            "input_file_id": file,
            "endpoint": _ENDPOINT,
            "completion_window": "24h",
            "metadata": {"refinegraph": name},
        }
        return _wave(await self._call("POST", "/batches", json=asked))

    async def look(self, id: str) -> Wave:
        """Return a batch as it stands."""
        return _wave(await self._call("GET", f"/batches/{id}"))

    async def find(self, name: str) -> Wave | None:
        """Return the batch of a name among the latest ones; None where it was never made."""
        listed = await self._call("GET", f"/batches?limit={_PAGE}")
        waves = map(_wave, listed.get("data") or [])
        return next((wave for wave in waves if wave.name == name), None)

    async def answers(self, wave: Wave) -> Sequence[WaveAnswer]:
        """Return the answers of a batch that has ended, and what went wrong with requests."""
        found: list[WaveAnswer] = []
        for file in filter(None, (wave.output_file, wave.error_file)):
            content = await self._read("GET", f"/files/{file}/content")
            found += [_answer(line) for line in content.splitlines() if line.strip()]
        return found

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
    failed: Any = data.get("errors") or {}
    errors: list[Any] = failed.get("data") or []
    about: Any = data.get("metadata") or {}
    return Wave(
        id=str(data["id"]),
        status=str(data["status"]),
        output_file=data.get("output_file_id"),
        error_file=data.get("error_file_id"),
        name=str(about.get("refinegraph") or ""),
        reason="; ".join(str(error.get("message")) for error in errors),
    )


def _answer(line: bytes) -> WaveAnswer:
    data = read_json(line)
    response: Any = data.get("response") or {}
    error: Any = data.get("error")
    status = int(response.get("status_code") or (400 if error else 500))
    body: Any = response.get("body") or error or {}
    return WaveAnswer(str(data["custom_id"]), status, json.dumps(body).encode())
