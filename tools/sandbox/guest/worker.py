"""A warm interpreter that forks one confined process for each run. It never runs a program itself.

The first process takes up namespaces and waits; the second, the first in its own process
namespace, serves runs one after another until the host's end of the line is closed.
"""

import fcntl
import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
from contextlib import suppress
from typing import NoReturn

from refinegraph.tools.sandbox.guest import codec
from refinegraph.tools.sandbox.guest.layers import Layers
from refinegraph.tools.sandbox.guest.line import Line
from refinegraph.tools.sandbox.guest.program import answer, load, run_program, shown_names
from refinegraph.tools.sandbox.guest.script import run_script
from refinegraph.tools.sandbox.guest.settings import ENDED, RUN_SIZE, Limits, Settings
from refinegraph.tools.sandbox.guest.testing import run_tests, run_tests_in_process, run_unit

ROLES = {
    "program": run_program,
    "script": run_script,
    "tests": run_tests,
    "tests in process": run_tests_in_process,
}
COMMON = (
    *("abc", "array", "bisect", "cmath", "collections", "contextlib", "copy", "dataclasses"),
    *("datetime", "decimal", "enum", "fractions", "functools", "hashlib", "heapq", "itertools"),
    *("math", "numbers", "operator", "queue", "random", "re", "reprlib", "statistics"),
    *("string", "textwrap", "threading", "typing", "traceback", "unicodedata"),
)
"""Imported once, since programs ask for them often."""
_HIGH = 200
"""Descriptors that stay are moved up here, out of the way of a program's own."""
_LINE = 3
_MOST_JOB = 1 << 28


def main(control_number: int, settings_text: str) -> None:
    """Be a worker until the host is gone."""
    settings = Settings.unpacked(settings_text)
    os.umask(0o077)
    control = socket.socket(fileno=_move_up(control_number))
    layers = Layers(settings)
    layers.leave_namespaces()
    worker = os.fork()
    if worker:
        control.close()
        _wait_for_worker(worker)
    try:
        _prepare(settings)
        layers.hold_worker()
        done, missing = layers.announce()
        _say(control, {"layers": done, "missing": missing})
        _serve(control, layers)
    except BaseException as error:
        with suppress(OSError):
            _say(control, {"refused": f"{type(error).__name__}: {error}"})
    os._exit(1)


def _wait_for_worker(worker: int) -> NoReturn:
    _, status = os.waitpid(worker, 0)
    os._exit(0 if status == 0 else 1)


def _prepare(settings: Settings) -> None:
    """Import and run once what every run needs, so that no run pays for it."""
    sys.path[:0] = settings.import_paths
    for name in (*COMMON, *settings.preload):
        importlib.import_module(name)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    space = {"__name__": "program", "__builtins__": __builtins__}
    load("def double(x):\n    return [x, {'x': (x, 1.5)}]\n", space)
    shown_names(space)
    answer({"name": "double", "args": [["l", [2]]], "kwargs": {}}, space, depth=9, items=99)
    answer({"name": "double", "args": [], "kwargs": {}}, space, depth=9, items=99)
    run_unit("assert 1 == 1", {})
    codec.unpack(codec.pack({"warm": codec.encode([1, "a", 2.5])})[4:])
    gc.collect()
    gc.freeze()
    gc.disable()


def _serve(control: socket.socket, layers: Layers) -> None:
    while True:
        body, numbers, _, _ = socket.recv_fds(control, RUN_SIZE, 4)
        if not body:
            os._exit(0)
        if not numbers:
            continue
        program = os.fork()
        if program == 0:
            _become(numbers, Limits.unpacked(body), layers)
        for number in numbers:
            os.close(number)
        status, seconds, peak = _outlast(program, control, alone=os.getpid() == 1)
        if layers.folder:
            layers.folder.renew()
        control.sendall(ENDED.pack(status, int(seconds * 1e6), peak))


def _become(numbers: list[int], limits: Limits, layers: Layers) -> NoReturn:
    """Turn this fork into the confined process of one run."""
    try:
        os.setsid()
        line_number, out, err, *rest = numbers
        for source, target in [*((each, 0) for each in rest), (out, 1), (err, 2)]:
            os.dup2(source, target)
        os.dup2(line_number, _LINE)
        connection = socket.socket(fileno=_LINE)
        line = Line(connection, _MOST_JOB)
        try:
            layers.hold_run(limits)
        except BaseException as error:
            line.send({"refused": f"{type(error).__name__}: {error}"})
            os._exit(1)
        line.send({"armed": True})
        gc.enable()
        _do_job(connection, line)
    finally:
        os._exit(0)


def _do_job(connection: socket.socket, line: Line) -> None:
    with suppress(EOFError, OSError):
        job = line.receive()
        _reseed()
        ROLES[job["role"]](job, Line(connection, job["bytes"]))


def _reseed() -> None:
    """Python reseeds its own generator after a fork; numpy does not."""
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()


def _outlast(program: int, control: socket.socket, *, alone: bool) -> tuple[int, float, int]:
    """Wait for a run to end or for the word to end it; leave nothing of it behind."""
    while not _ended(program, control):
        told = control.recv(RUN_SIZE)
        if alone:
            with suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(program, signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.kill(program, signal.SIGKILL)
        if not told:
            os._exit(0)
    _, status, used = os.wait4(program, 0)
    if alone:
        _sweep()
    scale = 1 if sys.platform == "darwin" else 1024
    return status, used.ru_utime + used.ru_stime, used.ru_maxrss * scale


def _ended(program: int, control: socket.socket) -> bool:
    """Wait until the run has ended (True) or the host has something to say (False)."""
    if not hasattr(os, "pidfd_open"):
        return _ended_slowly(program, control)
    number = os.pidfd_open(program)
    try:
        poll = select.poll()
        poll.register(number, select.POLLIN)
        poll.register(control, select.POLLIN)
        return any(ready == number for ready, _ in poll.poll())
    finally:
        os.close(number)


def _ended_slowly(program: int, control: socket.socket) -> bool:
    while True:
        if os.waitid(os.P_PID, program, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return True
        if select.select([control], [], [], 0.002)[0]:
            return False


def _sweep() -> None:
    """Kill and reap whatever else a run has started."""
    with suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def _say(control: socket.socket, message: dict[str, object]) -> None:
    body = json.dumps(message).encode()
    control.sendall(struct.pack(">I", len(body)) + body)


def _move_up(number: int) -> int:
    high = fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, _HIGH)
    os.close(number)
    return high
