"""Workers in Docker containers, connected through a socket in a shared directory.

Requires the extra `docker` and a Docker engine on this machine. File descriptors are passed over
the socket, so an engine in a virtual machine, such as Docker Desktop's, does not work.
"""

import importlib
import shutil
import socket
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from refinegraph.tools.sandbox.failures import WorkerFailed
from refinegraph.tools.sandbox.kinds import BASE_ENVIRONMENT, GUEST, OPTIONS, WorkerKind

_CONNECT_SECONDS = 20.0
_NOBODY = "65534:65534"
_WORKER_MB = 256
"""Memory for the worker itself, in addition to its program's: a generous choice."""


class Container:
    """A worker in its own container, without network or capabilities, with a read-only root."""

    layers: tuple[str, ...] = ("container",)

    def __init__(self, kind: WorkerKind) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="refinegraph-line-"))
        self._folder.chmod(0o711)
        self._container: Any = None
        try:
            with (
                _listening(self._folder / "control") as control,
                _listening(self._folder / "runs") as runs,
            ):
                self._container = _engine().containers.run(**container_options(kind, self._folder))
                self.control, self.runs = _accepted(control), _accepted(runs)
        except BaseException as error:
            self.end()
            if isinstance(error, Exception) and not isinstance(error, WorkerFailed):
                raise WorkerFailed(f"no container could be started: {error}") from None
            raise

    def end(self) -> None:
        """Kill and remove the container."""
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._container is not None:
            with suppress(Exception):
                self._container.remove(force=True)

    def forget(self) -> None:
        """Release a container that belongs to the parent process after a fork."""
        self._container = None

    def last_words(self) -> str:
        """Return the last line of the container's log."""
        try:
            lines = self._container.logs().decode(errors="replace").strip().splitlines()
        except Exception as error:
            return f"its container is gone ({error})"
        return lines[-1][:300] if lines else ""


def container_options(kind: WorkerKind, folder: Path) -> dict[str, Any]:
    """Return the arguments of Docker's `containers.run` for one worker."""
    return {
        "image": kind.container,
        "command": ["python", *OPTIONS, "/guest/start.py", *_lines(), kind.settings.packed()],
        "detach": True,
        "environment": {**dict(kind.environment), **BASE_ENVIRONMENT},
        "user": _NOBODY,
        "network_mode": "none",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "pids_limit": kind.settings.threads + 8,
        "mem_limit": f"{kind.memory_mb + _WORKER_MB}m",
        "memswap_limit": f"{kind.memory_mb + _WORKER_MB}m",
        "ipc_mode": "none",
        "volumes": {
            str(GUEST): {"bind": "/guest", "mode": "ro"},
            str(folder): {"bind": "/line", "mode": "rw"},
            **{path: {"bind": path, "mode": "ro"} for path in kind.settings.readable},
        },
    }


def _lines() -> tuple[str, str]:
    return "/line/control", "/line/runs"


def _engine() -> Any:
    try:
        docker = importlib.import_module("docker")
    except ImportError:
        raise WorkerFailed(
            "the docker package is missing; pip install 'refinegraph[docker]'"
        ) from None
    return docker.from_env()


def _listening(path: Path) -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    path.chmod(0o777)
    server.listen(1)
    server.settimeout(_CONNECT_SECONDS)
    return server


def _accepted(server: socket.socket) -> socket.socket:
    line, _ = server.accept()
    line.settimeout(None)
    return line
