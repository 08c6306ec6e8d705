"""A tree: a copy-on-write view of a checkout that commands run in, isolated."""

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
    """A view of a checkout that can be changed and run without touching the checkout.

    It shows the checkout in its own place, so that editable installs and absolute paths keep
    working. Commands write to a layer in memory that ends with the tree. They have no network but
    the loopback of their own, no process survives a command, and `.git` and ignored environments
    (`.venv`, `node_modules`) are read-only. Paths are relative to `root`, with slashes.

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
        """Make the view.

        Raises `InputError` where the path is no folder, and `SandboxUnavailable` where the
        isolation asked for cannot be had, with the fix.
        """
        self._layout = layout_of(self._path, self.policy)
        self._holder = await open_holder(self._layout, self.policy, min_tier=self._min_tier)
        if self._origin:
            await self._take_over(self._origin)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End everything in the tree and forget its changes."""
        if self._holder:
            self._holder.close()

    @property
    def root(self) -> Path:
        """The root of the checkout; that of the repository where the path lies below it."""
        return self._known.root

    def find_root(self) -> Path:
        """Return the root that the tree has or would have; it need not be open."""
        return layout_of(self._path, self.policy).root

    @property
    def folder(self) -> str:
        """The folder that the tree was opened at, relative to `root`: where commands start."""
        return self._known.folder

    @property
    def isolation(self) -> Isolation:
        """The layers that hold this tree's commands."""
        return self._open.isolation

    async def write(
        self, path: str, content: str | bytes, *, executable: bool | None = None
    ) -> None:
        """Write a file of the tree, with the folders above it; text becomes UTF-8.

        A file keeps its mode unless `executable` is given. Raises `InputError` for a path that
        leads out of the tree or cannot be written.
        """
        data = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
        request = {"do": "write", "path": _inside(path), "executable": executable}
        await self._ask("written", path, request, data)

    async def link(self, path: str, target: str) -> None:
        """Put a symbolic link in the tree, in the place of what is there."""
        await self._ask("written", path, {"do": "link", "path": _inside(path), "target": target})

    async def read(self, path: str) -> str:
        """Return a file's text; bytes that are not UTF-8 become surrogates, which `write` takes."""
        return (await self.read_bytes(path)).decode("utf-8", "surrogateescape")

    async def read_bytes(self, path: str) -> bytes:
        """Return a file's bytes; raises `InputError` where it cannot be read."""
        return await self._ask("read", path, {"do": "read", "path": _inside(path)})

    async def delete(self, path: str) -> None:
        """Delete a file or a link of the tree."""
        await self._ask("deleted", path, {"do": "delete", "path": _inside(path)})

    async def exists(self, path: str) -> bool:
        """Whether the tree has something at a path, without following a link there."""
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
        """Run a command in the tree and wait until everything that it started has ended.

        What it writes stays in the tree for the next command. Costs one sandbox run. Raises
        `InputError` where the command cannot be found.

        Args:
            command: The program and its arguments; no shell is involved.
            timeout: Seconds until it is killed; the policy's `wall_seconds` otherwise.
            env: Variables on top of the allowed ones of the caller.
            collect: Files of the tree to hand back as bytes, where they are there afterwards; in
                a pattern, `*` stands for part of a name and `**` for any folders.
            folder: Where it starts, relative to `root`; `self.folder` otherwise.
            pass_fds: Open descriptors that the command gets as 3, 4, and so on.
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
        """Return the files that differ from the checkout, leaving out what git ignores."""
        return (await self._changes()).listed()

    async def diff(self) -> str:
        """Return a patch from the checkout to the tree that `git apply` takes; empty for none.

        A renamed file is deleted and added. What git ignores and `.git` itself are left out.
        """
        return await make_patch(await self._changes(), self.read_bytes)

    def fork(self) -> "Tree":
        """Return another tree that begins with this one's changes; use it in `async with`."""
        other = Tree(self._path, policy=self.policy, min_tier=self._min_tier)
        other._origin = self
        return other

    async def _take_over(self, origin: "Tree") -> None:
        try:
            changes = await origin._changes(ignored=True)
            await changes.copy_to(self, origin.read_bytes)
        except BaseException:
            self._open.close()
            raise

    async def _changes(self, *, ignored: bool = False) -> Changes:
        answer, _ = await self._open.ask({"do": "changes"})
        return await Changes.read(self._known, answer["changes"], ignored=ignored)

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
    def _known(self) -> Layout:
        if self._layout is None:
            raise InputError("the tree is not open; use it in `async with`.")
        return self._layout


def _inside(path: str) -> str:
    """Return a path relative to the tree; raises `InputError` where it leads elsewhere."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or ".." in parts or "\0" in path:
        raise InputError(f"{path!r} is no path in the tree; give it relative to the tree's root.")
    return "/".join(parts)
