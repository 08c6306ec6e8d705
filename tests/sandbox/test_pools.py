"""Workers are lent, kept, replaced and ended."""

import threading
from collections.abc import Iterator

import pytest

from refinegraph.tools.sandbox.failures import Cancelled
from refinegraph.tools.sandbox.kinds import kind_of_worker
from refinegraph.tools.sandbox.policy import SandboxPolicy
from refinegraph.tools.sandbox.pool import MOST_WORKERS, Pool
from refinegraph.tools.sandbox.workers import Worker


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    made = Pool(kind_of_worker(SandboxPolicy()))
    yield made
    made.close()


def never() -> bool:
    return False


def always() -> bool:
    return True


def test_a_worker_that_was_given_back_is_lent_again(pool: Pool) -> None:
    (first,) = pool.acquire(1, cancelled=never)
    first.stop()
    pool.release(first)
    (again,) = pool.acquire(1, cancelled=never)
    assert again is first
    assert again.is_alive and again.is_idle()
    pool.release(again)


def test_two_workers_of_one_run_are_different_and_both_kept(pool: Pool) -> None:
    lent = pool.acquire(2, cancelled=never)
    assert lent[0] is not lent[1]
    pool.release(*lent)
    assert set(pool.acquire(2, cancelled=never)) == set(lent)
    pool.release(*lent)


def test_a_worker_that_died_is_replaced(pool: Pool) -> None:
    lent = pool.acquire(2, cancelled=never)
    lent[0].hang_up()
    pool.release(*lent)
    again = pool.acquire(2, cancelled=never)
    assert lent[0] not in again and lent[1] in again
    pool.release(*again)


def test_a_worker_that_was_discarded_is_ended(pool: Pool) -> None:
    (worker,) = pool.acquire(1, cancelled=never)
    pool.discard(worker)
    (other,) = pool.acquire(1, cancelled=never)
    assert other is not worker
    pool.release(other)


def test_a_cancelled_run_gets_no_worker(pool: Pool) -> None:
    with pytest.raises(Cancelled):
        pool.acquire(1, cancelled=always)


def test_more_workers_than_there_may_be_are_waited_for_until_the_run_is_cancelled(
    pool: Pool,
) -> None:
    """A run that waits is woken when it is cancelled, and when a worker is given back."""
    gone, ended = threading.Event(), threading.Event()

    def wait() -> None:
        try:
            pool.acquire(MOST_WORKERS + 1, cancelled=gone.is_set)
        except Cancelled:
            ended.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    gone.set()
    while not ended.wait(0.05):
        pool.wake()
    waiting.join()


def test_a_closed_pool_keeps_no_worker() -> None:
    closing = Pool(kind_of_worker(SandboxPolicy()))
    (worker,) = closing.acquire(1, cancelled=never)
    closing.close()
    assert isinstance(worker, Worker)
    closing.release(worker)
    assert not worker.is_alive
