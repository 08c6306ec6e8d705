"""The reasons why a run could not be started, and what to do about them."""

import errno
import resource


class WorkerFailed(Exception):
    """A worker could not be started or has died."""


class NotBegun(WorkerFailed):
    """A worker died before a run began in it."""


class Cancelled(Exception):
    """The run was cancelled."""


def explain(error: BaseException) -> str:
    """Describe an error; if this process hit a limit, name it and how to raise it.

    >>> explain(PermissionError(13, "Permission denied", "/opt/python"))
    'this user may not execute or read /opt/python'
    """
    if isinstance(error, MemoryError):
        return _NO_MEMORY
    if not isinstance(error, OSError):
        return str(error) or type(error).__name__
    if error.errno in (errno.EACCES, errno.EPERM) and error.filename:
        return f"this user may not execute or read {error.filename}"
    if error.errno == errno.EMFILE:
        return too_few_descriptors()
    return _CAUSES.get(error.errno or 0, str(error))


def too_few_descriptors() -> str:
    """Return the message for a limit on open files that is too low."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return f"this process may open only {allowed} files; allow it 256 or more (`ulimit -n 256`)"


_NO_MEMORY = "there is not enough memory to start a process"
_CAUSES = {
    errno.ENOMEM: _NO_MEMORY,
    errno.EAGAIN: "no more processes may be started (`ulimit -u`, or a container's limit on them)",
    errno.ENFILE: "the system has no more file handles (sysctl fs.file-max)",
}
