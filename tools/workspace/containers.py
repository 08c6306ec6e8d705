"""Trees in Docker: a copy of the checkout, mounted at its own path, and a container per command.

This backend uses Docker's command line. Descriptors cannot be passed to a container, so the results
of tests come from reports and exit codes.
"""

import asyncio
import os
import secrets
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from refinegraph.schema import Isolation
from refinegraph.tools.workspace.copies import Copy, copy_checkout
from refinegraph.tools.workspace.guest.files import Files, Refused
from refinegraph.tools.workspace.guest.settings import Command
from refinegraph.tools.workspace.holders import Refusal, Unavailable
from refinegraph.tools.workspace.layout import Layout
from refinegraph.tools.workspace.line import Header
from refinegraph.tools.workspace.policy import TreePolicy

_START_SECONDS = 20.0
"""Seconds that the engine may take to answer: a choice."""


class ContainerHolder:
    """One tree, which answers the same requests as the process of a tree."""

    def __init__(self, copy: Copy, layout: Layout, policy: TreePolicy) -> None:
        self.copy = copy
        self.isolation = Isolation(tier="docker", layers=("container",))
        self.home = layout.home
        self.temporary = "/tmp"
        self._layout = layout
        self._policy = policy
        self._files = Files(str(copy.root))
        self._name = ""
        self._limit: str | None = None
        self._turn = asyncio.Lock()

    @classmethod
    async def start(cls, layout: Layout, policy: TreePolicy) -> "ContainerHolder":
        """Copy the checkout; raises `Unavailable` if there is no image or no engine."""
        if policy.container is None:
            raise Unavailable("no image is configured; set `container` in the tree's policy")
        if shutil.which("docker") is None:
            raise Unavailable("the docker command is not installed")
        code, output = await _docker("version", "--format", "{{.Server.Version}}")
        if code:
            raise Unavailable(output.strip().splitlines()[-1] if output.strip() else "no engine")
        return cls(await asyncio.to_thread(copy_checkout, layout), layout, policy)

    async def ask(
        self, request: Header, payload: bytes = b"", descriptors: Sequence[int] = ()
    ) -> tuple[Header, bytes]:
        """Return the answer to one request; raises `Refusal`."""
        async with self._turn:
            try:
                return await self._answer(request, payload, descriptors)
            except Refused as error:
                raise Refusal(str(error), None) from None
            except OSError as error:
                raise Refusal(error.strerror or str(error), error.errno) from None
            finally:
                for number in descriptors:
                    os.close(number)

    async def _answer(
        self, request: Header, payload: bytes, descriptors: Sequence[int]
    ) -> tuple[Header, bytes]:
        action = request["do"]
        if action == "changes":
            return {"changes": self.copy.only_changes(self._files.changes())}, b""
        if action == "run":
            fields = {name: value for name, value in request.items() if name != "do"}
            return await self._run(Command.of(fields), descriptors)
        return self._files.answer(action, request, payload)

    async def _run(self, command: Command, descriptors: Sequence[int]) -> tuple[Header, bytes]:
        self._name = f"refinegraph-{secrets.token_hex(8)}"
        self._limit = None
        began = time.monotonic()
        options = container_options(self._name, command, self.copy, self._layout, self._policy)
        process = await asyncio.create_subprocess_exec(
            "docker", *options, stdin=asyncio.subprocess.DEVNULL,
            stdout=descriptors[0], stderr=descriptors[1],
        )  # fmt: skip
        try:
            await asyncio.wait_for(process.wait(), command.wall_seconds)
        except TimeoutError:
            self._limit = "timeout"
        finally:
            memory = await self._ended(process)
        answer: dict[str, Any] = {
            "status": process.returncode or 0,
            "limit": self._limit or ("memory" if memory else None),
            "seconds": time.monotonic() - began,
            "cpu_seconds": 0.0,
            "peak_bytes": 0,
        }
        answer["collected"], content = self._files.collected(command)
        return answer, content

    async def _ended(self, process: asyncio.subprocess.Process) -> bool:
        """Remove the container; return whether it ran out of memory."""
        _, output = await _docker("inspect", "--format", "{{.State.OOMKilled}}", self._name)
        await _docker("rm", "--force", self._name)
        await process.wait()
        return output.strip() == "true"

    def kill(self, *, flooded: bool = False) -> None:
        """Kill the running command, if any."""
        self._limit = self._limit or ("output" if flooded else "killed")
        if self._name:
            self._killing = asyncio.ensure_future(_docker("kill", self._name))

    def close(self) -> None:
        """Remove the copy."""
        self._files.close()
        with suppress(OSError):
            self.copy.remove()


def container_options(
    name: str, command: Command, copy: Copy, layout: Layout, policy: TreePolicy
) -> list[str]:
    """Return the arguments of `docker` for one command.

    The tools come from the image. The container sees the copy and, read-only, the repository and
    the environments of the checkout.
    """
    root = str(layout.root)
    frozen = [path for path in layout.frozen if (layout.root / path).exists()]
    options = ["run", "--init", "--name", name, "--network", "none", "--read-only"]
    options += ["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--ipc", "private"]
    options += ["--pids-limit", str(command.processes), "--memory", f"{command.memory_mb}m"]
    options += ["--memory-swap", f"{command.memory_mb}m", "--ulimit", "core=0"]
    options += [
        "--ulimit",
        f"nofile={command.open_files}",
        "--user",
        f"{os.getuid()}:{os.getgid()}",
    ]
    options += ["--tmpfs", f"/tmp:rw,exec,size={policy.disk_mb}m"]
    options += ["--tmpfs", f"{layout.home}:rw,exec,mode=1777,size={policy.disk_mb}m"]
    options += ["--volume", f"{copy.root}:{root}:rw"]
    for path in frozen:
        options += ["--volume", f"{root}/{path}:{root}/{path}:ro"]
    for key, value in command.environment:
        if key not in ("PATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH"):
            options += ["--env", f"{key}={value}"]
    options += ["--workdir", f"{root}/{command.folder}".rstrip("/")]
    return [*options, str(policy.container), *command.arguments]


async def _docker(*arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        "docker", *arguments, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        output, _ = await asyncio.wait_for(process.communicate(), _START_SECONDS)
    except TimeoutError:
        process.kill()
        return 1, "the engine does not answer"
    return process.returncode or 0, output.decode(errors="replace")
