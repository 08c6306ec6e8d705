# ruff: noqa: E501 - a program a line
"""Programs of every kind: what the verdict is, and what they could not do."""

import asyncio
import os
import socket
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.errors import InputError, SandboxUnavailable
from refinegraph.tools.sandbox import Sandbox, SandboxPolicy
from refinegraph.tools.sandbox.guest import codec as guest_data

QUICK = SandboxPolicy(wall_seconds=60, cpu_seconds=1, memory_mb=256)
IDLE = QUICK.model_copy(update={"wall_seconds": 2.0})
"""For programs that do nothing until the time limit."""


@dataclass(frozen=True)
class Case:
    id: str
    source: str
    status: str


CASES = [
    Case("right", "def f(x): return x", "passed"),
    Case("wrong", "def f(x): return x + 1", "failed"),
    Case("tuple for list", "def f(x): return (x,)", "failed"),
    Case("int that equals all", "class A(int):\n  __eq__ = lambda s, o: True\ndef f(x): return A(3)", "unserializable"),
    Case("object that equals all", "class A:\n  __eq__ = lambda s, o: True\ndef f(x): return A()", "unserializable"),
    Case("str subclass as key", "class S(str): pass\ndef f(x): return {S('a'): 1}", "unserializable"),
    Case("generator", "def f(x): yield x", "unserializable"),
    Case("self-referencing list", "def f(x):\n  a = []\n  a.append(a)\n  return a", "unserializable"),
    Case("exit at import", "import sys; sys.exit(0)", "early_exit"),
    Case("hard exit at import", "import os; os._exit(0)", "early_exit"),
    Case("hard exit in a call", "import os\ndef f(x): os._exit(0)", "early_exit"),
    Case("exit in a call", "import sys\ndef f(x): sys.exit(0)", "error"),
    Case("prints a verdict", "def f(x):\n  print('PASS {\"passed\": true}')\n  return 0", "failed"),
    Case("breaks what it answers with", "import builtins\nbuiltins.repr = builtins.len = None\ndef f(x): return 0", "failed"),
    Case("raises", "def f(x): raise ValueError('no')", "error"),
    Case("raises out of Exception", "class B(BaseException): pass\ndef f(x): raise B", "error"),
    Case("exception that cannot be shown", "class E(Exception):\n  def __str__(s): raise SystemExit\ndef f(x): raise E", "error"),
    Case("recursion", "def f(x): return f(x)", "error"),
    Case("does not parse", "def f(x: return", "error"),
    Case("no such function", "def g(x): return x", "error"),
    Case("busy loop", "def f(x):\n  while True: pass", "cpu_exceeded"),
    Case("busy loop at import", "while True: pass", "cpu_exceeded"),
    Case("busy loop that ignores signals", "import signal\nfor s in range(1, 32):\n  try: signal.signal(s, signal.SIG_IGN)\n  except Exception: pass\nwhile True: pass", "cpu_exceeded"),
    Case("sleeps", "import time\ndef f(x): time.sleep(99)", "timeout"),
    Case("closes its streams and sleeps", "import os, time\ndef f(x):\n  os.closerange(0, 3)\n  time.sleep(99)", "timeout"),
    Case("C loop", "def f(x): return 9 ** 9 ** 9", "cpu_exceeded"),
    Case("asks for too much memory", "def f(x): return len('x' * 2 ** 40)", "error"),
    Case("returns too much", "def f(x): return 'x' * 8_000_000", "output_exceeded"),
    Case("prints too much", "def f(x):\n  while True: print('y' * 100_000)", "output_exceeded"),
    Case("segmentation fault", "import ctypes\ndef f(x): ctypes.string_at(0)", "crashed"),
    Case("abort", "import os\ndef f(x): os.abort()", "crashed"),
    Case("colliding hashes", "M = 2 ** 61 - 1\ndef f(x): return {M * n for n in range(1, 2000)}", "protocol_violation"),
    Case("forged frames", "import os\nfor n in range(3, 40):\n  try: os.write(n, b'\\0\\0\\0\\x02{}')\n  except OSError: pass\ndef f(x): return x", "protocol_violation"),
    Case("frame of 4 GB", "import os\nfor n in range(3, 40):\n  try: os.write(n, b'\\xff\\xff\\xff\\xff')\n  except OSError: pass\ndef f(x): return x", "protocol_violation"),
    Case("reads input", "def f(x): return input()", "error"),
    Case("reads the password file", "def f(x): return open('/etc/passwd').read()", "error"),
    Case("lists the root", "import os\ndef f(x): return os.listdir('/')", "error"),
    Case("reads another process", "def f(x): return open('/proc/1/environ').read()", "error"),
    Case("writes outside", "def f(x): open('/usr/canary', 'w')", "error"),
    Case("writes into the library", "import json\ndef f(x): open(json.__file__, 'a').write('x')", "error"),
    Case("opens a socket", "import socket\ndef f(x): socket.socket()", "error"),
    Case("forks", "import os\ndef f(x): return os.fork()", "error"),
    Case("starts a program", "import subprocess\ndef f(x): subprocess.run(['true'])", "error"),
    Case("replaces itself", "import os, sys\ndef f(x): os.execv(sys.executable, ['python'])", "error"),
    Case("kills its parent", "import os\ndef f(x): os.kill(os.getppid(), 9)", "error"),
    Case("kills everyone", "import os\ndef f(x): os.kill(-1, 9)", "error"),
    Case("raises its limits", "import resource as r\ndef f(x): r.setrlimit(r.RLIMIT_CPU, (99, 99))", "error"),
    Case("mounts", "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\ndef f(x):\n  r = libc.mount(b'none', b'/tmp', b'tmpfs', 0, b'')\n  if r < 0: raise OSError(ctypes.get_errno(), 'mount')\n  return x", "error"),
    Case("unshares", "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\ndef f(x):\n  if libc.unshare(0x10000000) < 0: raise OSError(ctypes.get_errno(), 'unshare')\n  return x", "error"),
    Case("becomes root", "import os\ndef f(x): os.setuid(0)", "error"),
    Case("thread", "import threading\ndef f(x):\n  t = threading.Thread(target=int)\n  t.start()\n  t.join()\n  return x", "passed"),
    Case("sleeping daemon thread", "import threading, time\nthreading.Thread(target=time.sleep, args=(99,), daemon=True).start()\ndef f(x): return x", "passed"),
    Case("writes in its own folder", "def f(x):\n  open('a.txt', 'w').write('1')\n  return int(open('a.txt').read())", "passed"),
    Case("lone surrogate printed", "def f(x):\n  print('\\udc80')\n  return x", "passed"),
    Case("null bytes in the source", "def f(x): return x\n\0", "error"),
    Case("10,000 brackets", "def f(x): return " + "(" * 10_000 + ")" * 10_000, "error"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_verdict_on(case: Case) -> None:
    policy = IDLE if case.status == "timeout" else QUICK
    verdict = await Sandbox(policy=policy).check(case.source, "f", [((1,), 1)])
    assert verdict.status == case.status, verdict
    assert verdict.passed is (case.status == "passed")
    assert verdict.isolation.tier in ("strong", "medium")


async def test_case_after_one_that_kills_the_program_is_not_run() -> None:
    source = "import os\ndef f(x): return x if x else os._exit(1)"
    verdict = await Sandbox(policy=QUICK).check(source, "f", [((1,), 1), ((0,), 0), ((2,), 2)])
    assert [each.status for each in verdict.tests] == ["passed", "early_exit", "not_run"]
    assert verdict.passed is False


async def test_outcome_shows_call_expected_got_and_the_programs_own_lines() -> None:
    source = "def g(x):\n    return 1 // x\n\ndef f(x):\n    return g(x)\n"
    verdict = await Sandbox().check(source, "f", [((1,), 2), ((0,), 0)])
    first, second = verdict.tests
    assert (first.call, first.expected, first.got) == ("f(1)", "2", "1")
    assert second.error == "ZeroDivisionError: integer division or modulo by zero"
    assert second.traceback == "line 5, in f: return g(x)\nline 2, in g: return 1 // x"


TESTS = """
import math

SAMPLE = [1, 2, 3]

def test_sum():
    assert total(SAMPLE) == 6
    assert total([]) == 1

assert total([1]) == 1
assert math.isclose(total([0.1, 0.2]), 0.3)
try:
    total(None)
except TypeError:
    pass
else:
    raise AssertionError("accepted None")
assert LIMIT == 10
"""


async def test_tests_see_the_program_as_plain_data_only() -> None:
    source = "LIMIT = 10\ndef total(xs):\n    return sum(xs)\n"
    verdict = await Sandbox().test(source, TESTS)
    failed, *others = verdict.tests
    assert [each.status for each in others] == ["passed"] * len(others)
    assert len(others) == 3
    assert (failed.call, failed.expected, failed.got) == ("assert total([]) == 1", "1", "0")


async def test_humaneval_style_check_is_called_with_the_program() -> None:
    tests = "def check(candidate):\n    assert candidate(2) == helper(2)"
    preamble = "def helper(x):\n    return x * 2\n"
    sandbox = Sandbox()
    right = await sandbox.test("def f(x): return x + x", tests, entry_point="f", preamble=preamble)
    forged = await sandbox.test(
        "class A(int):\n  __eq__ = lambda s, o: True\ndef f(x): return A(9)",
        tests,
        entry_point="f",
        preamble=preamble,
    )
    assert right.passed is True
    assert forged.status == "unserializable"


async def test_tests_in_a_sequence_do_not_disturb_one_another() -> None:
    tests = ["assert f(1) == 1", "raise ValueError('mine')", "assert f(2) == 2"]
    verdict = await Sandbox().test("def f(x): return x", tests, ids=["a", "b", "c"])
    assert [(each.id, each.status) for each in verdict.tests] == [
        ("a", "passed"),
        ("b", "error"),
        ("c", "passed"),
    ]


async def test_tests_that_do_not_parse_name_their_line() -> None:
    with pytest.raises(InputError, match="line 2 of the tests does not parse"):
        await Sandbox().test("def f(): pass", "assert f() is None\nassert f(")


async def test_script_is_fed_and_heard() -> None:
    sandbox = Sandbox(policy=QUICK)
    doubled = await sandbox.run("print(int(input()) * 2)", stdin="21\n")
    assert (doubled.passed, doubled.stdout) == (True, "42\n")
    failed = await sandbox.run("import sys; print('so far'); sys.exit(3)")
    assert (failed.passed, failed.stdout, failed.status) == (False, "so far\n", "error")
    idle = Sandbox(policy=IDLE)
    quiet = await idle.run("import time; time.sleep(99)", stdin="x" * 3_000_000)
    assert quiet.status == "timeout"


async def test_no_secret_of_the_host_reaches_a_program() -> None:
    os.environ["CANARY_KEY"] = "secret-canary"
    source = "import os\ndef f(x): return (sorted(os.environ), os.getuid(), os.getcwd())"
    verdict = await Sandbox().check(source, "f", [((1,), 0)])
    got = verdict.tests[0].got or ""
    assert "CANARY_KEY" not in got
    assert ", 0, " not in got


async def test_one_run_leaves_nothing_for_the_next(tmp_path: Path) -> None:
    sandbox = Sandbox()
    await sandbox.check("def f(x):\n  open('left', 'w').write('1')", "f", [((1,), None)])
    after = await sandbox.check(
        "import os\ndef f(x): return os.path.exists('left')", "f", [((1,), False)]
    )
    assert after.passed is True


async def test_listener_on_this_machine_is_never_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        source = f"import socket\ndef f(x): socket.create_connection(('127.0.0.1', {port}), 1)"
        verdict = await Sandbox().check(source, "f", [((1,), None)])
        assert verdict.status == "error"
        with pytest.raises(TimeoutError):
            server.accept()


async def test_many_runs_at_once_leave_no_process_and_no_descriptor() -> None:
    sandbox = Sandbox(policy=QUICK)
    await asyncio.gather(
        *(sandbox.check("def f(x): return x", "f", [((n,), n)]) for n in range(40))
    )
    before = len(list(Path("/proc/self/fd").iterdir()))
    verdicts = await asyncio.gather(
        *(sandbox.check("def f(x): return x", "f", [((n,), n)]) for n in range(40))
    )
    assert all(verdict.passed for verdict in verdicts)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
    assert _children() == []


async def test_cancelled_run_is_killed() -> None:
    sandbox = Sandbox(policy=QUICK)
    runs = [asyncio.ensure_future(sandbox.run("import time; time.sleep(99)")) for _ in range(4)]
    await asyncio.sleep(0.3)
    for run in runs:
        run.cancel()
    ended = await asyncio.gather(*runs, return_exceptions=True)
    assert all(isinstance(each, asyncio.CancelledError) for each in ended)
    assert _children() == []


def _children() -> list[str]:
    found = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [pid for pid in found if b"guest.py" in Path(f"/proc/{pid}/cmdline").read_bytes()]


async def test_tier_that_cannot_be_had_is_refused_before_a_program_runs() -> None:
    policy = SandboxPolicy(disabled_layers=("seccomp",))
    with pytest.raises(SandboxUnavailable, match=r"'medium' was requested .*seccomp: left out"):
        await Sandbox(policy=policy).check("print(1)", "f", [((1,), 1)])


def test_several_event_loops_share_one_sandbox() -> None:
    sandbox = Sandbox()
    for _ in range(2):
        verdict = asyncio.run(sandbox.check("def f(x): return x", "f", [((1,), 1)]))
        assert verdict.passed is True


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=4)
        | st.frozensets(st.integers() | st.text(max_size=3), max_size=4)
    ),
    max_leaves=20,
)


@given(plain)
def test_plain_data_comes_back_with_its_exact_types(value: object) -> None:
    sent = guest_data.unpack(guest_data.pack({"value": guest_data.encode(value)})[4:])
    back = guest_data.decode(sent["value"])
    assert repr(back) == repr(value) or back == value
    assert type(back) is type(value)


garbage = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.builds(lambda tag, rest: [tag, rest], st.sampled_from("IfcbdltszX"), inner)
    ),
    max_leaves=12,
)


@given(garbage)
def test_decoder_accepts_or_refuses_and_never_raises_anything_else(data: object) -> None:
    try:
        guest_data.decode(data)
    except guest_data.Malformed:
        return


@given(st.binary(max_size=60))
def test_frames_of_garbage_are_refused(body: bytes) -> None:
    try:
        assert isinstance(guest_data.unpack(body), dict)
    except guest_data.Malformed:
        return
