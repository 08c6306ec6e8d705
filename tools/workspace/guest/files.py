"""Read and write the files of a tree without following links out of it."""

import errno
import os
import re
import stat
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from refinegraph.tools.sandbox.guest import linux
from refinegraph.tools.workspace.guest.line import Header
from refinegraph.tools.workspace.guest.settings import Command

_OPENAT2 = 437
_BENEATH, _NO_MAGIC = 8, 2
_MAX_BYTES = 1 << 28
"""Largest file that is read: a bound on the holder's memory."""
_OPAQUE = ("user.overlay.opaque", "trusted.overlay.opaque")

Change = dict[str, Any]


class Refused(Exception):
    """An operation on a file is not possible; the message is the reason."""


class Files:
    """The files of one tree."""

    def __init__(
        self, root: str, *, upper: int = -1, scratch: int = -1, owner: int | None = None
    ) -> None:
        self._root = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._upper = upper
        self._scratch = scratch
        self._owner = owner
        """The owner of new files, if it differs from this process's user."""

    def close(self) -> None:
        """Close the root of the tree."""
        os.close(self._root)

    def answer(self, action: str, request: Header, payload: bytes) -> tuple[Header, bytes]:
        """Execute a request; raises `Refused` or OSError."""
        path = request.get("path", "")
        if action == "read":
            return {}, self.read(path)
        if action == "exists":
            return {"exists": self.exists(path)}, b""
        if action == "changes":
            return {"changes": self.changes()}, b""
        if action == "write":
            self.write(path, payload, executable=request.get("executable"))
        elif action == "link":
            self.link(path, request["target"])
        elif action == "delete":
            self.delete(path)
        return {}, b""

    def collected(self, command: Command) -> tuple[list[tuple[str, int]], bytes]:
        """Return the names and lengths of the files to collect, and all their bytes."""
        names: list[tuple[str, int]] = []
        content = b""
        for path in (path for pattern in command.collect for path in self.matching(pattern)):
            with suppress(OSError, Refused):
                part = self.read(path, command.collect_bytes)
                names.append((path, len(part)))
                content += part
        return names, content

    def read(self, path: str, max_bytes: int = _MAX_BYTES) -> bytes:
        """Return a file's bytes."""
        number = self._open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(number, "rb") as file:
            if not stat.S_ISREG(os.fstat(number).st_mode):
                raise Refused("it is not a regular file")
            content = file.read(max_bytes + 1)
        if len(content) > max_bytes:
            raise Refused(f"it is longer than {max_bytes:,} bytes")
        return content

    def write(self, path: str, content: bytes, *, executable: bool | None) -> None:
        """Write a file and create missing directories."""
        self._make_folders(path)
        try:
            number = self._open_to_write(path)
        except OSError as error:
            if error.errno not in (errno.EOVERFLOW, errno.EACCES, errno.EPERM):
                raise
            number = self._replace(path)
        try:
            if not stat.S_ISREG(os.fstat(number).st_mode):
                raise Refused("it is not a regular file")
            os.ftruncate(number, 0)
            view = memoryview(content)
            while view:
                view = view[os.write(number, view) :]
            if executable is not None:
                os.fchmod(number, 0o755 if executable else 0o644)
            self._give(number)
        finally:
            os.close(number)

    def link(self, path: str, target: str) -> None:
        """Create a symbolic link, replacing an existing file."""
        self._make_folders(path)
        with suppress(FileNotFoundError):
            self.delete(path)
        folder, name = self._folder_of(path)
        try:
            os.symlink(target, name, dir_fd=folder)
        finally:
            os.close(folder)

    def delete(self, path: str) -> None:
        """Delete a file or a link."""
        folder, name = self._folder_of(path)
        try:
            os.unlink(name, dir_fd=folder)
        finally:
            os.close(folder)

    def exists(self, path: str) -> bool:
        """Return whether a path exists."""
        try:
            folder, name = self._folder_of(path)
        except OSError:
            return False
        try:
            os.stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError:
            return False
        finally:
            os.close(folder)
        return True

    def matching(self, pattern: str) -> list[str]:
        """Return the files that match a pattern; a pattern without `*` is returned as it is."""
        if "*" not in pattern:
            return [pattern]
        regex = re.compile(_regular(pattern))
        matches: list[str] = []
        for folder, folders, names, _ in os.fwalk(".", dir_fd=self._folder()):
            folders[:] = [name for name in folders if name not in _NOT_SEARCHED]
            paths = (f"{folder}/{name}".removeprefix("./") for name in names)
            matches += [path for path in paths if regex.fullmatch(path)]
            if len(matches) > _MAX_MATCHES:
                break
        return sorted(matches)[:_MAX_MATCHES]

    def _folder(self) -> int:
        return os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._root)

    def changes(self) -> list[Change]:
        """Return the entries of the upper layer: files, links and markers of deleted entries."""
        if self._upper < 0:
            return list(_all_files(self._root))
        return list(_changes(self._upper, ""))

    def room(self) -> tuple[int, int]:
        """Return the free bytes and the free files of the tree's file system."""
        left = os.fstatvfs(self._root)
        return left.f_bavail * left.f_bsize, left.f_favail

    def full(self) -> bool:
        """Return whether the file system that receives all writes is full."""
        if self._scratch < 0:
            return False
        left = os.fstatvfs(self._scratch)
        return left.f_bavail * left.f_bsize < _ALMOST_FULL or left.f_favail < _FEW_FILES

    def _open(self, path: str, flags: int, mode: int = 0) -> int:
        how = struct.pack("=QQQ", flags | os.O_CLOEXEC, mode, _BENEATH | _NO_MAGIC)
        name = os.fsencode(path) + b"\0"
        return linux.syscall(_OPENAT2, self._root, name, how, len(how))

    def _open_to_write(self, path: str) -> int:
        return self._open(path, os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK, 0o644)

    def _replace(self, path: str) -> int:
        """Replace a file of another user with a new file and open it."""
        try:
            self.delete(path)
            return self._open_to_write(path)
        except OSError as error:
            raise Refused(
                f"it belongs to another user and cannot be replaced ({error.strerror}); "
                "make yourself the owner of the checkout's files and directories"
            ) from None

    def _folder_of(self, path: str) -> tuple[int, str]:
        folder, _, name = path.rpartition("/")
        return self._open(folder or ".", os.O_PATH | os.O_DIRECTORY), name

    def _make_folders(self, path: str) -> None:
        parts = path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            folder, name = self._folder_of("/".join(parts[:depth]))
            try:
                os.mkdir(name, 0o755, dir_fd=folder)
                if self._owner is not None:
                    owner = self._owner
                    os.chown(name, owner, owner, dir_fd=folder, follow_symlinks=False)
            except FileExistsError:
                pass
            finally:
                os.close(folder)

    def _give(self, number: int) -> None:
        if self._owner is not None and os.fstat(number).st_uid != self._owner:
            os.fchown(number, self._owner, self._owner)


_NOT_SEARCHED = frozenset((".git", "node_modules", ".venv"))
_MAX_MATCHES = 2000
"""Files that a pattern collects: a bound against runaway patterns."""


def _regular(pattern: str) -> str:
    """Return the regular expression of a path pattern."""
    escaped = re.escape(pattern)
    return escaped.replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")


_ALMOST_FULL, _FEW_FILES = 1 << 16, 8
"""Free bytes and files below which the file system counts as full, since a write failed."""


def _changes(folder: int, prefix: str) -> Iterator[Change]:
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries)
    for name in names:
        path = f"{prefix}{name}"
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        kind = stat.S_IFMT(status.st_mode)
        if kind == stat.S_IFREG:
            yield {
                "path": path,
                "kind": "file",
                "mode": status.st_mode,
                "size": status.st_size,
                "time": status.st_mtime_ns,
            }
        elif kind == stat.S_IFLNK:
            target = os.readlink(name, dir_fd=folder)
            yield {"path": path, "kind": "link", "target": target}
        elif kind == stat.S_IFCHR and status.st_rdev == 0:
            yield {"path": path, "kind": "gone"}
        elif kind == stat.S_IFDIR:
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            try:
                if _is_opaque(inner):
                    yield {"path": path, "kind": "opaque"}
                yield from _changes(inner, f"{path}/")
            finally:
                os.close(inner)


def _is_opaque(folder: int) -> bool:
    for name in _OPAQUE:
        with suppress(OSError):
            if os.getxattr(folder, name) in (b"y", b"x"):
                return os.getxattr(folder, name) == b"y"
    return False


def _all_files(root: int) -> Iterator[Change]:
    folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=root)
    try:
        yield from _changes(folder, "")
    finally:
        os.close(folder)
