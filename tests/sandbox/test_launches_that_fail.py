"""Workers that cannot be launched: the reason is given, and existing workers serve on."""

import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from refinegraph.errors import SandboxUnavailable
from refinegraph.tools.sandbox.failures import Cancelled, NotBegun, WorkerFailed
from refinegraph.tools.sandbox.guest.settings import Limits
from refinegraph.tools.sandbox.kinds import kind_of_worker
from refinegraph.tools.sandbox.policy import SandboxPolicy
from refinegraph.tools.sandbox.pool import Pool
from refinegraph.tools.sandbox.workers import Worker
from refinegraph.tools.workspace import launching
from refinegraph.tools.workspace.line import HolderGone, HostLine


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool(kind_of_worker(SandboxPolicy()))
    yield made
    made.close()


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be launched from now on."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")


def never() -> bool:
    return False


def take(pool: Pool, count: int = 1) -> list[Worker]:
    return pool.acquire(count, cancelled=never)


@pytest.mark.usefixtures("nowhere")
def test_the_first_worker_names_what_is_missing(pool: Pool) -> None:
    with pytest.raises(WorkerFailed, match=r"a worker cannot be started: .*/nowhere/python"):
        take(pool)


def test_an_idle_worker_serves_though_a_second_one_cannot_be_launched(
    pool: Pool, request: pytest.FixtureRequest
) -> None:
    (only,) = take(pool)
    pool.release(only)
    request.getfixturevalue("nowhere")
    for _ in range(2):
        assert take(pool) == [only]
        pool.release(only)
    with pytest.raises(WorkerFailed):
        take(pool, 2)
    assert take(pool) == [only], "the worker that was taken for a pair was given back"
    pool.release(only)


def test_a_run_waits_for_a_worker_in_use_if_no_other_can_be_launched(
    pool: Pool, request: pytest.FixtureRequest
) -> None:
    (only,) = take(pool)
    request.getfixturevalue("nowhere")
    taken: list[Worker] = []
    waiting = threading.Thread(target=lambda: taken.extend(take(pool)))
    waiting.start()
    waiting.join(0.05)
    assert not taken
    pool.release(only)
    waiting.join()
    assert taken == [only]
    pool.release(only)


def test_a_run_that_waits_for_a_worker_in_use_can_be_cancelled(
    pool: Pool, request: pytest.FixtureRequest
) -> None:
    (only,) = take(pool)
    request.getfixturevalue("nowhere")
    gone, ended = threading.Event(), threading.Event()

    def wait() -> None:
        with suppress(Cancelled):
            pool.acquire(1, cancelled=gone.is_set)
        ended.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    gone.set()
    while not ended.wait(0.02):
        pool.wake()
    waiting.join()
    pool.release(only)


def test_a_worker_that_refuses_its_settings_is_not_kept(pool: Pool) -> None:
    broken = Pool(kind_of_worker(SandboxPolicy(preload=("no_such_module",))))
    for _ in range(2):
        with pytest.raises(WorkerFailed, match=r"a worker did not start: .*no_such_module"):
            take(broken)
    broken.close()


def test_a_worker_that_died_begins_nothing(pool: Pool) -> None:
    (worker,) = take(pool)
    worker.hang_up()
    assert not worker.is_alive
    with pytest.raises(NotBegun, match=r"^the worker is gone \(Bad file descriptor\)$"):
        worker.begin(Limits(0, 1, 64, 1, 16), ())
    pool.discard(worker)


def test_a_child_process_leaves_the_workers_of_its_parent_alone(pool: Pool) -> None:
    (worker,) = take(pool)
    pool.release(worker)
    child = os.fork()
    if child == 0:
        pool.forget()
        os._exit(0)
    os.waitpid(child, 0)
    assert take(pool) == [worker]
    assert worker.is_alive
    pool.release(worker)


def test_a_launcher_of_trees_that_ended_is_replaced() -> None:
    launching.launch_holder().close()
    ended = launching._launchers[os.getpid()]
    ended.process.kill()
    ended.process.wait()
    with suppress(OSError):
        ended.control.shutdown(socket.SHUT_RDWR)
    launching.launch_holder().close()
    assert launching._launchers[os.getpid()] is not ended


def test_a_tree_that_cannot_be_launched_names_what_is_missing(
    request: pytest.FixtureRequest,
) -> None:
    launching._close_launcher()
    request.getfixturevalue("nowhere")
    with pytest.raises(SandboxUnavailable, match=r"commands cannot be run here: .*/nowhere/python"):
        launching.launch_holder()


@pytest.mark.parametrize("reset", [True, False])
async def test_a_tree_that_ended_is_gone_for_every_request(*, reset: bool) -> None:
    ours, theirs = socket.socketpair()
    line = HostLine(ours)
    if reset:
        theirs.sendall(b"\0")
    theirs.close()
    with pytest.raises(HolderGone):
        await line.receive()
    with pytest.raises(HolderGone):
        for _ in range(2):
            await line.send({"do": "read"}, b"x" * 100_000)
    line.close()
