"""The differences between a tree and its checkout."""

import asyncio
import os
import stat
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from refinegraph.tools.workspace.git import ignored_among
from refinegraph.tools.workspace.layout import Layout
from refinegraph.tools.workspace.results import Change

ReadBytes = Callable[[str], Awaitable[bytes]]

_CACHES = frozenset(
    ("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", "node_modules")
)
_REPOSITORIES = frozenset((".git", ".hg", ".svn"))


class Writable(Protocol):
    """A tree that changes can be copied to."""

    async def write(
        self, path: str, content: str | bytes, *, executable: bool | None = None
    ) -> None:
        """Write a file."""
        ...

    async def link(self, path: str, target: str) -> None:
        """Create a symbolic link."""
        ...

    async def delete(self, path: str) -> None:
        """Delete a file or a link."""
        ...


class Entry(NamedTuple):
    """A file or a link in the tree or in the checkout."""

    mode: str
    """The mode in git's notation: 100644, 100755, or 120000 for a link."""
    target: str = ""
    """The target of a link."""


class Difference(NamedTuple):
    """One path before and after; None if it does not exist."""

    path: str
    before: Entry | None
    after: Entry | None


class Changes:
    """The paths that may differ, with their entries in the checkout and in the tree."""

    def __init__(self, layout: Layout, differences: Sequence[Difference]) -> None:
        self.layout = layout
        self.differences = tuple(differences)

    @classmethod
    async def read(
        cls, layout: Layout, entries: Sequence[dict[str, Any]], *, ignored: bool = False
    ) -> "Changes":
        """Return the changes that the tree's process reported.

        Paths that git ignores are left out unless `ignored` is true.
        """
        return await asyncio.to_thread(cls._read, layout, entries, ignored)

    @classmethod
    def _read(cls, layout: Layout, entries: Sequence[dict[str, Any]], ignored: bool) -> "Changes":
        after = {entry["path"]: _entry(entry) for entry in entries if entry["kind"] in _EXISTING}
        deleted: set[str] = set()
        for entry in entries:
            if entry["kind"] not in _EXISTING:
                deleted.update(_files_below(layout.root, entry["path"]))
        paths = sorted({*after, *deleted})
        if not ignored:
            left_out = _left_out(layout, paths)
            paths = [path for path in paths if path not in left_out]
        differences = [
            Difference(path, entry_at(layout.root, path), after.get(path)) for path in paths
        ]
        return cls(layout, [change for change in differences if change.before or change.after])

    def listed(self) -> tuple[Change, ...]:
        """Return the changed files, including those that were rewritten with the same content."""
        return tuple(
            Change(
                path=change.path,
                kind="added" if not change.before else "modified" if change.after else "deleted",
            )
            for change in self.differences
        )

    async def copy_to(self, tree: Writable, read: ReadBytes) -> None:
        """Apply the changes to another tree of the same checkout."""
        for path, before, after in self.differences:
            if after is None:
                await tree.delete(path)
            elif after.target:
                await tree.link(path, after.target)
            else:
                executable = after.mode == "100755"
                same_mode = before is not None and before.mode == after.mode
                content = await read(path)
                await tree.write(path, content, executable=None if same_mode else executable)


_EXISTING = ("file", "link")


def _entry(entry: dict[str, Any]) -> Entry:
    if entry["kind"] == "link":
        return Entry("120000", entry["target"])
    return Entry("100755" if entry["mode"] & 0o100 else "100644")


def entry_at(root: Path, path: str) -> Entry | None:
    """Return the entry of the checkout at a path, or None."""
    try:
        mode = (root / path).lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISLNK(mode):
        return Entry("120000", str((root / path).readlink()))
    if not stat.S_ISREG(mode):
        return None
    return Entry("100755" if mode & 0o100 else "100644")


def _files_below(root: Path, path: str) -> Iterator[str]:
    """Yield the files of the checkout at and below a path, without following links."""
    whole = root / path
    if not whole.is_dir() or whole.is_symlink():
        yield path
        return
    for folder, folders, names in os.walk(whole):
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in (*names, *links):
            yield str(Path(folder, name).relative_to(root))


def _left_out(layout: Layout, paths: Sequence[str]) -> set[str]:
    """Return the paths that do not belong in a patch."""
    left_out = {path for path in paths if path.split("/")[0] in _REPOSITORIES}
    rest = [path for path in paths if path not in left_out]
    left_out.update(ignored_among(layout.root, rest))
    tops = {*layout.frozen, *layout.hidden}
    for path in rest:
        parts = path.split("/")
        if parts[0] in tops or _CACHES.intersection(parts) or path.endswith(".pyc"):
            left_out.add(path)
    return left_out
