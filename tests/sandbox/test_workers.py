"""The warm workers of every sandbox are shared, replaced when they die, and end with their host."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from refinegraph.errors import SandboxUnavailable
from refinegraph.tools.sandbox import Sandbox, SandboxPolicy
from refinegraph.tools.sandbox.containers import container_options
from refinegraph.tools.sandbox.kinds import BASE_ENVIRONMENT, GUEST, OPTIONS, kind_of_worker
from refinegraph.tools.sandbox.pool import close_pools

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks into /proc")
IDENTITY = "def f(x): return x"
QUICK = SandboxPolicy(wall_seconds=60, cpu_seconds=2, memory_mb=256)
PROMPT = 60.0
"""Seconds to wait for an event that takes a moment on an idle machine."""


async def _passes(sandbox: Sandbox) -> bool:
    return (await sandbox.check(IDENTITY, "f", [((1,), 1)])).passed


def _children_of(host: int) -> list[int]:
    tasks = Path(f"/proc/{host}/task").glob("*/children")
    return [int(child) for path in tasks for child in path.read_text().split()]


def _guests_of(host: int) -> list[int]:
    """Return all descendants of a host process."""
    children = _children_of(host)
    return [*children, *(deeper for child in children for deeper in _guests_of(child))]


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def _kill_workers() -> list[int]:
    """Kill every worker of this process; return all processes that must die as a result.

    All workers are killed at the same time, because a run restarted in between would lose its
    second worker as well.
    """
    launchers = _children_of(os.getpid())
    workers = [worker for launcher in launchers for worker in _children_of(launcher)]
    dying = [*workers, *(guest for worker in workers for guest in _guests_of(worker))]
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    return dying


def _is_program(pid: int) -> bool:
    """Return whether a process is under the limits of a run, as programs are from the start."""
    try:
        limits = Path(f"/proc/{pid}/limits").read_text()
    except OSError:
        return False
    return "unlimited" not in limits.split("Max cpu time")[1].splitlines()[0]


def _is_idle() -> bool:
    """Return whether no process of any run of this process remains."""
    return not any(map(_is_program, _guests_of(os.getpid())))


async def _sandbox_of_idle_workers() -> Sandbox:
    """Return a sandbox with new workers, because other controls may have limited old ones."""
    close_pools()
    sandbox = Sandbox(policy=QUICK)
    assert await _passes(sandbox)
    assert _wait_until(_is_idle)
    return sandbox


async def _program_begins() -> None:
    while _is_idle():
        await asyncio.sleep(0.01)


def _wait_until(condition: Callable[[], bool]) -> bool:
    """Wait for an event that happens soon; return whether it did."""
    until = time.monotonic() + PROMPT
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    return condition()


def _gone(pids: list[int]) -> bool:
    return not any(map(_alive, pids))


async def test_run_is_done_again_when_its_worker_is_killed() -> None:
    sandbox = await _sandbox_of_idle_workers()
    source = "import time\ndef f(x):\n  time.sleep(0.6)\n  return x"
    run = asyncio.ensure_future(sandbox.check(source, "f", [((1,), 1)]))
    await _program_begins()
    killed = _kill_workers()
    verdict = await run
    assert verdict.passed, verdict
    assert _wait_until(lambda: _gone(killed))


async def test_worker_killed_twice_is_a_fault_of_the_sandbox_and_no_verdict() -> None:
    sandbox = await _sandbox_of_idle_workers()
    run = asyncio.ensure_future(sandbox.run("import time; time.sleep(55)"))
    for _ in range(2):
        await _program_begins()
        killed = _kill_workers()
        assert _wait_until(lambda: _gone(killed))  # noqa: B023
    verdict = await run
    assert verdict.status == "sandbox_error"
    assert not verdict.passed
    assert "the sandbox itself failed" in verdict.detail
    assert await _passes(sandbox)


HOST = """
import asyncio
from refinegraph.tools import Sandbox

async def main():
    sandbox = Sandbox()
    runs = [sandbox.run("import time; time.sleep(60)") for _ in range(3)]
    await sandbox.check("def f(x): return x", "f", [((1,), 1)])
    print("ready", flush=True)
    await asyncio.gather(*runs)

asyncio.run(main())
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_nothing_survives_its_host(end: signal.Signals) -> None:
    host = subprocess.Popen(
        [sys.executable, "-c", HOST], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with host:
        assert host.stdout
        assert host.stdout.readline() == b"ready\n"
        assert _wait_until(lambda: len(_guests_of(host.pid)) >= 6)
        guests = _guests_of(host.pid)
        host.send_signal(end)
        host.wait(PROMPT)
        assert _wait_until(lambda: _gone(guests))


def test_forked_process_starts_workers_of_its_own() -> None:
    sandbox = Sandbox(policy=QUICK)
    assert asyncio.run(_passes(sandbox))
    source = (
        "import asyncio, os, sys\n"
        "from refinegraph.tools import Sandbox\n"
        "passes = lambda: asyncio.run(Sandbox().check("
        "'def f(x): return x', 'f', [((1,), 1)])).passed\n"
        "assert passes()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os._exit(0 if passes() else 1)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "assert passes()\n"
    )
    subprocess.run([sys.executable, "-c", source], check=True, timeout=PROMPT)


def test_threads_and_their_loops_share_the_workers() -> None:
    sandbox, passed = Sandbox(policy=QUICK), []
    threads = [
        threading.Thread(target=lambda: passed.append(asyncio.run(_passes(sandbox))))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PROMPT)
    assert passed == [True] * 12


async def test_cancelling_a_hundred_runs_gives_every_descriptor_back() -> None:
    sandbox = Sandbox(policy=QUICK)
    close_pools()
    before = len(list(Path("/proc/self/fd").iterdir()))
    runs = [asyncio.ensure_future(sandbox.run("import time; time.sleep(60)")) for _ in range(100)]
    await asyncio.sleep(0.5)
    for run in runs:
        run.cancel()
    ended = await asyncio.gather(*runs, return_exceptions=True)
    assert all(isinstance(each, asyncio.CancelledError) for each in ended)
    assert await _passes(sandbox)
    close_pools()
    assert _wait_until(lambda: len(list(Path("/proc/self/fd").iterdir())) <= before)


async def test_program_reads_what_is_offered_and_nothing_else(tmp_path: Path) -> None:
    offered, secret = tmp_path / "offered", tmp_path / "secret.txt"
    offered.mkdir()
    (offered / "a.txt").write_text("42")
    secret.write_text("hidden")
    tmp_path.chmod(0o755)
    sandbox = Sandbox(policy=SandboxPolicy(readable=(str(offered),)))
    source = "def f(path): return open(path).read()"
    verdict = await sandbox.check(
        source, "f", [((str(offered / "a.txt"),), "42"), ((str(secret),), "hidden")]
    )
    assert [outcome.status for outcome in verdict.tests] == ["passed", "error"]
    write = f"open({str(offered / 'b.txt')!r}, 'w')"
    assert (await sandbox.run(write)).status == "error"


MOUNTING_HOST = """
import asyncio, os, sys
from pathlib import Path
from refinegraph.tools import Sandbox, SandboxPolicy
from refinegraph.tools.sandbox.guest import linux

folder, user = sys.argv[1], os.getuid()
linux.unshare(linux.NEWNS | (0 if user == 0 else linux.NEWUSER))
if user:
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
linux.mount("none", "/", "", linux.MS_REC | linux.MS_PRIVATE)
linux.mount("none", folder + "/below", "tmpfs", 0, "mode=1777")
Path(folder, "below", "file").write_text("x")
policy = SandboxPolicy(readable=(folder,), disabled_layers=("landlock",))
for name, mode in (("file", "r"), ("new", "w")):
    script = f"open({folder + '/below/' + name!r}, {mode!r})"
    print(asyncio.run(Sandbox(policy=policy).run(script)).status)
"""


def test_file_systems_mounted_below_a_readable_folder_are_read_only(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", MOUNTING_HOST, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=PROMPT,
        check=False,
    )
    if "Operation not permitted" in done.stderr:
        pytest.skip("nothing may be mounted here")
    assert done.stdout.split() == ["passed", "error"], done.stderr


@pytest.mark.skipif(os.getuid() != 0, reason="programs run as the user who is no root")
async def test_programs_of_root_run_as_users_that_no_system_has() -> None:
    verdict = await Sandbox().run("import os; print(os.getuid(), os.getgid())")
    user, group = map(int, verdict.stdout.split())
    assert user == group
    assert 65_536 <= user < 100_000 or 60_706 <= user < 61_184


async def test_environment_is_the_chosen_one_only() -> None:
    policy = SandboxPolicy(environment=(("GREETING", "hello"),))
    source = "import os\ndef f(): return [os.environ.get('GREETING'), 'PATH' in os.environ]"
    assert (await Sandbox(policy=policy).check(source, "f", [((), ["hello", False])])).passed


async def test_every_run_gets_an_empty_folder() -> None:
    sandbox = Sandbox(policy=QUICK)
    source = "def f():\n    open('a', 'x').write('1')\n    return int(open('a').read())"
    for _ in range(20):
        verdict = await sandbox.check(source, "f", [((), 1)])
        assert verdict.passed, verdict


async def test_module_that_is_preloaded_can_be_used() -> None:
    source = "import annotated_types\ndef f(): return annotated_types.Gt(3).gt"
    assert not (await Sandbox().check(source, "f", [((), 3)])).passed
    policy = SandboxPolicy(preload=("annotated_types",))
    assert (await Sandbox(policy=policy).check(source, "f", [((), 3)])).passed


async def test_module_that_cannot_be_preloaded_is_named() -> None:
    policy = SandboxPolicy(preload=("no_such_module",))
    with pytest.raises(SandboxUnavailable, match="no_such_module"):
        await Sandbox(policy=policy).check(IDENTITY, "f", [((1,), 1)])


async def test_tests_in_process_say_that_they_can_be_forged() -> None:
    sandbox = Sandbox(policy=QUICK)
    source = "class P:\n  def __init__(s, x): s.x = x\n"
    verdict = await sandbox.test_in_process(source, "assert P(1).x == 1\nassert P(2).x == 1")
    assert verdict.strength == "in process"
    assert [outcome.status for outcome in verdict.tests] == ["passed", "failed"]
    assert (await sandbox.test(source, "assert P(1).x == 1")).status == "unserializable"


def test_container_gets_no_network_no_capabilities_and_a_read_only_root(tmp_path: Path) -> None:
    kind = kind_of_worker(SandboxPolicy(container="python:3.12-slim", memory_mb=512))
    options = container_options(kind, tmp_path)
    assert options["image"] == "python:3.12-slim"
    assert options["network_mode"] == "none"
    assert options["read_only"] is True
    assert options["cap_drop"] == ["ALL"]
    assert options["security_opt"] == ["no-new-privileges"]
    assert options["user"] == "65534:65534"
    assert options["mem_limit"] == "768m"
    assert all(
        volume["mode"] == "ro"
        for path, volume in options["volumes"].items()
        if path != str(tmp_path)
    )


def test_worker_connects_to_the_sockets_that_a_container_finds(tmp_path: Path) -> None:
    """Starts the process that the engine starts in a container, and uses the same protocol."""
    kind = kind_of_worker(SandboxPolicy(container="stand-in"))
    servers = [socket.socket(socket.AF_UNIX) for _ in range(2)]
    for server, name in zip(servers, ("control", "runs"), strict=True):
        server.bind(str(tmp_path / name))
        server.listen(1)
        server.settimeout(10)
    command = [
        *(sys.executable, *OPTIONS, str(GUEST / "start.py")),
        *(str(tmp_path / "control"), str(tmp_path / "runs"), kind.settings.packed()),
    ]
    with subprocess.Popen(command, env=BASE_ENVIRONMENT) as child:
        control, runs = (server.accept()[0] for server in servers)
        hello = control.recv(4096)
        assert b'"layers"' in hello
        control.close()
        runs.close()
        assert child.wait(5) is not None
    for server in servers:
        server.close()


@pytest.mark.skipif(
    not (find_spec("docker") and Path("/var/run/docker.sock").exists()),
    reason="no Docker engine, or the docker package is missing",
)
async def test_program_runs_in_a_container() -> None:
    policy = SandboxPolicy(container="python:3.12-slim")
    verdict = await Sandbox(policy=policy, min_tier="docker").check(IDENTITY, "f", [((1,), 1)])
    assert verdict.passed, verdict
    assert verdict.isolation.tier == "docker"


async def test_container_without_an_engine_is_refused_in_one_sentence() -> None:
    if Path("/var/run/docker.sock").exists():
        pytest.skip("there is an engine here")
    policy = SandboxPolicy(container="python:3.12-slim")
    with pytest.raises(SandboxUnavailable, match=r"docker package|no container could be started"):
        await Sandbox(policy=policy, min_tier="docker").check(IDENTITY, "f", [((1,), 1)])


async def test_trace_shows_what_each_line_changed() -> None:
    source = "def f(n):\n    s = 0\n    for i in range(n):\n        s += i\n    return s"
    lines = await Sandbox(policy=QUICK).trace(source, "f", (50,))
    told = [(line.number, dict(line.changed)) for line in lines]
    assert told[0] == (1, {"n": "50"})
    assert (4, {"s": "1"}) in told
    assert (4, {"s": "1225"}) in told
    assert told[-1] == (5, {"return": "1225"})
    assert len(told) < 12


async def test_trace_of_a_test_is_that_of_its_last_call() -> None:
    source = "def f(n):\n    m = n + 1\n    return m"
    lines = await Sandbox(policy=QUICK).trace_test(source, "assert f(f(1)) == 9")
    assert dict(lines[-1].changed) == {"return": "3"}


async def test_program_that_ends_the_trace_gives_none() -> None:
    source = "import sys\nsys.settrace = None\ndef f(): raise SystemExit"
    assert await Sandbox(policy=QUICK).trace(source, "f", ()) == ()
