"""Why a run could not be made, said in words that name what to do."""

import errno
import resource


class WorkerFailed(Exception):
    """A worker could not be started, or is gone."""


class NotBegun(WorkerFailed):
    """A worker was gone before the run had begun in it."""


class Cancelled(Exception):
    """Nobody waits for this run any more."""


def explain(error: BaseException) -> str:
    """Describe an error; where this process ran into a limit, say which and how to raise it.

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
    """Say that this process may not open enough files, and how many it should be allowed."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return f"this process may open only {allowed} files; allow it 256 or more (`ulimit -n 256`)"


_NO_MEMORY = "there is not enough memory to start a process"
_CAUSES = {
    errno.ENOMEM: _NO_MEMORY,
    errno.EAGAIN: "no more processes may be started (`ulimit -u`, or a container's limit on them)",
    errno.ENFILE: "the system has no more file handles (sysctl fs.file-max)",
}
