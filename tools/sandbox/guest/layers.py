"""The isolation layers, in the order in which they are applied.

A worker applies the layers that all of its runs share and prepares the others, which every run
applies itself. A layer that the system refuses to a worker is reported as missing, with the error.
A layer that it refuses to a run ends that run before the program is read.
"""

import fcntl
import os
import signal
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from refinegraph.tools.sandbox.guest import landlock, limits, linux, seccomp, syscalls
from refinegraph.tools.sandbox.guest.private_root import Folder
from refinegraph.tools.sandbox.guest.private_root import enter as enter_private_root
from refinegraph.tools.sandbox.guest.settings import Limits, Settings

_USERS = range(65_536, 100_000)
"""User ids of programs if the caller is root; every worker has a different one.

No system assigns these ids: systemd's dynamic users and `nobody` lie below them, and the ranges of
containers lie above.
"""
_FEW_USERS = range(60_706, 61_184)
"""The same for a container that maps only 16-bit ids; systemd leaves these unused as well."""
_INSIDE = 1000
_MAX_DESCRIPTORS = 4096
"""Descriptors that are closed before a run; workers open far fewer."""
_HIGH = 16
"""The worker's own descriptors are moved up to here, above those of a program (at most 0 to 4)."""
_HOST_NAME = b"sandbox"


Step = tuple[str, Callable[[], None]]
"""The name of a layer and the function that applies it to a fork."""


class Layers:
    """The isolation layers of one worker and its runs."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.done: list[str] = []
        self.missing: list[str] = []
        self.root = os.geteuid() == 0
        self.folder: Folder | None = None
        self.used = 0
        users = _USERS if _users_mapped() > _USERS.stop else _FEW_USERS
        self._user = users[os.getpid() % len(users)]
        self._rules = -1
        self._filter: linux.Filter | None = None
        self._fork_steps: tuple[Step, ...] = ()
        self._hard: dict[int, int] = {}

    @property
    def threads_to_count(self) -> int | None:
        """The limit on a run's threads if the worker has to count them itself, or None."""
        counted = sys.platform == "linux" and "limits" not in self.settings.disabled_layers
        return self.settings.threads if counted and self._threads() is None else None

    def leave_namespaces(self) -> None:
        """Enter new namespaces; the next forked process is the first in its PID namespace."""
        if sys.platform == "linux":
            self._layer("namespaces", self._unshare)
            if "namespaces" in self.done and "pid_namespace" not in self.settings.disabled_layers:
                self.done.append("pid_namespace")

    def hold_worker(self) -> None:
        """Apply the layers that all runs share and prepare the others."""
        self.used, self._hard = limits.address_space(), limits.hard_limits()
        if "limits" not in self.settings.disabled_layers:
            limits.apply_to_worker(self._hard)
        if sys.platform != "linux":
            self.missing += [f"{name}: not on this system" for name in ("landlock", "seccomp")]
            return
        linux.prctl(linux.PR_SET_DUMPABLE, 0)
        if "namespaces" in self.done:
            self._layer("private_root", lambda: enter_private_root(self.settings))
        if "private_root" in self.done:
            self._layer("private_folder", self._make_folder)
        elif self.root and not _open_to_all(os.__file__):
            self.missing.append(f"standard library: only root may read {os.__file__}")
        self._layer("no_new_privileges", lambda: linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1))
        self._layer("landlock", self._prepare_landlock)
        self._layer("seccomp", self._prepare_seccomp)
        self._prepare_steps()

    def announce(self) -> tuple[list[str], list[str]]:
        """Return the layers of every run, and the missing layers with the reasons."""
        per_run = ["limits", "unprivileged_user"]
        if sys.platform == "linux":
            per_run.append("no_capabilities")
        applied = [name for name in per_run if name not in self.settings.disabled_layers]
        left_out = [f"{name}: left out" for name in self.settings.disabled_layers]
        return [*self.done, *applied], [*self.missing, *left_out]

    def tidy(self) -> None:
        """Restore what the last run may have changed."""
        if self.folder and self.folder.renew() and "landlock" in self.done:
            os.close(self._rules)
            self._prepare_landlock()
            self._prepare_steps()

    def hold_fork(self) -> None:
        """Apply every layer that does not depend on the run's limits; raises OSError."""
        for name, apply in self._fork_steps:
            try:
                apply()
            except (OSError, ValueError) as error:
                raise OSError(f"{name}: {error}") from None

    def hold_run(self, allowed: Limits, *, lowest_unused: int) -> None:
        """Apply a run's limits and close all descriptors from `lowest_unused`; raises OSError."""
        os.closerange(lowest_unused, _MAX_DESCRIPTORS)
        if "limits" in self.settings.disabled_layers:
            return
        try:
            limits.apply(allowed, used=self.used, threads=self._threads(), hard=self._hard)
        except (OSError, ValueError) as error:
            raise OSError(f"limits: {error}") from None

    def _prepare_steps(self) -> None:
        """Prepare what every fork applies, in this order, with everything converted in advance."""
        steps: list[Step] = []
        if self.root:
            steps.append(("unprivileged_user", self._become_unprivileged))
        if sys.platform == "linux":
            steps.append(("no_capabilities", _dropping_capabilities()))
            # A change of user resets this, so it comes afterwards.
            steps.append(("parent_death_signal", _dying_with_parent()))
        if "landlock" in self.done:
            steps.append(("landlock", landlock.restricting(self._rules)))
        if self._filter:
            steps.append(("seccomp", self._filter.install))
        self._fork_steps = tuple(
            step for step in steps if step[0] not in self.settings.disabled_layers
        )

    def _layer(self, name: str, apply: Callable[[], None]) -> None:
        if name in self.settings.disabled_layers:
            return
        try:
            apply()
        except OSError as error:
            self.missing.append(f"{name}: {error.strerror or error}")
        except Exception as error:
            self.missing.append(f"{name}: {error}")
        else:
            self.done.append(name)

    def _unshare(self) -> None:
        flags = linux.NEWNS | linux.NEWUTS | linux.NEWIPC | linux.NEWNET | linux.NEWCGROUP
        if "pid_namespace" not in self.settings.disabled_layers:
            flags |= linux.NEWPID
        user, group = os.geteuid(), os.getegid()
        linux.unshare(flags if self.root else flags | linux.NEWUSER)
        with suppress(OSError):
            linux.set_host_name(_HOST_NAME)
        if self.root:
            return
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{_INSIDE} {user} 1"),
            ("gid_map", f"{_INSIDE} {group} 1"),
        ):
            Path("/proc/self", name).write_text(text, encoding="ascii")

    def _make_folder(self) -> None:
        self.folder = Folder(self.settings)

    def _prepare_landlock(self) -> None:
        rules = landlock.prepare(self.settings, self.folder.path if self.folder else None)
        self._rules = fcntl.fcntl(rules, fcntl.F_DUPFD_CLOEXEC, _HIGH)
        os.close(rules)

    def _prepare_seccomp(self) -> None:
        inside = "pid_namespace" in self.done or "landlock" in self.done
        packed = seccomp.program_filter(signals=inside, own_files="private_root" in self.done)
        linux.install_filter(seccomp.worker_filter())
        self._filter = linux.Filter(packed)

    def _threads(self) -> int | None:
        """Return the limit on tasks, or None if the system would count other users' tasks too."""
        alone = self.root or "namespaces" in self.done
        return self.settings.threads + (0 if self.root else 1) if alone else None

    def _become_unprivileged(self) -> None:
        os.setgroups([])
        os.setresgid(self._user, self._user, self._user)
        os.setresuid(self._user, self._user, self._user)


def _users_mapped() -> int:
    """Return the number of user ids, which is smaller in a container with a user namespace."""
    try:
        lines = Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines()
        return max(int(first) + int(count) for first, _, count in map(str.split, lines))
    except (OSError, ValueError):
        return 0


def _open_to_all(path: str) -> bool:
    """Return whether every user may enter all directories on the path of a file."""
    return all(parent.stat().st_mode & 0o001 for parent in Path(path).parents)


def _dropping_capabilities() -> Callable[[], None]:
    header = struct.pack("=Ii", 0x20080522, 0)
    number = syscalls.number_of(syscalls.WORKER_ONLY["capset"])
    return linux.prepared_syscall(number, header, struct.pack("=6I", *[0] * 6))


def _dying_with_parent() -> Callable[[], None]:
    number = syscalls.number_of(syscalls.ALLOWED["prctl"])
    return linux.prepared_syscall(number, linux.PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
