"""The conformance suite of the library, on every tier available on this machine."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from refinegraph.tools import run_conformance
from refinegraph.tools.sandbox import Sandbox, SandboxPolicy
from refinegraph.tools.sandbox.conformance import CASES, HostileCase, run_control
from refinegraph.tools.sandbox.policy import Layer

ROOT = Path(__file__).resolve().parents[2]
AS_ROOT = os.geteuid() == 0
QUICK_CASES = [case for case in CASES if case.quick]
CONTROLLED: list[HostileCase] = sorted(
    (case for case in CASES if case.control), key=lambda case: case.control
)
WALLS: tuple[Layer, ...] = ("namespaces", "pid_namespace", "private_root", "private_folder")


def test_there_are_many_cases_with_names_of_their_own() -> None:
    assert len(CASES) >= 390
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_case(case: HostileCase) -> None:
    report = await run_conformance(Sandbox, [case])
    assert report.ok, report


@pytest.mark.parametrize("case", CONTROLLED, ids=lambda case: case.name)
async def test_attack_succeeds_without_the_layers_that_stop_it(case: HostileCase) -> None:
    if case.only_as_root and not AS_ROOT:
        pytest.skip("nobody becomes root who is not")
    assert await run_control(case)


@pytest.mark.parametrize("without", [WALLS, ("landlock",)], ids=["landlock only", "walls only"])
async def test_quick_cases_at_tier_medium(without: Sequence[Layer]) -> None:
    def backend(*, policy: SandboxPolicy) -> Sandbox:
        return Sandbox(policy=policy.model_copy(update={"disabled_layers": tuple(without)}))

    verdict = await backend(policy=SandboxPolicy()).check("def f(): return 1", "f", [((), 1)])
    assert verdict.isolation.tier == "medium"
    if any("standard library" in each for each in verdict.isolation.degraded):
        pytest.skip(f"weaker isolation here: {verdict.isolation.degraded[0]}")
    report = await run_conformance(backend, QUICK_CASES)
    assert report.ok, report


@pytest.mark.skipif(not AS_ROOT, reason="the other tests run as an unprivileged user")
@pytest.mark.parametrize(
    "options",
    [
        ("--controls",),
        ("--quick", "--without=landlock"),
        ("--quick", f"--without={','.join(WALLS)}"),
    ],
    ids=["strong", "walls only", "landlock only"],
)
def test_every_case_and_control_as_an_unprivileged_user(options: Sequence[str]) -> None:
    python = _python_for_all()
    if python is None:
        pytest.skip("no interpreter of this version that an unprivileged user may run")
    paths = [str(ROOT), *(each for each in sys.path if "site-packages" in each)]
    done = subprocess.run(
        [python, "-m", "refinegraph.tools.sandbox.conformance", "--json", "--at-once=4", *options],
        env={"PYTHONPATH": os.pathsep.join(paths), "HOME": "/tmp"},
        user=65_534,
        group=65_534,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.stdout, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert len(told["results"]) >= len(QUICK_CASES)
    assert [each for each in told["results"] if not each["ok"]] == []
    assert [name for name, got_through in told["controls"].items() if not got_through] == []


def _python_for_all() -> str | None:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for found in (sys.executable, shutil.which(version, path="/usr/bin:/usr/local/bin")):
        if found and _open_to_all(Path(found).resolve()) and _open_to_all(ROOT):
            return found
    return None


def _open_to_all(path: Path) -> bool:
    return all(each.stat().st_mode & 0o005 == 0o005 for each in (path, *path.parents))


async def test_report_names_unexpected_outcomes() -> None:
    lenient = CASES[0].model_copy(update={"source": "def f(): return 'right'"})
    report = await run_conformance(Sandbox, [lenient])
    assert not report.ok
    assert str(report) == (
        f"BAD {lenient.name}: passed, expected failed ({report.results[0].seconds:.2f} s)\n"
        "0 of 1 cases passed"
    )


FAULTS = {
    "unshare": 272,
    "mount": 165,
    "landlock_create_ruleset": 444,
    "landlock_restrict_self": 446,
    "setresuid": 117,
    "capset": 126,
    "prlimit64": 302,
}
FAULTY_HOST = """
import asyncio, struct, sys
from refinegraph.errors import SandboxUnavailable
from refinegraph.tools import Sandbox
from refinegraph.tools.sandbox.guest import linux

number = int(sys.argv[1])
program = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (6, 0, 0, 0x50001), (6, 0, 0, 0x7FFF0000)]
linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
linux.install_filter(b"".join(struct.pack("=HBBI", *each) for each in program))
try:
    verdict = asyncio.run(Sandbox().run("print('it ran')"))
except SandboxUnavailable as error:
    print("unavailable:", error)
else:
    print(verdict.status, verdict.isolation.tier, verdict.stdout.strip(), verdict.detail)
"""


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of x86-64")
@pytest.mark.parametrize("call", FAULTS)
def test_failing_layer_is_never_skipped(call: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FAULTY_HOST, str(FAULTS[call])],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ran = "it ran" in done.stdout
    assert not ran or done.stdout.startswith("passed medium"), done.stdout
    assert ran or done.stdout.startswith(("unavailable:", "sandbox_error")), done.stdout
