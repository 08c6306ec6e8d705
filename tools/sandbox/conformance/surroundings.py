"""The host's files, servers and processes that hostile programs try to reach."""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from refinegraph.tools.sandbox.kinds import GUEST

SECRET = "SECRET-of-the-host"
_VARIABLE = "REFINEGRAPH_CONFORMANCE"


class Surroundings:
    """Files, servers and a process on the host, which detect whether a program reached them."""

    def __enter__(self) -> Self:
        """Create everything."""
        self._folder = Path(tempfile.mkdtemp(prefix="refinegraph-conformance-", dir="/var/tmp"))
        self._folder.chmod(0o777)
        self._secret = self._folder / "secret.txt"
        self._secret.write_text(SECRET, encoding="utf-8")
        self._secret.chmod(0o644)
        self._canary = self._folder / "canary"
        name = f"refinegraph-{secrets.token_hex(6)}"
        self._server = socket.create_server(("127.0.0.1", 0))
        self._datagrams = _receiving(socket.AF_INET, ("127.0.0.1", 0))
        self._abstract_datagrams = _receiving(socket.AF_UNIX, f"\0{name}-datagrams")
        self._file_datagrams = _receiving(socket.AF_UNIX, str(self._folder / "datagrams"))
        (self._folder / "datagrams").chmod(0o777)
        self._abstract = _listening(f"\0{name}")
        self._file = _listening(str(self._folder / "socket"))
        (self._folder / "socket").chmod(0o777)
        self._victim: subprocess.Popen[bytes] | None = None
        self._noted: list[str] = []
        self.places = {
            "folder": str(self._folder),
            "secret_file": str(self._secret),
            "canary": str(self._canary),
            "port": str(self._server.getsockname()[1]),
            "datagram_file": str(self._folder / "datagrams"),
            "host_name": os.uname().nodename,
            "package": str(GUEST.parent),
            "datagram_port": str(self._datagrams.getsockname()[1]),
            "abstract": name,
            "socket_file": str(self._folder / "socket"),
        }
        os.environ[_VARIABLE] = SECRET
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove everything."""
        os.environ.pop(_VARIABLE, None)
        if self._victim:
            self._victim.kill()
            self._victim.wait()
        for listener in (self._server, self._abstract, self._file, *self._receivers()):
            listener.close()
        shutil.rmtree(self._folder)

    def placed(self, source: str) -> str:
        """Replace the placeholders in a source; start a process to attack if one is named."""
        if "@victim@" in source and self._victim is None:
            self._victim = subprocess.Popen(["sleep", "60"], env={**os.environ, _VARIABLE: SECRET})
            self.places["victim"] = str(self._victim.pid)
        for name, value in self.places.items():
            source = source.replace(f"@{name}@", value)
        return source

    def note(self, harm: str) -> None:
        """Record harm that the caller observed."""
        self._noted.append(harm)

    def harm(self) -> tuple[str, ...]:
        """Return the harm that was done, and undo it."""
        harm = [*self._noted]
        if self._victim and self._victim.poll() is not None:
            harm.append("a process was ended")
        if self._canary.exists():
            harm.append("a file was written")
            self._canary.unlink()
        if not self._secret.exists() or self._secret.stat().st_nlink > 1:
            harm.append("a file was removed or linked")
        if self._secret.exists() and self._secret.stat().st_mode & 0o777 != 0o644:
            harm.append("a mode was changed")
        for name, server in (
            ("tcp", self._server),
            ("abstract", self._abstract),
            ("unix", self._file),
        ):
            if _was_contacted(server):
                harm.append(f"the {name} server was reached")
        if any(map(_received_data, self._receivers())):
            harm.append("a datagram arrived")
        return tuple(harm)

    def _receivers(self) -> tuple[socket.socket, ...]:
        return self._datagrams, self._abstract_datagrams, self._file_datagrams


def _listening(address: str) -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    server.bind(address)
    server.listen()
    return server


def _receiving(family: int, address: str | tuple[str, int]) -> socket.socket:
    receiver = socket.socket(family, socket.SOCK_DGRAM)
    receiver.bind(address)
    return receiver


def _was_contacted(server: socket.socket) -> bool:
    server.setblocking(False)
    with suppress(BlockingIOError):
        server.accept()[0].close()
        return True
    return False


def _received_data(receiver: socket.socket) -> bool:
    receiver.setblocking(False)
    with suppress(BlockingIOError):
        receiver.recv(16)
        return True
    return False
