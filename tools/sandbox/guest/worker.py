"""A warm interpreter that forks one confined process per run and never runs a program itself.

The first process enters new namespaces, forks and waits. Its child, the first process in the PID
namespace, is the worker. The worker always keeps one fork ready, which is already confined and
receives the next run directly. When a run has ended, the worker reports it to the host, cleans up
and forks again. The worker ends when the host closes its end of the control socket.
"""

import array
import fcntl
import gc
import importlib
import json
import os
import signal
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

from refinegraph.tools.sandbox.guest import codec
from refinegraph.tools.sandbox.guest.layers import Layers
from refinegraph.tools.sandbox.guest.limits import check_descriptors
from refinegraph.tools.sandbox.guest.line import Line
from refinegraph.tools.sandbox.guest.program import keep_own_builtins, run_program
from refinegraph.tools.sandbox.guest.rehearsing import rehearse
from refinegraph.tools.sandbox.guest.script import run_script
from refinegraph.tools.sandbox.guest.settings import ENDED, RUN_SIZE, Limits, Settings
from refinegraph.tools.sandbox.guest.testing import run_tests, run_tests_in_process
from refinegraph.tools.sandbox.guest.watching import Watch

ROLES: dict[str, Callable[..., None]] = {
    "program": run_program,
    "script": run_script,
    "tests": run_tests,
    "tests in process": run_tests_in_process,
}
COMMON = (
    *("bisect", "collections", "copy", "dataclasses", "datetime", "enum", "functools"),
    *("heapq", "itertools", "math", "operator", "re", "string", "typing"),
)
"""Modules that are imported in advance, since programs often import them. `threading` and `random`
are left out: their handlers cost every fork more than importing them costs the runs that need
them."""
_HIGH = 16
"""The worker's own descriptors are moved up to here, above those of a program (at most 0 to 4)."""
LINE = 3
_MAX_JOB = 1 << 28
"""Bytes of a job, which holds the program and its tests: a choice."""
_MAX_DESCRIPTORS = 5
"""A run receives its socket, output and errors, and perhaps a peer and an input."""
_MAX_ANCILLARY = socket.CMSG_SPACE(_MAX_DESCRIPTORS * array.array("i").itemsize)
_ARMED = codec.pack({"armed": True})
_REHEARSALS = 20
"""How often the work of a run is rehearsed before the first fork: enough for the interpreter to
specialize its code, which would otherwise happen, and copy memory, in every fork."""
_INTERRUPT = int(signal.SIGINT)
_set_signal: Callable[[int, Any], Any] = importlib.import_module("_signal").signal
"""`signal.signal` without its conversions to enumerations, which write to many pages."""


def main(control_number: int, runs_number: int, settings_text: str) -> None:
    """Run a worker until the host is gone."""
    settings = Settings.unpacked(settings_text)
    check_descriptors()
    os.environ.pop("LD_BIND_NOW", None)  # it was meant for the start of this process
    os.umask(0o077)
    control = socket.socket(fileno=_move_up(control_number))
    runs = socket.socket(fileno=_move_up(runs_number))
    layers = Layers(settings)
    layers.leave_namespaces()
    worker = os.fork()
    if worker:
        control.close()
        runs.close()
        _wait_for_worker(worker)
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _prepare(settings)
        _forget_names()
        layers.hold_worker()
        done, missing = layers.announce()
        _say(control, {"layers": done, "missing": missing})
    except BaseException as error:
        with suppress(OSError):
            _say(control, {"refused": f"{type(error).__name__}: {error}"})
        os._exit(1)
    try:
        _serve(control, runs, layers)
    finally:  # only endings may follow on the socket; the host notices that it is closed
        os._exit(1)


def _forget_names() -> None:
    """Hide from programs where this interpreter was started from."""
    sys.argv[:] = sys.orig_argv[:] = ["python"]
    sys.executable = f"{sys.base_prefix}/bin/python{sys.version_info[0]}.{sys.version_info[1]}"
    sys._base_executable = sys.executable  # type: ignore[attr-defined]
    main = sys.modules["__main__"]
    for name, module in sys.modules.items():
        if module is main or name.startswith(__package__ or "?"):
            vars(module).update(__file__=None, __cached__=None, __spec__=None, __path__=[])


def _wait_for_worker(worker: int) -> NoReturn:
    _, status = os.waitpid(worker, 0)
    os._exit(0 if status == 0 else 1)


def _prepare(settings: Settings) -> None:
    """Import modules and run code that every run needs, so that no run pays for it."""
    sys.path[:0] = settings.import_paths
    for name in (*COMMON, *settings.preload):
        importlib.import_module(name)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    exec(compile(settings.warm_up, "<warm up>", "exec", dont_inherit=True), {})
    for _ in range(_REHEARSALS):
        rehearse()
    keep_own_builtins()
    gc.collect()
    gc.freeze()
    gc.disable()


def _serve(control: socket.socket, runs: socket.socket, layers: Layers) -> NoReturn:
    watch = Watch(control, max_threads=layers.threads_to_count)
    run = 0
    while True:
        run += 1
        program = os.fork()
        if program == 0:
            _become(run, runs, layers)
        ending = watch.outlast(program, run)
        control.sendall(ENDED.pack(run, ending.status, int(ending.seconds * 1e6), ending.peak))
        layers.tidy()


def _become(run: int, runs: socket.socket, layers: Layers) -> NoReturn:
    """Confine this fork, wait for a run and execute it."""
    try:
        os.setsid()
        _set_signal(_INTERRUPT, signal.default_int_handler)
        refused = _refusal(layers.hold_fork)
        limits, numbers = _wait_for(run, runs)
        lines = _move_descriptors(numbers, limits)
        refused = refused or _refusal(
            lambda: layers.hold_run(limits, lowest_unused=LINE + len(lines))
        )
        if refused:
            lines[0].send({"refused": refused})
            os._exit(1)
        lines[0].send_frame(_ARMED)
        gc.enable()
        _do_job(lines)
    finally:
        os._exit(0)


def _wait_for(run: int, runs: socket.socket) -> tuple[Limits, list[int]]:
    """Return the limits and descriptors of a run, skipping runs killed before they began."""
    while True:
        body, ancillary, _, _ = runs.recvmsg(RUN_SIZE, _MAX_ANCILLARY)
        if not body:
            os._exit(0)
        limits = Limits.unpacked(body)
        numbers = array.array("i", b"".join(data for _, _, data in ancillary)).tolist()
        if limits.run == run:
            return limits, numbers
        for number in numbers:
            os.close(number)


def _refusal(apply: Callable[[], None]) -> str:
    """Apply layers and return the error if the system refused, or an empty string."""
    try:
        apply()
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _move_descriptors(numbers: list[int], limits: Limits) -> list[Line]:
    """Move every descriptor to its number and return the sockets, the host's first.

    Descriptors arrive with ascending numbers above those of the standard streams, so none of these
    moves replaces one that is still to be moved.
    """
    line, out, err, *rest = numbers
    peer = rest.pop(0) if limits.peer else None
    os.dup2(out, 1)
    os.dup2(err, 2)
    if limits.stdin:
        os.dup2(rest.pop(0), 0)
    os.dup2(line, LINE)
    if peer is None:
        return [Line(LINE, _MAX_JOB)]
    os.dup2(peer, LINE + 1)
    return [Line(LINE, _MAX_JOB), Line(LINE + 1, _MAX_JOB)]


def _do_job(lines: list[Line]) -> None:
    with suppress(EOFError, OSError):
        job = lines[0].receive()
        for line in lines:
            line.allow(job["bytes"])
        _reseed()
        ROLES[job["role"]](job, *lines)


def _reseed() -> None:
    """Reseed numpy's generator, which unlike Python's own is not reseeded after a fork."""
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()


def _say(control: socket.socket, message: dict[str, object]) -> None:
    body = json.dumps(message).encode()
    control.sendall(struct.pack(">I", len(body)) + body)


def _move_up(number: int) -> int:
    high = fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, _HIGH)
    os.close(number)
    return high
