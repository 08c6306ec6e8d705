"""Where the workers of a cluster keep what they share, and how a new driver finds it again."""

import asyncio
import hashlib
import secrets
import socket
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from refinegraph.errors import InputError

_LOOKS, _PAUSE = 300, 0.1
"""How often to look whether the actors of a dead driver are gone, and the seconds between."""


class Home(NamedTuple):
    """The place of the shared files, and the names of the actors of one batch."""

    namespace: str
    """The same for every driver of a batch."""
    life: str
    """Another one for every driver."""
    node: str
    """The node that has the files: that of the driver, or the one that it is connected to."""
    folder: str
    """Holds the ledger; on the other side of a Ray client, relative to the data folder there."""
    calls: str | None
    """The file of the answers of problems under way, likewise; None if a cache is named."""
    is_away: bool
    """Whether the files are on another machine than the driver's."""


def home_of(ray: Any, calls: Path | None, folder: str) -> Home:
    """Return the home of a batch whose answers are kept in `calls`, and its ledger in `folder`.

    A driver outside the cluster cannot be reached by the workers, so the files are then kept on the
    node that it is connected to.
    """
    life, is_away = secrets.token_hex(8), is_client()
    namespace = f"refinegraph-{_digest(calls) if calls else life}"
    if is_away:
        place = Path("clusters", namespace)
        folder, calls = str(place / life), place / calls.name if calls else None
    elif calls:
        calls = calls.resolve()
    node = ray.get_runtime_context().get_node_id()
    return Home(namespace, life, node, folder, str(calls) if calls else None, is_away)


def is_client() -> bool:
    """Return whether Ray is connected to a cluster by a Ray client."""
    return bool(import_module("ray.util.client").ray.is_connected())


async def end_orphans(ray: Any, namespace: str) -> None:
    """End the actors of a driver of the same batch that died.

    Ray gives a client that lost its connection half a minute to come back. Until then its workers
    go on, and would ask for what this driver asks for too.

    Raises `InputError` if they do not end.
    """
    names: list[str] = []
    for _ in range(_LOOKS):
        names = _actors(namespace)
        if not names:
            return
        for name in names:
            _kill(ray, name, namespace)
        await asyncio.sleep(_PAUSE)
    raise InputError(f"workers of an earlier driver do not end: {', '.join(names)}; try again.")


def _actors(namespace: str) -> list[str]:
    every = import_module("ray.util").list_named_actors(all_namespaces=True)
    return [actor["name"] for actor in every if actor["namespace"] == namespace]


def _kill(ray: Any, name: str, namespace: str) -> None:
    try:
        ray.kill(ray.get_actor(name, namespace))
    except ValueError:  # It ended in the meantime.
        return


def _digest(calls: Path) -> str:
    text = f"{socket.gethostname()}\n{calls.resolve()}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]
