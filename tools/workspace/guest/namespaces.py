"""Leave the host's namespaces, as root or as any other user."""

import fcntl
import os
import socket
import struct
from contextlib import suppress
from pathlib import Path

from refinegraph.tools.sandbox.guest import linux
from refinegraph.tools.workspace.guest.settings import Settings

INSIDE = 1000
"""The user and group id of an unprivileged caller inside the namespaces."""
_USERS = range(65_536, 100_000)
"""User ids of commands if the caller is root; no system assigns these ids."""
_UP, _GET_FLAGS, _SET_FLAGS = 0x1, 0x8913, 0x8914
_HOST_NAME = b"sandbox"


class User:
    """The user that commands run as."""

    def __init__(self, number: int, *, root: bool, files: int = -1) -> None:
        self.number = number
        """The user id, as processes inside see it."""
        self.root = root
        """Whether the caller is root, so that commands have to switch to this user."""
        self.files = files
        """For root, a user namespace in which the checkout's files belong to this user."""


def leave(settings: Settings) -> User:
    """Enter new namespaces; the next forked process is the first in its PID namespace."""
    root = os.geteuid() == 0
    flags = linux.NEWNS | linux.NEWUTS | linux.NEWIPC | linux.NEWNET | linux.NEWCGROUP
    flags |= linux.NEWPID | (0 if root else linux.NEWUSER)
    user, group = os.geteuid(), os.getegid()
    number = _USERS[os.getpid() % len(_USERS)] if root else INSIDE
    files = _namespace_for_files(settings.owner, number) if root else -1
    try:
        linux.unshare(flags)
    except OSError as error:
        error.add_note("namespaces")
        raise
    if not root:
        _map("self", f"{INSIDE} {user} 1", f"{INSIDE} {group} 1")
    with suppress(OSError):
        linux.set_host_name(_HOST_NAME)
    with suppress(OSError):
        _raise_loopback()
    return User(number, root=root, files=files)


def user_without(settings: Settings) -> User:
    """Return the user of commands without namespaces."""
    root = os.geteuid() == 0
    number = _USERS[os.getpid() % len(_USERS)] if root else os.geteuid()
    return User(number, root=root)


def _namespace_for_files(owner: int, user: int) -> int:
    """Return a descriptor of a user namespace that maps the files of one owner to another user.

    The files of all other users are mapped to ids that no user has.
    """
    ready, go = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        try:
            linux.unshare(linux.NEWUSER)
            os.write(ready[1], b".")
            os.close(go[1])
            os.read(go[0], 1)
        finally:
            os._exit(0)
    try:
        os.close(ready[1])
        if not os.read(ready[0], 1):
            raise OSError("user namespaces are refused")
        text = _shifted(owner, user)
        _map(str(child), text, text, deny=False)
        return os.open(f"/proc/{child}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        for number in (ready[0], *go):
            os.close(number)
        os.waitpid(child, 0)


_ELSEWHERE = 1_000_000
_MOST_USERS = 65_534


def _shifted(owner: int, user: int) -> str:
    """Return a user map that assigns the files of one owner to a user."""
    lines = [f"{owner} {user} 1"]
    if owner:
        lines.append(f"0 {_ELSEWHERE} {min(owner, _MOST_USERS)}")
    if owner < _MOST_USERS:
        after = owner + 1
        lines.append(f"{after} {_ELSEWHERE + after} {_MOST_USERS - owner}")
    return "\n".join(lines)


def _map(process: str, users: str, groups: str, *, deny: bool = True) -> None:
    if deny:
        Path("/proc", process, "setgroups").write_text("deny", encoding="ascii")
    Path("/proc", process, "uid_map").write_text(users, encoding="ascii")
    Path("/proc", process, "gid_map").write_text(groups, encoding="ascii")


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(any_socket, _GET_FLAGS, request))[1]
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sH14x", b"lo", flags | _UP))
