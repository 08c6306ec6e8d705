"""The processes of a batch that are killed: shards, drivers, and the actors of a Ray cluster."""

import asyncio
import os
import random
import secrets
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.parse import urlsplit

import psutil
from batch_memory import ACTORS

DRIVER_SHARE = 0.2
"""Of the kills of a cluster, the share that hits the driver."""
_AGENTS = ("ray::RuntimeEnvAgent", "ray::DashboardAgent")
"""Ray's own. They stay while they try to report the end of the cluster, and call no model."""


class Strike(NamedTuple):
    """A process that was killed."""

    at: float
    victim: str
    ports: list[int]
    """Of its connections."""


@dataclass
class Targets:
    """Chooses a process and kills it."""

    has_actors: bool = False
    """Whether the actors of a cluster are killed too."""
    cluster: psutil.Process | None = None
    """The parent of a cluster that outlives the driver; None if the driver starts its own."""
    chance: random.Random = field(default_factory=random.Random)

    def any(self, driver: psutil.Process) -> Strike:
        """Kill an actor, or the driver."""
        actors = self._actors(driver)
        if not actors or self.chance.random() < DRIVER_SHARE:
            return self.driver(driver)
        victim, name = self.chance.choice(actors)
        strike = Strike(time.time(), name, ports_of(victim))
        with suppress(psutil.NoSuchProcess):
            victim.kill()
        return strike

    def driver(self, driver: psutil.Process) -> Strike:
        """Kill the process of the command."""
        ports = [p for member in [driver, *self._family(driver)] for p in ports_of(member)]
        strike = Strike(time.time(), "driver", ports)
        driver.kill()
        return strike

    def _actors(self, driver: psutil.Process) -> list[tuple[psutil.Process, str]]:
        if not self.has_actors:
            return []
        return [(each, name) for each in self._family(driver) if (name := _actor(each))]

    def _family(self, driver: psutil.Process) -> list[psutil.Process]:
        return (self.cluster or driver).children(recursive=True)


def ports_of(process: psutil.Process) -> list[int]:
    """Return the local ports of the connections of a process."""
    with suppress(psutil.Error):
        return [c.laddr.port for c in process.net_connections("tcp4") if c.laddr]
    return []


async def ended(family: list[psutil.Process]) -> tuple[str, ...]:
    """Wait until the children of a killed driver are gone; kill and name those that stay."""
    agents = [process for process in family if _name_of(process) in _AGENTS]
    others = [process for process in family if process not in agents]
    _, alive = await asyncio.to_thread(psutil.wait_procs, others, 10)
    names = [_name_of(process) for process in alive]
    for process in [*agents, *alive]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    return tuple(names)


@asynccontextmanager
async def started_cluster(address: str, folder: Path) -> AsyncGenerator[psutil.Process]:
    """Start a cluster with `ray start`, for `auto` or a `ray://` address, and end it again.

    Drivers and the cluster get a token and folders of their own by the environment, so that no
    other program joins the cluster.
    """
    with TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as place:
        async with _started(urlsplit(address).port, folder, place) as root:
            yield root


@asynccontextmanager
async def _started(port: int | None, folder: Path, place: str) -> AsyncGenerator[psutil.Process]:
    os.environ |= {
        "RAY_TMPDIR": place,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(16),
        "REFINEGRAPH_HOME": str(folder / "home"),
    }
    flags = ["--head", "--block", "--num-cpus", "2", "--include-dashboard", "false"]
    flags += ["--ray-client-server-port", str(port)] if port else []
    with (folder / "ray.out").open("ab") as out:
        process = await asyncio.create_subprocess_exec(
            *(str(Path(sys.executable).with_name("ray")), "start", *flags), stdout=out, stderr=out
        )
    root = psutil.Process(process.pid)
    try:
        await _until_up(root)
        yield root
    finally:
        family = root.children(recursive=True)
        process.terminate()
        await process.wait()
        await ended(family)


async def _until_up(root: psutil.Process) -> None:
    """Wait until the cluster has all its processes, the last of which is an agent."""
    while not any(_name_of(child) in _AGENTS for child in root.children(recursive=True)):
        await asyncio.sleep(0.5)
    await asyncio.sleep(5)  # The server for clients has no sign that it is up.


def _actor(process: psutil.Process) -> str | None:
    with suppress(psutil.Error):
        words = " ".join(process.cmdline())
        return next((name for mark, name in ACTORS.items() if mark in words), None)
    return None


def _name_of(process: psutil.Process) -> str:
    with suppress(psutil.NoSuchProcess):
        return process.name()
    return ""
