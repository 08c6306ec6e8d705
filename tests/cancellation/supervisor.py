"""Run a command, wait for it and tell what it left behind, as one line of JSON.

usage: supervisor.py COMMAND ...

The first line on standard output is the command's process id. Orphans of the command become
children of this process, which sees them whatever session or namespace they moved to.
"""

import ctypes
import json
import signal
import subprocess
import sys
import time

import psutil

_PR_SET_CHILD_SUBREAPER = 36
_SECONDS_FOR_ORPHANS = 10
"""The kernel ends orphans of the sandbox when their pipes close; on a busy machine that takes
a moment. What is there after this long survived."""


def main() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's background jobs ignore it
    process = subprocess.Popen(
        sys.argv[1:],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    print(process.pid, flush=True)
    code = process.wait()
    print(json.dumps({"code": code, "survivors": survivors()}), flush=True)


def survivors() -> list[str]:
    until = time.monotonic() + _SECONDS_FOR_ORPHANS
    while (left := _living()) and time.monotonic() < until:
        time.sleep(0.01)
    for process in left:
        process.kill()
    return [repr(process) for process in left]


def _living() -> list[psutil.Process]:
    return [process for process in psutil.Process().children(recursive=True) if _lives(process)]


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


if __name__ == "__main__":
    main()
