"""A plain copy of a checkout, for machines without an overlay."""

import os
import shutil
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from refinegraph.tools.workspace.layout import Layout

Stamp = tuple[int, int, int]
"""Mode, size and modification time of a file."""


class Copy(NamedTuple):
    """A copy, and the original state of its files."""

    folder: Path
    """A private directory with the copy, a home directory and a temporary directory."""
    stamps: dict[str, Stamp]

    @property
    def root(self) -> Path:
        """The root of the copy itself."""
        return self.folder / "tree"

    def only_changes(self, entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the changed entries among all files of the copy, and those that were deleted."""
        existing = {entry["path"] for entry in entries}
        changed = [
            entry
            for entry in entries
            if entry["kind"] == "link" or self.stamps.get(entry["path"]) != _stamp_of(entry)
        ]
        gone = [{"path": path, "kind": "gone"} for path in self.stamps if path not in existing]
        return [*changed, *gone]

    def remove(self) -> None:
        """Delete the copy, even if a command changed the modes of its directories."""
        for folder, folders, _ in os.walk(self.folder):
            for name in folders:
                path = Path(folder, name)
                if not path.is_symlink():
                    path.chmod(0o700)
        shutil.rmtree(self.folder, ignore_errors=True)


def copy_checkout(layout: Layout) -> Copy:
    """Copy a checkout, linking to read-only directories and leaving out files with secrets."""
    folder = Path(tempfile.mkdtemp(prefix="refinegraph-tree-"))
    root = folder / "tree"
    left_out = {*layout.frozen, *layout.hidden}
    top = str(layout.root)

    def ignored(parent: str, names: list[str]) -> set[str]:
        odd = {name for name in names if not _is_copied(Path(parent, name))}
        return odd | (left_out.intersection(names) if parent == top else set())

    shutil.copytree(layout.root, root, symlinks=True, ignore=ignored)
    for name in layout.frozen:
        if (layout.root / name).exists():
            (root / name).symlink_to(layout.root / name)
    for name in ("home", "tmp"):
        (folder / name).mkdir()
    return Copy(folder, dict(_stamps(root)))


def _is_copied(path: Path) -> bool:
    mode = path.lstat().st_mode
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)


def _stamps(root: Path) -> list[tuple[str, Stamp]]:
    stamps: list[tuple[str, Stamp]] = []
    for folder, folders, names in os.walk(root):
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in (*names, *links):
            path = Path(folder, name)
            state = path.lstat()
            stamp = (state.st_mode, state.st_size, state.st_mtime_ns)
            stamps.append((str(path.relative_to(root)), stamp))
    return stamps


def _stamp_of(entry: dict[str, Any]) -> Stamp:
    return entry["mode"], entry["size"], entry["time"]
