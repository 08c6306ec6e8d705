"""What the host makes of everything that a guest may answer, and of every way to end."""

import struct
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from scripted_guest import ARMED, MB, Play, ScriptedGuest, greeting, loaded, returned

from refinegraph.tools.sandbox.conversation import Call, Conversation
from refinegraph.tools.sandbox.failures import Cancelled, NotBegun, WorkerFailed
from refinegraph.tools.sandbox.policy import SandboxPolicy
from refinegraph.tools.sandbox.process import NotConfined

POLICY = SandboxPolicy(
    wall_seconds=60, cpu_seconds=8, memory_mb=100, result_bytes=1024, stdout_bytes=4, drain_bytes=64
)
CALLS = [Call("a", (1,), 2), Call("b", (2,), 4)]
READY: Sequence[dict[str, Any]] = (ARMED, loaded(f=["function"]))
FRAME_OF_2000_BYTES = struct.pack(">I", 2000) + b"x" * 2000
NO_JSON = struct.pack(">I", 3) + b"{x}"
NO_MESSAGE = struct.pack(">I", 2) + b"[]"
ENOUGH = int(0.75 * 100 * MB)
RIGHT = (returned(1, 2, seconds=0.25), returned(2, 4))


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Leave no socket open after a test."""
    yield
    ScriptedGuest.close_all()


def check(play: Play, policy: SandboxPolicy = POLICY) -> tuple[str, list[str], str]:
    """Return the status of a run that broke off, those of its calls, and the last error."""
    worker = ScriptedGuest(play).worker()
    talk = Conversation(policy)
    try:
        outcomes = talk.check(worker, "source", "f", CALLS)
    finally:
        talk.finish()
        worker.close()
    error = outcomes[-1].error or ""
    return talk.broken.status if talk.broken else "", [each.status for each in outcomes], error


ENDINGS: list[tuple[str, Play, str, list[str], str]] = [
    ("right", Play([*READY, *RIGHT]), "", ["passed", "passed"], ""),
    ("wrong", Play([*READY, returned(1, 2), returned(2, 5)]), "", ["passed", "failed"], ""),
    ("another number", Play([*READY, returned(2, 4)]), "protocol_violation", ["protocol_violation"], "it sent something other than an answer"),
    ("a number that is none", Play([*READY, returned(True, 2)]), "protocol_violation", ["protocol_violation"], "it sent something other than an answer"),
    ("an answer too many", Play([*READY, *RIGHT, returned(3, 6)]), "protocol_violation", ["passed", "passed"], ""),
    ("a frame that is too long", Play([*READY, FRAME_OF_2000_BYTES]), "protocol_violation", ["protocol_violation"], "it sent something other than an answer"),
    ("no JSON", Play([*READY, NO_JSON]), "protocol_violation", ["protocol_violation"], "it sent something other than an answer"),
    ("no message", Play([*READY, NO_MESSAGE]), "protocol_violation", ["protocol_violation"], "it sent something other than an answer"),
    ("no value", Play([*READY, {"call": 1, "value": ["?", 1]}]), "protocol_violation", ["protocol_violation"], "it sent something other than an answer"),
    ("too large", Play([*READY, {"too_large": True}]), "output_exceeded", ["output_exceeded"], "it printed or returned too much (its result)"),
    ("an end", Play(READY, status=3 * 256), "early_exit", ["early_exit"], "it ended before it had answered (exit code 3)"),
    ("an end after one answer", Play([*READY, returned(1, 2)]), "early_exit", ["passed", "early_exit"], "it ended before it had answered (exit code 0)"),
    ("all its time", Play(READY, status=9, micros=7_500_000), "cpu_exceeded", ["cpu_exceeded"], "it used up its processor time"),
    ("nearly all its time", Play(READY, status=9, micros=7_400_000), "crashed", ["crashed"], "it was killed by signal 9"),
    ("much time without a signal", Play(READY, micros=9_000_000), "early_exit", ["early_exit"], "it ended before it had answered (exit code 0)"),
    ("all its memory", Play(READY, status=9, peak=ENOUGH + 1), "memory_exceeded", ["memory_exceeded"], "it used up its memory"),
    ("nearly all its memory", Play(READY, status=9, peak=ENOUGH), "crashed", ["crashed"], "it was killed by signal 9"),
    ("a fault", Play(READY, status=11, peak=ENOUGH + 1), "crashed", ["crashed"], "it was killed by signal 11"),
    ("a MemoryError with all memory", Play([*READY, {"call": 1, "error": "MemoryError", "said": ""}], status=256, peak=ENOUGH + 1), "memory_exceeded", ["memory_exceeded"], "MemoryError"),
    ("a MemoryError of its own", Play([*READY, {"call": 1, "error": "MemoryError", "said": "no"}, returned(2, 4)], peak=ENOUGH), "", ["error", "passed"], ""),
    ("an error", Play([*READY, {"call": 1, "error": "ValueError", "said": "no"}, {"call": 2}]), "", ["error", "error"], ""),
    ("no plain data", Play([*READY, returned(1, 2), {"call": 2, "unserializable": "<f>"}]), "", ["passed", "unserializable"], "it returned <f>, which is not plain data"),
    ("no function", Play([ARMED, loaded(g=["function"])]), "", ["error", "error"], "the program defines no function 'f'"),
    ("a class", Play([ARMED, loaded(f=["class"])]), "", ["error", "error"], "the program defines no function 'f'"),
    ("a callable", Play([ARMED, loaded(f=["other"]), *RIGHT]), "", ["passed", "passed"], ""),
    ("an error while loading", Play([ARMED, {"loaded": False, "error": "NameError", "said": "x"}]), "error", ["error"], "NameError: x"),
    ("an exit while loading", Play([ARMED, {"loaded": False, "error": "SystemExit"}]), "early_exit", ["early_exit"], "SystemExit"),
    ("no memory to load", Play([ARMED, {"loaded": False, "error": "MemoryError"}], peak=ENOUGH + 1), "memory_exceeded", ["memory_exceeded"], "MemoryError"),
    ("a MemoryError of its own while loading", Play([ARMED, {"loaded": False, "error": "MemoryError"}]), "error", ["error"], "MemoryError"),
    ("no word of loading", Play([ARMED, {"call": 1}]), "protocol_violation", ["protocol_violation"], "it sent something other than an answer"),
    ("an end while loading", Play([ARMED], status=256), "early_exit", ["early_exit"], "it ended before it had answered (exit code 1)"),
]  # fmt: skip
# ruff: noqa: E501


@pytest.mark.parametrize(
    ("play", "broken", "statuses", "error"),
    [case[1:] for case in ENDINGS],
    ids=[case[0] for case in ENDINGS],
)
def test_every_answer_to_calls_has_its_verdict(
    play: Play, broken: str, statuses: list[str], error: str
) -> None:
    assert check(play) == (broken, statuses, error)


def test_a_silent_program_is_timed_out_by_call_and_killed() -> None:
    guest = ScriptedGuest(Play([*READY, returned(1, 2)], stays=True))
    worker, talk = guest.worker(), Conversation(POLICY.model_copy(update={"call_seconds": 0.05}))
    outcomes = talk.check(worker, "source", "f", CALLS)
    assert [each.status for each in outcomes] == ["passed", "timeout"]
    assert guest.kills == []
    talk.finish()
    assert worker.ending().signal == 9
    assert guest.kills == [1]
    worker.close()


def test_a_program_that_stays_after_its_last_answer_violates_the_protocol() -> None:
    policy = POLICY.model_copy(update={"wall_seconds": 0.2})
    assert check(Play([*READY, *RIGHT], stays=True), policy)[:2] == (
        "protocol_violation",
        ["passed", "passed"],
    )


def test_output_is_kept_up_to_a_limit_and_killed_beyond_another() -> None:
    talk, worker = Conversation(POLICY), ScriptedGuest(Play([*READY, *RIGHT], b"abcdef")).worker()
    assert all(outcome.passed for outcome in talk.check(worker, "source", "f", CALLS))
    talk.finish()
    assert talk.program is not None
    assert talk.program.stdout.text == "abcd"
    assert check(Play([ARMED, *READY[1:]], b"x" * 65, stays=True))[0] == "output_exceeded"
    assert check(Play([*READY, *RIGHT], b"x" * 64))[0] == ""


def test_limits_of_the_policy_reach_the_guest() -> None:
    guest = ScriptedGuest(Play([*READY, *RIGHT]))
    talk = Conversation(POLICY)
    talk.check(guest.worker(), "source", "f", CALLS)
    talk.finish()
    (limits,) = guest.limits
    assert limits._asdict() == {
        "run": 1, "cpu_seconds": 8, "memory_mb": 100, "file_mb": 16, "open_files": 64, "peer": 0, "stdin": 0,
    }  # fmt: skip


def test_a_script_passes_with_exit_code_0_alone() -> None:
    cases: list[tuple[list[dict[str, Any]], str, str | None]] = [
        ([ARMED, {"code": 0}], "passed", None),
        ([ARMED, {"code": 3}], "error", "it ended with exit code 3"),
        ([ARMED, {"code": 1, "error": "ValueError", "said": "x"}], "error", "ValueError: x"),
        ([ARMED], "early_exit", "it ended before it had answered (exit code 0)"),
    ]
    for says, status, error in cases:
        guest, talk = ScriptedGuest(Play(says)), Conversation(POLICY)
        (outcome,) = talk.run(guest.worker(), "source", b"input")
        talk.finish()
        assert (outcome.id, outcome.status, outcome.error) == ("script", status, error)
        assert guest.limits[0].stdin == 1


LOADED_TESTER = (ARMED, {"ready": True})
UNITS: list[tuple[str, Play, list[dict[str, Any]], str, list[str]]] = [
    ("passed and failed", Play(READY), [{"unit": 0, "status": "passed"}, {"unit": 1, "status": "failed", "got": "3"}], "", ["passed", "failed"]),
    ("another unit", Play(READY), [{"unit": 1, "status": "passed"}], "protocol_violation", ["protocol_violation"]),
    ("a program that ended", Play(READY, status=11), [{"unit": 0, "lost": "ended"}], "crashed", ["crashed"]),
    ("a program that is late", Play(READY), [{"unit": 0, "lost": "timeout"}], "timeout", ["timeout"]),
    ("a program that says too much", Play(READY), [{"unit": 0, "lost": "output_exceeded"}], "output_exceeded", ["output_exceeded"]),
    ("a program that says something else", Play(READY), [{"unit": 0, "lost": "?"}], "protocol_violation", ["protocol_violation"]),
    ("a message of the program", Play([*READY, {"call": 1}]), [{"unit": 0, "status": "passed"}, {"unit": 1, "status": "passed"}], "protocol_violation", ["passed", "passed"]),
    ("a program that does not load", Play([ARMED, {"loaded": False, "error": "E"}]), [], "error", ["error"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("program", "replies", "broken", "statuses"),
    [case[1:] for case in UNITS],
    ids=[case[0] for case in UNITS],
)
def test_every_answer_of_a_tester_has_its_verdict(
    program: Play, replies: list[dict[str, Any]], broken: str, statuses: list[str]
) -> None:
    tester = ScriptedGuest(Play([*LOADED_TESTER, *replies]))
    workers = [ScriptedGuest(program).worker(), tester.worker()]
    talk = Conversation(POLICY)
    try:
        outcomes = talk.test(
            workers, "source", ["assert f(1)", "\nassert f(2)"], ["a", "b"], "", "f"
        )
    finally:
        talk.finish()
        for worker in workers:
            worker.close()
    assert (talk.broken.status if talk.broken else "") == broken
    assert [outcome.status for outcome in outcomes] == statuses
    assert outcomes[0].call in ("assert f(1)", "loading the program")
    if broken != "error":
        assert tester.limits[0].peer == 1


def test_a_run_that_is_not_confined_is_no_verdict_about_the_program() -> None:
    with pytest.raises(NotConfined, match="no seccomp"):
        check(Play([{"refused": "no seccomp"}]))
    with pytest.raises(NotBegun, match="ended as a run began"):
        check(Play([]))


# workers


@pytest.mark.parametrize(
    ("hello", "words", "says"),
    [
        (greeting(refused="no namespaces"), "", "a worker did not start: no namespaces"),
        (b"", "", "a worker did not start: a worker is gone"),
        (struct.pack(">I", 9) + b"{", "ImportError: x", "a worker did not start: ImportError: x"),
    ],
)
def test_a_worker_that_does_not_start_says_why(hello: bytes, words: str, says: str) -> None:
    guest = ScriptedGuest(hello=hello, words=words)
    guest.end()
    with pytest.raises(WorkerFailed) as failed:
        guest.worker().greet()
    assert str(failed.value).startswith(says)


def test_a_worker_has_the_layers_of_its_launch_and_of_its_guest() -> None:
    guest = ScriptedGuest(hello=greeting(layers=["limits"], missing=["landlock: none"]))
    guest.layers = ("container",)
    worker = guest.worker()
    worker.greet()
    assert (worker.layers, worker.missing) == (("container", "limits"), ("landlock: none",))
    assert worker.is_alive
    guest.end()
    assert not worker.is_alive


def test_a_worker_that_was_stopped_begins_nothing_until_it_rests() -> None:
    guest = ScriptedGuest(Play([*READY, *RIGHT]), Play([*READY, *RIGHT]))
    worker = guest.worker()
    worker.stop()
    talk = Conversation(POLICY)
    with pytest.raises(Cancelled):
        talk.check(worker, "source", "f", CALLS)
    worker.rest()
    assert worker.is_idle()
    again = Conversation(POLICY)
    assert all(outcome.passed for outcome in again.check(worker, "source", "f", CALLS))
    again.finish()


def test_a_worker_that_is_gone_begins_nothing() -> None:
    guest = ScriptedGuest()
    guest.end()
    with pytest.raises(NotBegun, match="the worker is gone"):
        Conversation(POLICY).check(guest.worker(), "source", "f", CALLS)


def test_a_worker_that_never_reports_the_end_has_failed() -> None:
    guest = ScriptedGuest(Play(READY, reports=False))
    worker = guest.worker()
    talk = Conversation(POLICY)
    closing = threading.Timer(0.3, guest.end)
    closing.start()
    with pytest.raises(WorkerFailed, match="a worker"):
        talk.check(worker, "source", "f", CALLS)
    closing.join()
    talk.finish()
