"""A private root for a worker: the interpreter, read-only, and one small writable directory."""

import errno
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from refinegraph.tools.sandbox.guest import linux, syscalls
from refinegraph.tools.sandbox.guest.settings import Settings

_FOLDERS = ("/tmp", "/var/tmp", "/work")
_MOUNT_POINTS = ("/sys", "/mnt", "/srv")
"""Directories on which a new root can be built, since nothing is read from them."""
DEVICES = ("null", "zero", "full", "urandom")
_QUIET = linux.MS_NOSUID | linux.MS_NODEV


def readable_paths(more: Sequence[str] = ()) -> list[str]:
    """Return the paths that the interpreter needs for imports, and those in `more`."""
    needed = (sys.base_prefix, sys.base_exec_prefix, "/usr/lib", "/usr/lib64", "/lib", "/lib64")
    paths: list[str] = []
    for path in (*needed, *more):
        inside = any(path == other or path.startswith(other + "/") for other in paths)
        if Path(path).exists() and not inside:
            paths.append(path)
    return paths


def folder_of(settings: Settings) -> str:
    """Return the directory for programs to write in, which must not hide a readable path."""
    paths = readable_paths(settings.readable)
    free = [
        folder for folder in _FOLDERS if not any(path.startswith(folder + "/") for path in paths)
    ]
    return free[0]


def enter(settings: Settings) -> None:
    """Build the private root and switch to it."""
    linux.mount("none", "/", "", linux.MS_REC | linux.MS_PRIVATE)
    new = next(point for point in _MOUNT_POINTS if Path(point).is_dir())
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
    """Show a device read-only, so that its times cannot be set; writing to it still works."""
    target = Path(new, "dev", name)
    target.touch()
    linux.mount(f"/dev/{name}", str(target), "", linux.MS_BIND)
    protect(str(target), linux.MS_RDONLY | linux.MS_NOSUID)


def protect(target: str, flags: int) -> None:
    """Add flags to a mount and all mounts below it, keeping their other flags."""
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
    """Replace the octal escapes that the kernel writes for spaces and backslashes."""
    return re.sub(r"\\([0-7]{3})", lambda number: chr(int(number[1], 8)), point)


class Folder:
    """The directory that programs may write in, which is empty at the start of every run."""

    def __init__(self, settings: Settings) -> None:
        self.path = folder_of(settings)
        self._flags = _QUIET | linux.MS_NOEXEC | linux.MS_NOATIME
        self._options = f"size={settings.folder_mb}m,nr_inodes={settings.folder_files},mode=1777"
        self._mount()

    def renew(self) -> bool:
        """Replace the directory with an empty one unless it is untouched; return whether it was."""
        if self._state() == self._clean:
            return False
        os.chdir("/")
        linux.unmount(self.path)
        self._mount()
        return True

    def _mount(self) -> None:
        linux.mount("none", self.path, "tmpfs", self._flags, self._options)
        os.chdir(self.path)
        self._clean = self._state()

    def _state(self) -> tuple[object, ...]:
        # A worker does this after every run, and pathlib takes five times as long.
        stat = os.stat(".")  # noqa: PTH116
        return (
            *(stat.st_mode, stat.st_nlink, stat.st_size, stat.st_uid),
            *(stat.st_atime_ns, stat.st_mtime_ns, stat.st_ctime_ns),
            *os.listdir("."),  # noqa: PTH208
            *os.listxattr(self.path),
        )
