"""Read the bodies of requests, and notice when their clients disconnect."""

from typing import Any

from starlette.requests import ClientDisconnect, Request

from refinegraph.serving.refusals import Refusal
from refinegraph.serving.requests import read_body
from refinegraph.serving.streams import ClientGone

_LARGEST = 32 * 2**20
"""Bytes of a request: a conversation with several pictures takes less."""


async def read_json_body(request: Request) -> dict[str, Any]:
    """Return the JSON object that a request holds.

    Raises:
        Refusal: For a body that is too large or no such object, and for one that does not call
            itself JSON. A page in a browser may send any other type to a server on the loopback
            without asking that server first.
        ClientGone: Where the client left before it had sent all.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal(
            f"the content type is {kind or 'missing'!r}; expected application/json.",
            status=415,
            code="unsupported_media_type",
        )
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > _LARGEST:
                raise Refusal(
                    f"the body has more than {_LARGEST >> 20} MiB.",
                    status=413,
                    code="body_too_large",
                )
    except ClientDisconnect:
        raise ClientGone from None
    return read_body(bytes(body))


async def client_left(request: Request) -> None:
    """Wait until the client of a request disconnects. Its body must have been read."""
    while (await request.receive())["type"] != "http.disconnect":
        continue
