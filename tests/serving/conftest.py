"""Fixtures shared by the tests of the server."""

from collections.abc import Callable, Generator
from typing import Any

import pytest
from serving_tools import Reply, Served


@pytest.fixture
def served() -> Generator[Callable[..., Served]]:
    """Start a server whose upstream returns a text, or the result of a function of the request."""
    started: list[Served] = []

    def start(
        reply: str | Reply,
        *,
        hold: bool = False,
        options: dict[str, Any] | None = None,
        **more: Any,
    ) -> Served:
        said: Reply = (lambda _: reply) if isinstance(reply, str) else reply
        started.append(Served(said, hold, options or {}, more))
        return started[-1]

    yield start
    for server in started:
        server.close()
