"""A root of its own for a worker: the interpreter, read-only, and one small folder to write."""

import errno
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from refinegraph.tools.sandbox.guest import linux, syscalls
from refinegraph.tools.sandbox.guest.settings import Settings

_FOLDERS = ("/tmp", "/var/tmp", "/work")
_PLACES = ("/sys", "/mnt", "/srv")
"""Folders that a new root can be put together on, since nothing is read from them."""
DEVICES = ("null", "zero", "full", "urandom")
_QUIET = linux.MS_NOSUID | linux.MS_NODEV


def readable_paths(more: Sequence[str] = ()) -> list[str]:
    """Return what the interpreter needs to go on importing, and what else is offered."""
    wanted = (sys.base_prefix, sys.base_exec_prefix, "/usr/lib", "/usr/lib64", "/lib", "/lib64")
    found: list[str] = []
    for path in (*wanted, *more):
        inside = any(path == other or path.startswith(other + "/") for other in found)
        if Path(path).exists() and not inside:
            found.append(path)
    return found


def folder_of(settings: Settings) -> str:
    """Return where programs may write: a temporary folder that hides nothing readable."""
    paths = readable_paths(settings.readable)
    free = [each for each in _FOLDERS if not any(path.startswith(each + "/") for path in paths)]
    return free[0]


def enter(settings: Settings) -> None:
    """Make the root and leave everything else behind."""
    linux.mount("none", "/", "", linux.MS_REC | linux.MS_PRIVATE)
    new = next(place for place in _PLACES if Path(place).is_dir())
    mask = os.umask(0o022)
    try:
        _fill(new, settings)
    finally:
        os.umask(mask)


def _fill(new: str, settings: Settings) -> None:
    linux.mount("none", new, "tmpfs", _QUIET, "size=1m,mode=755")
    for path in readable_paths(settings.readable):
        _show(path, new)
    Path(new, "dev").mkdir(exist_ok=True)
    for name in DEVICES:
        _show_device(name, new)
    Path(new, "old").mkdir()
    Path(new + folder_of(settings)).mkdir(parents=True, exist_ok=True)
    number = syscalls.number_of(syscalls.PIVOT_ROOT)
    linux.syscall(number, new.encode(), (new + "/old").encode())
    os.chdir("/")
    linux.unmount("/old")
    Path("/old").rmdir()
    linux.mount("none", "/", "", linux.MS_REMOUNT | linux.MS_RDONLY | _QUIET)


def _show(path: str, new: str) -> None:
    target = Path(new + path)
    if Path(path).is_symlink():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(Path(path).readlink())
        return
    if Path(path).is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    linux.mount(path, str(target), "", linux.MS_BIND | linux.MS_REC)
    protect(str(target), linux.MS_RDONLY | _QUIET)


def _show_device(name: str, new: str) -> None:
    """Show a device whose times cannot be set; what is written to it goes through all the same."""
    target = Path(new, "dev", name)
    target.touch()
    linux.mount(f"/dev/{name}", str(target), "", linux.MS_BIND)
    protect(str(target), linux.MS_RDONLY | linux.MS_NOSUID)


def protect(target: str, flags: int) -> None:
    """Make a mount and all mounts below it read-only, whatever else they are already."""
    try:
        linux.add_mount_flags(target, flags)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        for mount in _mounts_below(target):
            kept = os.statvfs(mount).f_flag & (linux.MS_NODEV | linux.MS_NOEXEC)
            linux.mount("none", mount, "", linux.MS_BIND | linux.MS_REMOUNT | flags | kept)


def _mounts_below(target: str) -> list[str]:
    """Return the mounts at and below a path."""
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    points = [_unescaped(line.split(" ")[4]) for line in lines]
    return [point for point in points if f"{point}/".startswith(f"{target}/")]


def _unescaped(point: str) -> str:
    """Undo the octal numbers that the kernel writes for blanks and backslashes."""
    return re.sub(r"\\([0-7]{3})", lambda number: chr(int(number[1], 8)), point)


class Folder:
    """The folder that programs may write in, as new for every run."""

    def __init__(self, settings: Settings) -> None:
        self.path = folder_of(settings)
        self._flags = _QUIET | linux.MS_NOEXEC | linux.MS_NOATIME
        self._options = f"size={settings.folder_mb}m,nr_inodes={settings.folder_files},mode=1777"
        self._mount()

    def renew(self) -> bool:
        """Put an empty folder in its place, unless nothing was touched in it."""
        if self._looks() == self._clean:
            return False
        os.chdir("/")
        linux.unmount(self.path)
        self._mount()
        return True

    def _mount(self) -> None:
        linux.mount("none", self.path, "tmpfs", self._flags, self._options)
        os.chdir(self.path)
        self._clean = self._looks()

    def _looks(self) -> tuple[object, ...]:
        found = Path.cwd().stat()
        return (
            *(found.st_mode, found.st_nlink, found.st_size, found.st_uid),
            *(found.st_atime_ns, found.st_mtime_ns, found.st_ctime_ns),
            *Path.cwd().iterdir(),
            *os.listxattr(self.path),
        )
