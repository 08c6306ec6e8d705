"""The view of a tree's commands: a private root with the checkout at its own path.

The checkout is the lower layer of an overlay. The upper layer is a file system in memory of a fixed
size, which also contains the home directory, temporary files and shared memory, so that a single
size bounds everything that commands write.
"""

import errno
import os
import struct
from contextlib import suppress
from pathlib import Path

from refinegraph.tools.sandbox.guest import linux, syscalls
from refinegraph.tools.sandbox.guest.private_root import protect
from refinegraph.tools.workspace.guest.namespaces import User
from refinegraph.tools.workspace.guest.settings import Settings

_NEW = "/sys"
"""The directory on which the new root is built; no checkout lies in it."""
_QUIET = linux.MS_NOSUID | linux.MS_NODEV
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
_OPEN_TREE, _MOVE_MOUNT, _SET_ATTRIBUTES = 428, 429, 442
_CLONE, _AT_EMPTY_PATH, _FROM_EMPTY, _MAP_USERS = 1, 0x1000, 4, 0x100000
_AT_FDCWD = -100


class View:
    """The view of one tree, and the layers that contain its changes."""

    def __init__(self, settings: Settings, user: User) -> None:
        self.settings = settings
        self.user = user
        self.root = settings.copy or settings.root
        """The root of the tree, as this process sees it."""
        self.upper = -1
        """A descriptor of the upper layer; -1 without an overlay."""
        self.scratch = -1
        """A descriptor of the file system that receives all writes; -1 without an overlay."""
        self.missing: list[str] = []
        self.writable: tuple[str, ...] = (self.root, settings.home, "/tmp", "/dev/shm")

    @classmethod
    def make(cls, settings: Settings, user: User) -> "View":
        """Create the view and enter it; raises OSError with a note that names the step."""
        view = cls(settings, user)
        if settings.copy:
            view._use_copy()
        else:
            view._enter()
        return view

    def _use_copy(self) -> None:
        """Use a copy in the host's own root, next to the home and temporary directories."""
        folder = Path(self.settings.copy).parent
        self.writable = tuple(str(folder / name) for name in ("tree", "home", "tmp"))
        self.missing += [
            "namespaces: not used",
            "private_folder: writes are only limited by watching the free disk space",
        ]
        if self.user.root:
            for path in self.writable:
                _give_all(path, self.user.number)
            folder.chmod(0o711)
        os.chdir(self.settings.copy)

    def _enter(self) -> None:
        try:
            linux.mount("none", "/", "", linux.MS_REC | linux.MS_PRIVATE)
            lower = self._lower()
            linux.mount("none", _NEW, "tmpfs", _QUIET, "size=4m,mode=755")
            self._make_scratch()
            self._show_host()
            self._show_devices()
            self._show_processes()
            self._write_etc()
            self._show_checkout(lower)
            self._leave_old_root()
        except OSError as error:
            error.add_note("overlay")
            raise

    def _lower(self) -> int:
        """Return a descriptor of the checkout; for root, its files are mapped to the user."""
        if not self.user.root:
            return os.open(self.settings.root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        path = self.settings.root.encode() + b"\0"
        tree = linux.syscall(_OPEN_TREE, _AT_FDCWD, path, _CLONE | os.O_CLOEXEC)
        attributes = struct.pack("=QQQQ", _MAP_USERS, 0, 0, self.user.files)
        linux.syscall(_SET_ATTRIBUTES, tree, b"\0", _AT_EMPTY_PATH, attributes, len(attributes))
        os.close(self.user.files)
        return tree

    def _make_scratch(self) -> None:
        scratch = Path(_NEW, "scratch")
        scratch.mkdir()
        options = f"size={self.settings.disk_mb}m,nr_inodes={self.settings.files},mode=755"
        linux.mount("none", str(scratch), "tmpfs", _QUIET | linux.MS_NOATIME, options)
        self.scratch = os.open(scratch, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for name, mode in (("upper", 0o755), ("work", 0o755), ("home", 0o700)):
            (scratch / name).mkdir(mode=mode)
            self._give(str(scratch / name))
        for name in ("tmp", "shm"):
            (scratch / name).mkdir()
            (scratch / name).chmod(0o1777)
        if not self.user.root:
            os.setxattr(scratch / "upper", "user.overlay.probe", b"1")
            os.removexattr(scratch / "upper", "user.overlay.probe")
        self._bind(str(scratch / "tmp"), "/tmp")
        self._bind(str(scratch / "home"), self.settings.home)

    def _give(self, path: str) -> None:
        if self.user.root:
            os.chown(path, self.user.number, self.user.number)

    def _bind(self, source: str, path: str) -> None:
        Path(_NEW + path).mkdir(parents=True, exist_ok=True)
        linux.mount(source, _NEW + path, "", linux.MS_BIND)

    def _show_host(self) -> None:
        for path in sorted(self.settings.readable, key=lambda path: path.count("/")):
            with suppress(FileNotFoundError):
                _show(path)

    def _show_devices(self) -> None:
        folder = Path(_NEW, "dev")
        folder.mkdir()
        for name in _DEVICES:
            target = folder / name
            target.touch()
            with suppress(OSError):
                linux.mount(f"/dev/{name}", str(target), "", linux.MS_BIND)
                protect(str(target), linux.MS_RDONLY | linux.MS_NOSUID)
        for name, target_of_link in _LINKS.items():
            (folder / name).symlink_to(target_of_link)
        self._bind(f"{_NEW}/scratch/shm", "/dev/shm")
        (folder / "pts").mkdir()
        with suppress(OSError):
            linux.mount(
                "devpts",
                str(folder / "pts"),
                "devpts",
                linux.MS_NOSUID | linux.MS_NOEXEC,
                "newinstance,ptmxmode=0666,mode=620",
            )
            (folder / "ptmx").symlink_to("pts/ptmx")

    def _show_processes(self) -> None:
        Path(_NEW, "proc").mkdir()
        try:
            linux.mount("proc", f"{_NEW}/proc", "proc", _QUIET | linux.MS_NOEXEC)
        except OSError as error:
            error.add_note("proc")
            raise

    def _write_etc(self) -> None:
        folder = Path(_NEW, "etc")
        folder.mkdir(exist_ok=True)
        number, home = self.user.number, self.settings.home
        for name, text in (
            (
                "passwd",
                f"user:x:{number}:{number}::{home}:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n",
            ),
            ("group", f"user:x:{number}:\nnogroup:x:65534:\n"),
            ("hosts", "127.0.0.1 localhost sandbox\n::1 localhost\n"),
            ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"),
            ("hostname", "sandbox\n"),
        ):
            (folder / name).write_text(text, encoding="ascii")

    def _show_checkout(self, lower: int) -> None:
        root, scratch = self.settings.root, f"{_NEW}/scratch"
        target = _NEW + root
        Path(target).mkdir(parents=True, exist_ok=True)
        if self.user.root:
            Path(_NEW, "lower").mkdir()
            moved = (lower, b"\0", _AT_FDCWD, f"{_NEW}/lower".encode() + b"\0", _FROM_EMPTY)
            linux.syscall(_MOVE_MOUNT, *moved)
        extra = "redirect_dir=off,metacopy=off,index=off" if self.user.root else "userxattr"
        options = (
            f"lowerdir=/proc/self/fd/{lower},upperdir={scratch}/upper,workdir={scratch}/work,"
            f"{extra}"
        )
        _mark_upper(scratch, root)
        linux.mount("overlay", target, "overlay", _QUIET, options)
        self.upper = os.open(f"{scratch}/upper", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for name in self.settings.frozen:
            _freeze(f"{target}/{name}")
        for name in self.settings.hidden:
            with suppress(FileNotFoundError):
                linux.mount("/dev/null", f"{target}/{name}", "", linux.MS_BIND)
        if self.user.root:
            linux.unmount(f"{_NEW}/lower")
            Path(_NEW, "lower").rmdir()
        linux.unmount(scratch)
        Path(scratch).rmdir()

    def _leave_old_root(self) -> None:
        Path(_NEW, "old").mkdir()
        number = syscalls.number_of(syscalls.PIVOT_ROOT)
        linux.syscall(number, _NEW.encode(), f"{_NEW}/old".encode())
        os.chdir("/")
        linux.unmount("/old")
        Path("/old").rmdir()
        linux.mount("none", "/", "", linux.MS_REMOUNT | linux.MS_RDONLY | _QUIET)
        os.chdir(self.settings.root)


def _give_all(root: str, user: int) -> None:
    for folder, folders, names in os.walk(root):
        for name in (".", *folders, *names):
            os.chown(Path(folder, name), user, user, follow_symlinks=False)


def _mark_upper(scratch: str, root: str) -> None:
    """Set the mode of the upper layer to that of the checkout, which the merged view inherits."""
    with suppress(OSError):
        Path(scratch, "upper").chmod(Path(root).stat().st_mode & 0o777 | 0o700)


def _is_shown(target: Path, path: str) -> bool:
    """Return whether an earlier mount already shows the same file."""
    return target.exists() and os.path.samestat(target.stat(), Path(path).stat())


def _show(path: str) -> None:
    target = Path(_NEW + path)
    if target.is_symlink() or _is_shown(target, path):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if Path(path).is_symlink():
        target.symlink_to(Path(path).readlink())
        return
    if Path(path).is_dir():
        target.mkdir(exist_ok=True)
    else:
        target.touch()
    linux.mount(path, str(target), "", linux.MS_BIND | linux.MS_REC)
    protect(str(target), linux.MS_RDONLY | _QUIET)


def _freeze(path: str) -> None:
    """Make a directory of the tree read-only by bind-mounting it on itself."""
    try:
        linux.mount(path, path, "", linux.MS_BIND)
        protect(path, linux.MS_RDONLY | _QUIET)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR):
            raise
