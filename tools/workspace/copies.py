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
    """A copy, and what every file of it was when it was made."""

    folder: Path
    """A private folder that holds the copy, a home and a place for temporary files."""
    stamps: dict[str, Stamp]

    @property
    def root(self) -> Path:
        """Where the copy itself is."""
        return self.folder / "tree"

    def only_changes(self, told: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return what changed among all files of the copy, and what is gone."""
        there = {entry["path"] for entry in told}
        changed = [
            entry
            for entry in told
            if entry["kind"] == "link" or self.stamps.get(entry["path"]) != _told_stamp(entry)
        ]
        gone = [{"path": path, "kind": "gone"} for path in self.stamps if path not in there]
        return [*changed, *gone]

    def remove(self) -> None:
        """Delete the copy, whatever modes a command gave its folders."""
        for folder, folders, _ in os.walk(self.folder):
            for name in folders:
                path = Path(folder, name)
                if not path.is_symlink():
                    path.chmod(0o700)
        shutil.rmtree(self.folder, ignore_errors=True)


def copy_checkout(layout: Layout) -> Copy:
    """Copy a checkout; read-only folders are linked to, and files that hold keys left out."""
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
    found: list[tuple[str, Stamp]] = []
    for folder, folders, names in os.walk(root):
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in (*names, *links):
            path = Path(folder, name)
            state = path.lstat()
            stamp = (state.st_mode, state.st_size, state.st_mtime_ns)
            found.append((str(path.relative_to(root)), stamp))
    return found


def _told_stamp(entry: dict[str, Any]) -> Stamp:
    return entry["mode"], entry["size"], entry["time"]
