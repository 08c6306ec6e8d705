"""The host's side of the process that holds one tree."""

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress

from refinegraph.errors import SandboxUnavailable
from refinegraph.schema import Isolation
from refinegraph.tools.sandbox.tiers import tier_of
from refinegraph.tools.workspace.copies import Copy
from refinegraph.tools.workspace.guest.settings import Settings
from refinegraph.tools.workspace.line import Header, HolderGone, HostLine
from refinegraph.tools.workspace.spares import take_holder

_START_SECONDS = 30.0
"""Seconds that a holder may take to start: a choice that leaves room for a busy machine."""


class Unavailable(Exception):
    """A backend is unavailable; the message names the layer and the system's error."""


class Refusal(Exception):
    """A request was refused; the message is the reason."""

    def __init__(self, reason: str, number: int | None) -> None:
        super().__init__(reason)
        self.number = number


class Holder:
    """The process of one tree, started by `start` and ended by `close`."""

    def __init__(self, line: HostLine, isolation: Isolation, home: str, copy: Copy | None) -> None:
        self._line = line
        self._copy = copy
        self.home = home
        """The private home directory, as commands see it."""
        self.temporary = str(copy.folder / "tmp") if copy else "/tmp"
        self.isolation = isolation
        self._turn = asyncio.Lock()

    @classmethod
    async def start(cls, settings: Settings, *, copy: Copy | None = None) -> "Holder":
        """Start the process on a copy or on an overlay.

        Raises `Unavailable` if the system refuses a layer.
        """
        line = take_holder(settings)
        try:
            hello, _ = await asyncio.wait_for(line.receive(), _START_SECONDS)
        except (HolderGone, TimeoutError):
            line.close()
            raise Unavailable("the process of the tree did not start") from None
        except BaseException:
            line.close()
            raise
        if "refused" in hello:
            line.close()
            raise Unavailable(str(hello["refused"]))
        layers = tuple(hello["layers"])
        isolation = Isolation(tier=tier_of(layers), layers=layers, degraded=tuple(hello["missing"]))
        return cls(line, isolation, settings.home, copy)

    async def ask(
        self, request: Header, payload: bytes = b"", descriptors: Sequence[int] = ()
    ) -> tuple[Header, bytes]:
        """Return the answer to one request; raises `Refusal`.

        Cancelling a request closes the tree, since the next request would receive its answer.
        """
        async with self._turn:
            try:
                await self._line.send(request, payload, descriptors)
                for number in descriptors:
                    os.close(number)
                descriptors = ()
                answer, content = await self._line.receive()
            except HolderGone:
                raise SandboxUnavailable(
                    "the process that holds the tree ended; open the tree again."
                ) from None
            except BaseException:
                self.close()
                raise
            finally:
                for number in descriptors:
                    os.close(number)
        if "refused" in answer:
            raise Refusal(str(answer["refused"]), answer.get("errno"))
        if self._copy and "changes" in answer:
            answer["changes"] = self._copy.only_changes(answer["changes"])
        return answer, content

    def kill(self, *, flooded: bool = False) -> None:
        """Kill the running command, if any."""
        with suppress(OSError):
            self._line.order(b"o" if flooded else b"k")

    def close(self) -> None:
        """End the tree and everything in it."""
        self._line.close()
        if self._copy:
            self._copy.remove()
