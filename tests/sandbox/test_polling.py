"""The loop that serves all descriptors of a run."""

import os
import select
import socket
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.tools.sandbox.output import Output
from refinegraph.tools.sandbox.policy import SandboxPolicy
from refinegraph.tools.sandbox.polling import Poller
from refinegraph.tools.sandbox.threads import DaemonThreads


def test_descriptor_forgotten_by_an_earlier_handler_is_skipped() -> None:
    poller, handled = Poller(), list[socket.socket]()
    (one, other), (third, fourth) = socket.socketpair(), socket.socketpair()

    def handler(own: socket.socket, others: socket.socket) -> None:
        def handle(_: int) -> None:
            handled.append(own)
            poller.forget(others.fileno())

        poller.watch(own.fileno(), select.POLLIN, handle)

    handler(one, third)
    handler(third, one)
    other.send(b"x")
    fourth.send(b"x")
    poller.turn(until=time.monotonic() + 10)
    assert len(handled) == 1
    for line in (one, other, third, fourth):
        line.close()


def test_poller_gives_up_when_its_time_is_over() -> None:
    with pytest.raises(TimeoutError):
        Poller().turn(until=time.monotonic() - 1)


@given(st.lists(st.binary(max_size=300), max_size=8), st.integers(0, 500), st.integers(1, 500))
def test_output_keeps_its_beginning_and_knows_when_it_is_too_much(
    parts: list[bytes], kept: int, most: int
) -> None:
    reading, writing = os.pipe()
    output = Output(reading, SandboxPolicy(stdout_bytes=kept, drain_bytes=most))
    for part in parts:
        os.write(writing, part)
    os.close(writing)
    output.close()
    printed = b"".join(parts)
    assert output.text == printed[:kept].decode("utf-8", "backslashreplace")
    assert output.flooded == (len(printed) > most)


def test_all_threads_work_concurrently() -> None:
    threads, meeting = DaemonThreads(4, name="test"), threading.Barrier(4)
    for _ in range(20):
        met = [threads.submit(lambda: meeting.wait(60)) for _ in range(4)]
        assert sorted(each.result(60) for each in met) == [0, 1, 2, 3]


def test_thread_goes_on_after_work_that_fails_or_is_cancelled() -> None:
    threads, gate = DaemonThreads(1, name="test"), threading.Event()
    first = threads.submit(lambda: gate.wait(60))
    second = threads.submit(lambda: 2)
    third = threads.submit(lambda: 1 // 0)
    fourth = threads.submit(lambda: 4)
    assert second.cancel()
    gate.set()
    assert first.result(60)
    assert isinstance(third.exception(60), ZeroDivisionError)
    assert fourth.result(60) == 4
