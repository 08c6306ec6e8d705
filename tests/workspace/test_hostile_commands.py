"""Hostile commands leave no change on this machine and no process behind."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from workspace_checkout import make_checkout

from refinegraph.tools import Sandbox
from refinegraph.tools.workspace import Tree, TreePolicy
from refinegraph.tools.workspace.conformance import (
    COMMANDS,
    GROUPS,
    TOGETHER,
    fingerprint,
    try_commands,
)

ROOT = Path(__file__).resolve().parents[2]
FEWER_RUNS = 5
"""The benchmark of trees does this 200 times."""


def _tree(path: Path, policy: TreePolicy) -> Tree:
    return Sandbox().tree(path, policy=policy)


def test_there_are_many_commands_with_names_of_their_own() -> None:
    assert len(COMMANDS) >= 270
    assert len({case.name for case in COMMANDS}) == len(COMMANDS)


@pytest.mark.parametrize("group", GROUPS)
async def test_group(group: str, tmp_path: Path) -> None:
    checkout = make_checkout(tmp_path)
    (checkout / ".gitignore").write_text(".env\n")
    (checkout / ".env").write_text("KEY=SECRET-of-the-host\n")
    reports = await try_commands(_tree, checkout, GROUPS[group], together=group in TOGETHER)
    assert [(each.name, each.harm) for each in reports if not each.ok] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests run as an unprivileged user")
def test_commands_of_an_unprivileged_user() -> None:
    python = shutil.which("python3", path="/usr/bin")
    if python is None or not _open_to_all(ROOT):
        pytest.skip("no interpreter or no package that an unprivileged user may read")
    paths = [str(ROOT), *(path for path in sys.path if "site-packages" in path)]
    done = subprocess.run(
        [python, "-m", "refinegraph.tools.workspace.conformance", "--json", *UNPRIVILEGED],
        env={"PYTHONPATH": os.pathsep.join(paths), "HOME": "/nonexistent", "PATH": "/usr/bin:/bin"},
        user=65_534,
        group=65_534,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    if "ModuleNotFoundError" in done.stderr or "ImportError" in done.stderr:
        pytest.skip(f"{python} cannot import what this interpreter can")
    assert done.stdout, done.stderr[-2000:]
    reports = json.loads(done.stdout)
    assert [(each["name"], each["harm"]) for each in reports if each["harm"]] == []


UNPRIVILEGED = ("processes", "kernel", "privileges", "network")
"""Results that depend on the calling user."""


def _open_to_all(path: Path) -> bool:
    return all(each.stat().st_mode & 0o005 == 0o005 for each in (path, *path.parents))


ALLOWED = {
    "pipes and children": "seq 1 100 | sort -rn | head -1 | grep -q 100",
    "a server on its own loopback": (
        'python3 -c \'import socket; s = socket.create_server(("127.0.0.1", 0)); '
        'c = socket.create_connection(s.getsockname()); s.accept()[0].send(b"x"); c.recv(1)\''
    ),
    "processes of multiprocessing": (
        "python3 -c 'import multiprocessing as m; p = m.Pool(2); print(p.map(abs, [1])); p.close()'"
    ),
    "shared memory with a name": (
        "python3 -c 'from multiprocessing.shared_memory import SharedMemory as S; "
        "s = S(create=True, size=9); s.close(); s.unlink()'"
    ),
    "a terminal of its own": "python3 -c 'import pty; pty.spawn([\"true\"])' </dev/null",
    "home and temporary files": "echo x > ~/a && echo x > /tmp/b && test -w $TMPDIR",
    "a script of the tree": "./run.sh | grep -q ran",
    "git that reads": "git log --oneline | grep -q Begin && git status --short && git diff",
    "another python": "python3 -m venv --without-pip env-inside && env-inside/bin/python -c pass",
}


@pytest.mark.parametrize("name", ALLOWED)
async def test_what_test_commands_need_is_allowed(checkout: Path, name: str) -> None:
    async with Sandbox().tree(checkout) as tree:
        result = await tree.run(["sh", "-c", ALLOWED[name]], timeout=60)
        assert result.ok, (result.ending, result.stdout, result.stderr)


HOST = """
import asyncio, sys
from refinegraph.tools import Sandbox

async def main():
    async with Sandbox().tree(sys.argv[1]) as tree:
        print("ready", flush=True)
        hostile = "echo x > data.bin; rm -rf src; (setsid sleep 600 &); sleep 600"
        await tree.run(["sh", "-c", hostile])

asyncio.run(main())
"""


async def test_checkout_is_untouched_and_nothing_survives_when_the_host_is_killed(
    checkout: Path,
) -> None:
    before = fingerprint(checkout)
    mark = f"MARK_{os.getpid()}"
    for number in range(FEWER_RUNS):
        host = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", HOST, str(checkout)),
            stdout=subprocess.PIPE,
            env={**os.environ, "LC_MARK": mark},
        )
        assert host.stdout
        assert await host.stdout.readline() == b"ready\n"
        await asyncio.sleep(0.03 * number)
        host.send_signal(signal.SIGKILL)
        await host.wait()
    await _until_none_is_left(mark)
    assert fingerprint(checkout) == before


async def _until_none_is_left(mark: str) -> None:
    for _ in range(200):
        if not any(_bears(mark, folder) for folder in Path("/proc").iterdir()):
            return
        await asyncio.sleep(0.05)
    pytest.fail("a process of a tree outlived its host")


def _bears(mark: str, process: Path) -> bool:
    try:
        return process.name.isdigit() and mark.encode() in (process / "environ").read_bytes()
    except OSError:
        return False
