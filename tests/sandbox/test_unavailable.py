"""If the system allows no worker, no program is judged and the error gives the reason."""

import os
import subprocess
import sys

import pytest

HOST = """
import asyncio, os, resource, sys
from refinegraph.errors import SandboxUnavailable
from refinegraph.tools import Sandbox

async def passes(sandbox):
    return (await sandbox.check("def f(x): return x", "f", [((1,), 1)])).status

def main():
    try:
        print(asyncio.run(passes(Sandbox())))
    except SandboxUnavailable as error:
        print("unavailable:", error)
"""


def _host(source: str) -> str:
    """Return the output of a separate process."""
    done = subprocess.run(
        [sys.executable, "-c", HOST + source],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("limit", [14, 18, 22, 26, 30, 35, 39])
def test_few_descriptors_make_the_sandbox_unavailable(limit: int) -> None:
    said = _host(f"resource.setrlimit(resource.RLIMIT_NOFILE, ({limit}, {limit}))\nmain()")
    assert said.startswith("unavailable: programs cannot be run here"), said
    assert "ulimit -n 256" in said
    assert str(limit) in said


def test_forty_eight_descriptors_are_enough() -> None:
    assert _host("resource.setrlimit(resource.RLIMIT_NOFILE, (48, 48))\nmain()") == "passed"


def test_interpreter_that_may_not_be_executed_is_named() -> None:
    said = _host("sys.executable = os.__file__\nmain()")
    assert said.startswith("unavailable:")
    assert f"may not execute or read {os.__file__}" in said


def test_interpreter_that_is_gone_is_named() -> None:
    said = _host("sys.executable = '/nowhere/python'\nmain()")
    assert said.startswith("unavailable:")
    assert "/nowhere/python" in said


def test_limit_on_processes_makes_the_sandbox_unavailable() -> None:
    said = _host(
        "if os.getuid() == 0: os.setresuid(65_533, 65_533, 65_533)\n"
        "resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))\nmain()"
    )
    assert said.startswith("unavailable:")
    assert "ulimit -u" in said


@pytest.mark.parametrize("more", [0, 1, 4, 16, 40])
def test_little_memory_never_makes_a_program_wrong(more: int) -> None:
    said = _host(
        "pages = int(open('/proc/self/statm').read().split()[0])\n"
        f"limit = pages * resource.getpagesize() + ({more} << 20)\n"
        "resource.setrlimit(resource.RLIMIT_AS, (limit, limit))\nmain()"
    )
    assert said == "passed" or said.startswith(("sandbox_error", "unavailable:"))


WHEN_NO_MORE = """
async def one_worker():
    sandbox = Sandbox()
    assert await passes(sandbox) == "passed"
    sys.executable = "/nowhere/python"
    print(*await asyncio.gather(*(passes(sandbox) for _ in range(6))))
    try:
        await sandbox.test("def f(x): return x", "y = f(1)\\nassert y == 1")
    except SandboxUnavailable as error:
        print("unavailable:", error)

asyncio.run(one_worker())
"""


def test_existing_workers_continue_when_no_more_can_be_launched() -> None:
    first, second = _host(WHEN_NO_MORE).splitlines()
    assert first.split() == ["passed"] * 6
    assert second.startswith("unavailable:")
