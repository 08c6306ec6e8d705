"""One confined process: started, spoken to without ever blocking, timed, killed, reaped."""

import asyncio
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from refinegraph.tools.sandbox import guest_data
from refinegraph.tools.sandbox.policy import SandboxPolicy

_START_SECONDS = 10.0
GUEST = Path(__file__).with_name("guest.py")
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "PYTHONIOENCODING": "utf-8:backslashreplace", "LANG": "C"}


class Ended(Exception):
    """The process ended, or its line broke, before it answered."""


class Overflowed(Exception):
    """The process sent more than it may."""


class Ending(NamedTuple):
    """How a process ended."""

    code: int | None
    """Its exit code, where it left by itself."""
    signal: int | None
    cpu_seconds: float
    peak_bytes: int


class Output:
    """What a process prints: the beginning is kept, the rest read and thrown away."""

    def __init__(self, pipe: int, policy: SandboxPolicy, *, on_flood: Callable[[], None]) -> None:
        self.pipe = pipe
        self.policy = policy
        self.on_flood = on_flood
        self.kept = bytearray()
        self.seen = 0
        self.flooded = False

    def start(self) -> None:
        """Begin to read."""
        os.set_blocking(self.pipe, False)
        asyncio.get_running_loop().add_reader(self.pipe, self._read)

    def _read(self) -> None:
        try:
            part = os.read(self.pipe, 1 << 16)
        except BlockingIOError:
            return
        if not part:
            self.stop()
            return
        self.seen += len(part)
        self.kept += part[: max(0, self.policy.stdout_bytes - len(self.kept))]
        if self.seen > self.policy.drain_bytes and not self.flooded:
            self.flooded = True
            self.on_flood()

    def stop(self) -> None:
        """Read what is left and close the pipe."""
        if self.pipe < 0:
            return
        asyncio.get_running_loop().remove_reader(self.pipe)
        os.close(self.pipe)
        self.pipe = -1

    def drain(self) -> None:
        """Take what is in the pipe now."""
        before = -1
        while self.pipe >= 0 and before != self.seen and not self.flooded:
            before = self.seen
            self._read()

    @property
    def text(self) -> str:
        """What was kept, as text."""
        return self.kept.decode("utf-8", "backslashreplace")


class Process:
    """A guest process and the line to it. Made by `start`, ended by `finish`, always."""

    def __init__(
        self, child: "subprocess.Popen[bytes]", line: socket.socket, policy: SandboxPolicy
    ) -> None:
        assert child.stdout is not None
        assert child.stderr is not None
        self.child = child
        self.line = line
        self.policy = policy
        self.stdout = Output(os.dup(child.stdout.fileno()), policy, on_flood=self.kill)
        self.stderr = Output(os.dup(child.stderr.fileno()), policy, on_flood=self.kill)
        child.stdout.close()
        child.stderr.close()
        self.layers: tuple[str, ...] = ()
        self.missing: tuple[str, ...] = ()
        self.ending: Ending | None = None

    @classmethod
    async def start(
        cls, job: dict[str, Any], policy: SandboxPolicy, *, stdin: str | None = None
    ) -> "Process":
        """Start a confined interpreter and hand it its job; raises `Ended` where it can not."""
        ours, theirs = socket.socketpair()
        source = subprocess.DEVNULL if stdin is None else subprocess.PIPE
        with theirs:
            child = subprocess.Popen(
                [sys.executable, "-I", "-S", str(GUEST), str(theirs.fileno())],
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(theirs.fileno(),),
                env=_ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )
        ours.setblocking(False)
        process = cls(child, ours, policy)
        process.stdout.start()
        process.stderr.start()
        if stdin is not None:
            process.feed(stdin.encode("utf-8", "surrogatepass"))
        try:
            await process.arm(job)
        except BaseException:
            await process.finish()
            raise
        return process

    async def arm(self, job: dict[str, Any]) -> None:
        """Send the job and wait until the process says which layers hold it."""
        limits = self.policy.model_dump(
            include={"cpu_seconds", "memory_mb", "file_mb", "open_files"}
        )
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self.send({**job, "limits": limits})
                said = await self.receive()
        except TimeoutError:
            raise Ended(f"the process did not start within {_START_SECONDS} seconds") from None
        if "armed" not in said:
            raise Ended(str(said.get("refused", "the process did not start")))
        self.layers = tuple(map(str, said["armed"]))
        self.missing = tuple(map(str, said["missing"]))

    async def send(self, message: dict[str, Any]) -> None:
        """Send one message; cancellable at any time."""
        try:
            await asyncio.get_running_loop().sock_sendall(self.line, guest_data.pack(message))
        except OSError:
            raise Ended("the line broke") from None

    async def receive(self) -> dict[str, Any]:
        """Return the next message; raises `Ended`, `Overflowed` or `Malformed`."""
        (length,) = struct.unpack(">I", await self._exactly(4))
        if length > self.policy.result_bytes:
            raise Overflowed(f"a message of {length:,} bytes")
        message: dict[str, Any] = guest_data.unpack(await self._exactly(length))
        return message

    async def _exactly(self, count: int) -> bytes:
        loop, parts = asyncio.get_running_loop(), bytearray()
        while len(parts) < count:
            try:
                part = await loop.sock_recv(self.line, min(count - len(parts), 1 << 20))
            except OSError:
                part = b""
            if not part:
                raise Ended("the process ended")
            parts += part
        return bytes(parts)

    def feed(self, data: bytes) -> None:
        """Write standard input in the background, however slowly it is read."""
        pipe = self.child.stdin
        assert pipe is not None
        number, loop, left = pipe.fileno(), asyncio.get_running_loop(), [data]
        os.set_blocking(number, False)

        def write() -> None:
            try:
                left[0] = left[0][os.write(number, left[0]) :] if left[0] else b""
            except BlockingIOError:
                return
            except OSError:
                left[0] = b""
            if not left[0]:
                loop.remove_writer(number)
                pipe.close()

        loop.add_writer(number, write)

    async def finish(self, *, grace: float = 0.0) -> Ending:
        """Kill what is left of the process after `grace` seconds, reap it, close everything."""
        if self.ending:
            return self.ending
        try:
            await self._wait(grace)
        finally:
            self.kill()
            self.ending = self._reap()
            self._close()
        return self.ending

    async def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = os.waitid(os.P_PID, self.child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if found is not None:
                return
            await asyncio.sleep(0.002)

    def kill(self) -> None:
        """Kill the group and the process; not through Popen, which would reap it unseen."""
        for kill in (os.killpg, os.kill):
            with suppress(ProcessLookupError, PermissionError):
                kill(self.child.pid, signal.SIGKILL)

    def _reap(self) -> Ending:
        _, status, used = os.wait4(self.child.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        self.child.returncode = code
        scale = 1 if sys.platform == "darwin" else 1024
        return Ending(
            code=code if code >= 0 else None,
            signal=-code if code < 0 else None,
            cpu_seconds=used.ru_utime + used.ru_stime,
            peak_bytes=used.ru_maxrss * scale,
        )

    def _close(self) -> None:
        for output in (self.stdout, self.stderr):
            output.drain()
            output.stop()
        if self.child.stdin is not None and not self.child.stdin.closed:
            asyncio.get_running_loop().remove_writer(self.child.stdin.fileno())
            self.child.stdin.close()
        self.line.close()
