"""HTTP responses: event streams that stop when their client disconnects, and refusals."""

import asyncio
from collections.abc import AsyncGenerator, Mapping

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from refinegraph.serving.refusals import Refusal

_HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",  # nginx would keep events back otherwise
}


class EventStream(Response):
    """Server-sent events. Their generator is closed as soon as the client disconnects."""

    def __init__(self, parts: AsyncGenerator[bytes], headers: Mapping[str, str]) -> None:
        super().__init__(headers={**_HEADERS, **headers})
        del self.headers["content-length"]
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events."""
        sending = asyncio.ensure_future(self._send(send))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            for task in (sending, leaving):
                task.cancel()
            await asyncio.wait({sending, leaving})
            await self._parts.aclose()

    async def _send(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        async for part in self._parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def refused(refusal: Refusal) -> JSONResponse:
    """Return a refusal as a response."""
    return JSONResponse(refusal.body, status_code=refusal.status, headers=refusal.headers)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
