"""A tree: a copy-on-write view of a checkout in which commands run in isolation."""

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from refinegraph.charging import charge
from refinegraph.errors import InputError
from refinegraph.schema import Isolation, Tier, Usage
from refinegraph.tools.workspace.backends import Opened, open_holder
from refinegraph.tools.workspace.changes import Changes
from refinegraph.tools.workspace.environment import command_environment
from refinegraph.tools.workspace.guest.settings import Command
from refinegraph.tools.workspace.holders import Refusal
from refinegraph.tools.workspace.layout import Layout, layout_of
from refinegraph.tools.workspace.line import Header
from refinegraph.tools.workspace.patches import make_patch
from refinegraph.tools.workspace.policy import TreePolicy
from refinegraph.tools.workspace.results import Change, CommandResult
from refinegraph.tools.workspace.running import run_command


class Tree:
    """A view of a checkout that can be changed without touching the checkout itself.

    The view appears at the path of the checkout, so that editable installs and absolute paths keep
    working. Commands write to a layer in memory that is discarded with the tree. They have no
    network except a private loopback, no process survives its command, and `.git` and ignored
    environments (`.venv`, `node_modules`) are read-only. Paths are relative to `root`, with
    slashes.

    >>> import asyncio, pathlib, tempfile
    >>> from refinegraph.tools import Sandbox
    >>> async def example(folder: str) -> str:
    ...     async with Sandbox().tree(folder) as tree:
    ...         await tree.write("a.py", "print('from the tree')")
    ...         result = await tree.run(["python3", "a.py"])
    ...         return result.stdout
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     asyncio.run(example(folder)), list(pathlib.Path(folder).iterdir())
    ('from the tree\\n', [])
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        policy: TreePolicy | None = None,
        min_tier: Tier = "medium",
    ) -> None:
        self.policy = policy or TreePolicy()
        self._path = path
        self._min_tier: Tier = min_tier
        self._holder: Opened | None = None
        self._layout: Layout | None = None
        self._origin: Tree | None = None

    async def __aenter__(self) -> Self:
        """Open the tree.

        Raises `InputError` if the path is not a directory, and `SandboxUnavailable`, with a fix, if
        the requested isolation is not available.
        """
        self._layout = layout_of(self._path, self.policy)
        self._holder = await open_holder(self._layout, self.policy, min_tier=self._min_tier)
        if self._origin:
            await self._copy_changes(self._origin)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End all processes of the tree and discard its changes."""
        if self._holder:
            self._holder.close()

    @property
    def root(self) -> Path:
        """The root of the checkout that contains the path."""
        return self._opened_layout.root

    def find_root(self) -> Path:
        """Return the root of the checkout, even if the tree is not open."""
        return layout_of(self._path, self.policy).root

    @property
    def folder(self) -> str:
        """The directory that the tree was opened at, relative to `root`: where commands start."""
        return self._opened_layout.folder

    @property
    def isolation(self) -> Isolation:
        """The isolation of this tree's commands."""
        return self._open.isolation

    async def write(
        self, path: str, content: str | bytes, *, executable: bool | None = None
    ) -> None:
        """Write a file of the tree and create missing directories; text is encoded as UTF-8.

        A file keeps its mode unless `executable` is given. Raises `InputError` if the path leads
        out of the tree or cannot be written.
        """
        data = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
        request = {"do": "write", "path": _inside(path), "executable": executable}
        await self._ask("written", path, request, data)

    async def link(self, path: str, target: str) -> None:
        """Create a symbolic link in the tree, replacing an existing file."""
        await self._ask("written", path, {"do": "link", "path": _inside(path), "target": target})

    async def read(self, path: str) -> str:
        """Return the text of a file; invalid UTF-8 becomes surrogates, which `write` accepts."""
        return (await self.read_bytes(path)).decode("utf-8", "surrogateescape")

    async def read_bytes(self, path: str) -> bytes:
        """Return the bytes of a file; raises `InputError` if it cannot be read."""
        return await self._ask("read", path, {"do": "read", "path": _inside(path)})

    async def delete(self, path: str) -> None:
        """Delete a file or a link of the tree."""
        await self._ask("deleted", path, {"do": "delete", "path": _inside(path)})

    async def exists(self, path: str) -> bool:
        """Return whether a path exists in the tree, without following a link there."""
        answer, _ = await self._open.ask({"do": "exists", "path": _inside(path)})
        return bool(answer["exists"])

    async def run(
        self,
        command: Sequence[str],
        *,
        timeout: float | None = None,
        env: Sequence[tuple[str, str]] = (),
        collect: Sequence[str] = (),
        folder: str | None = None,
        pass_fds: Sequence[int] = (),
    ) -> CommandResult:
        """Run a command in the tree and wait until all processes that it started have ended.

        The files that it writes remain in the tree for the next command. Costs one sandbox run.
        Raises `InputError` if the command does not exist.

        Args:
            command: The program and its arguments; no shell is involved.
            timeout: Seconds until the command is killed; the policy's `wall_seconds` by default.
            env: Variables in addition to the allowed ones of the caller.
            collect: Files of the tree to return as bytes if they exist afterwards. In a pattern,
                `*` matches part of a name and `**` any directories.
            folder: The working directory relative to `root`; `self.folder` by default.
            pass_fds: Open descriptors that the command receives as 3, 4, and so on.
        """
        environment = command_environment(
            self._open.home, more=(*self.policy.environment, *env), temporary=self._open.temporary
        )
        order = Command(
            arguments=tuple(command),
            environment=tuple(environment.items()),
            folder=self.folder if folder is None else _inside(folder),
            wall_seconds=timeout or self.policy.wall_seconds,
            memory_mb=self.policy.memory_mb,
            processes=self.policy.processes,
            open_files=self.policy.open_files,
            file_mb=self.policy.disk_mb,
            collect=tuple(map(_inside, collect)),
        )
        result = await run_command(self._open, order, self.policy, pass_fds)
        charge(Usage(sandbox_runs=1))
        return result

    async def changed(self) -> tuple[Change, ...]:
        """Return the files that differ from the checkout, without those that git ignores."""
        return (await self._changes()).listed()

    async def diff(self) -> str:
        """Return a patch from the checkout to the tree for `git apply`; empty if nothing changed.

        A renamed file is deleted and added. Files that git ignores and `.git` itself are left out.
        """
        return await make_patch(await self._changes(), self.read_bytes)

    def fork(self) -> "Tree":
        """Return another tree that starts with this one's changes; use it in `async with`."""
        other = Tree(self._path, policy=self.policy, min_tier=self._min_tier)
        other._origin = self
        return other

    async def _copy_changes(self, origin: "Tree") -> None:
        try:
            changes = await origin._changes(ignored=True)
            await changes.copy_to(self, origin.read_bytes)
        except BaseException:
            self._open.close()
            raise

    async def _changes(self, *, ignored: bool = False) -> Changes:
        answer, _ = await self._open.ask({"do": "changes"})
        return await Changes.read(self._opened_layout, answer["changes"], ignored=ignored)

    async def _ask(self, done: str, path: str, request: Header, payload: bytes = b"") -> bytes:
        try:
            _, content = await self._open.ask(request, payload)
        except Refusal as error:
            raise InputError(f"{path} in the tree cannot be {done}: {error}.") from None
        return content

    @property
    def _open(self) -> Opened:
        if self._holder is None:
            raise InputError("the tree is not open; use it in `async with`.")
        return self._holder

    @property
    def _opened_layout(self) -> Layout:
        if self._layout is None:
            raise InputError("the tree is not open; use it in `async with`.")
        return self._layout


def _inside(path: str) -> str:
    """Normalise a path relative to the tree; raises `InputError` if it leads elsewhere."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or ".." in parts or "\0" in path:
        raise InputError(f"{path!r} is not a path in the tree; pass one relative to its root.")
    return "/".join(parts)
