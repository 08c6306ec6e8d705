"""What differs between a tree and its checkout."""

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
    """What changes can be made in."""

    async def write(
        self, path: str, content: str | bytes, *, executable: bool | None = None
    ) -> None:
        """Write a file."""
        ...

    async def link(self, path: str, target: str) -> None:
        """Put a symbolic link."""
        ...

    async def delete(self, path: str) -> None:
        """Delete a file or a link."""
        ...


class Entry(NamedTuple):
    """A file or a link as it is in one of the two."""

    mode: str
    """As git writes it: 100644, 100755, or 120000 for a link."""
    target: str = ""
    """Where a link leads."""


class Difference(NamedTuple):
    """One path before and after; None where there is nothing."""

    path: str
    before: Entry | None
    after: Entry | None


class Changes:
    """The paths that may differ, and what each was and is."""

    def __init__(self, layout: Layout, differences: Sequence[Difference]) -> None:
        self.layout = layout
        self.differences = tuple(differences)

    @classmethod
    async def read(
        cls, layout: Layout, told: Sequence[dict[str, Any]], *, ignored: bool = False
    ) -> "Changes":
        """Return the changes in what the tree's process tells, without those that git ignores."""
        return await asyncio.to_thread(cls._read, layout, told, ignored)

    @classmethod
    def _read(cls, layout: Layout, told: Sequence[dict[str, Any]], ignored: bool) -> "Changes":
        after = {entry["path"]: _entry(entry) for entry in told if entry["kind"] in _THERE}
        gone: set[str] = set()
        for entry in told:
            if entry["kind"] not in _THERE:
                gone.update(_files_below(layout.root, entry["path"]))
        paths = sorted({*after, *gone})
        if not ignored:
            left_out = _left_out(layout, paths)
            paths = [path for path in paths if path not in left_out]
        differences = [
            Difference(path, entry_at(layout.root, path), after.get(path)) for path in paths
        ]
        return cls(layout, [each for each in differences if each.before or each.after])

    def listed(self) -> tuple[Change, ...]:
        """Return them as values; a file that was written with what it held is among them."""
        return tuple(
            Change(
                path=each.path,
                kind="added" if not each.before else "modified" if each.after else "deleted",
            )
            for each in self.differences
        )

    async def copy_to(self, tree: Writable, read: ReadBytes) -> None:
        """Make the same changes in another tree of the same checkout."""
        for path, before, after in self.differences:
            if after is None:
                await tree.delete(path)
            elif after.target:
                await tree.link(path, after.target)
            else:
                executable = after.mode == "100755"
                known = before is not None and before.mode == after.mode
                await tree.write(path, await read(path), executable=None if known else executable)


_THERE = ("file", "link")


def _entry(told: dict[str, Any]) -> Entry:
    if told["kind"] == "link":
        return Entry("120000", told["target"])
    return Entry("100755" if told["mode"] & 0o100 else "100644")


def entry_at(root: Path, path: str) -> Entry | None:
    """Return what the checkout has at a path."""
    try:
        found = (root / path).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISLNK(found.st_mode):
        return Entry("120000", str((root / path).readlink()))
    if not stat.S_ISREG(found.st_mode):
        return None
    return Entry("100755" if found.st_mode & 0o100 else "100644")


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
    """Return the paths that are no part of a patch."""
    found = {path for path in paths if path.split("/")[0] in _REPOSITORIES}
    rest = [path for path in paths if path not in found]
    found.update(ignored_among(layout.root, rest))
    tops = {*layout.frozen, *layout.hidden}
    for path in rest:
        parts = path.split("/")
        if parts[0] in tops or _CACHES.intersection(parts) or path.endswith(".pyc"):
            found.add(path)
    return found
