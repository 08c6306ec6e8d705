"""A worker whose guest answers from a script over real sockets: no process, no fork."""

import json
import os
import socket
import struct
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, ClassVar, NamedTuple

from refinegraph.tools.sandbox.guest import codec
from refinegraph.tools.sandbox.guest.settings import ENDED, KILL, RUN_SIZE, Limits
from refinegraph.tools.sandbox.workers import Worker

ARMED: dict[str, Any] = {"armed": True}
KILLED = 9
"""The wait status of a process that SIGKILL ended."""
MB = 1024 * 1024


class Play(NamedTuple):
    """What the guest of one run does: it prints this, says that at once, and ends so."""

    says: Sequence[dict[str, Any] | bytes] = ()
    prints: bytes = b""
    status: int = 0
    """As `os.waitpid` returns it: 256 times the exit code, or the signal."""
    micros: int = 0
    peak: int = 0
    stays: bool = False
    """Whether it stays silent at the end, until it is killed."""
    reports: bool = True
    """Whether the worker reports the end of the run."""


class ScriptedGuest:
    """The launched process of a worker; it plays one `Play` for each run."""

    layers: tuple[str, ...] = ()
    every: ClassVar[list["ScriptedGuest"]] = []
    """The guests that have not been closed, on both sides, by `close_all`."""

    def __init__(self, *plays: Play, hello: bytes | None = None, words: str = "") -> None:
        self.control, self._control = socket.socketpair()
        self.runs, self._runs = socket.socketpair()
        self.limits: list[Limits] = []
        self.kills: list[int] = []
        self.words = words
        if hello is not None:
            self._control.sendall(hello)
        self._thread = threading.Thread(target=self._serve, args=(plays,), daemon=True)
        self._thread.start()
        self.every.append(self)

    @classmethod
    def close_all(cls) -> None:
        """Close the sockets of all guests and wait for their threads."""
        for guest in cls.every:
            for line in (guest.control, guest.runs, guest._control, guest._runs):
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)
            guest._thread.join()
            for line in (guest.control, guest.runs, guest._control, guest._runs):
                line.close()
        cls.every.clear()

    def worker(self) -> Worker:
        """Return the host's side."""
        return Worker(self)

    def end(self) -> None:
        """Close the guest's sockets."""
        self._control.close()
        self._runs.close()

    def forget(self) -> None:
        """Do nothing: there is no process."""

    def last_words(self) -> str:
        """Return the last line of its standard error."""
        return self.words

    def _serve(self, plays: Sequence[Play]) -> None:
        with suppress(OSError):
            for number, play in enumerate(plays, 1):
                body, fds, _, _ = socket.recv_fds(self._runs, RUN_SIZE, 8)
                if not body:
                    return
                self.limits.append(Limits.unpacked(body))
                self._play(play, number, fds)

    def _play(self, play: Play, number: int, fds: list[int]) -> None:
        line, out, *rest = fds
        with socket.socket(fileno=line) as said, suppress(BrokenPipeError, ConnectionResetError):
            if play.prints:
                os.write(out, play.prints)
            # In one piece: how much the host has heard must not depend on the order of threads.
            said.sendall(b"".join(map(_packed, play.says)))
            if play.stays:
                self.kills += KILL.unpack(self._control.recv(KILL.size))
        for descriptor in (out, *rest):
            os.close(descriptor)
        status = KILLED if play.stays else play.status
        if play.reports:
            self._control.sendall(ENDED.pack(number, status, play.micros, play.peak))


def _packed(message: dict[str, Any] | bytes) -> bytes:
    return message if isinstance(message, bytes) else codec.pack(message)


def greeting(**hello: Any) -> bytes:
    """Return the message with which a guest greets its host."""
    body = json.dumps(hello).encode()
    return struct.pack(">I", len(body)) + body


def loaded(**names: Sequence[object]) -> dict[str, Any]:
    """Return the message of a program that was loaded, with the kinds of its names."""
    return {"loaded": True, "names": {name: list(shape) for name, shape in names.items()}}


def returned(number: int, value: object, **more: Any) -> dict[str, Any]:
    """Return the answer to a call."""
    return {"call": number, "value": codec.encode(value), **more}
