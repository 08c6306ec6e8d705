"""Without an overlay, a copy is used; without any backend, the error gives the reason."""

from pathlib import Path

import pytest
from workspace_checkout import git

from refinegraph.errors import SandboxUnavailable
from refinegraph.tools import Sandbox
from refinegraph.tools.workspace import TreePolicy
from refinegraph.tools.workspace.conformance import fingerprint
from refinegraph.tools.workspace.containers import container_options
from refinegraph.tools.workspace.copies import Copy
from refinegraph.tools.workspace.guest.settings import Command
from refinegraph.tools.workspace.layout import layout_of

COPY = TreePolicy(backends=("copy",), disk_mb=32, processes=32, memory_mb=256)


async def _open_or_skip(checkout: Path) -> None:
    try:
        async with Sandbox().tree(checkout, policy=COPY):
            pass
    except SandboxUnavailable as error:
        pytest.skip(str(error))


async def test_copy_gives_the_same_patch_and_keeps_the_checkout(checkout: Path) -> None:
    await _open_or_skip(checkout)
    before = fingerprint(checkout)
    script = "echo one > new; rm data.bin; printf 'a\\n' > run.sh"
    patches: list[str] = []
    for policy in (COPY, TreePolicy()):
        async with Sandbox().tree(checkout, policy=policy) as tree:
            await tree.write("src/adding.py", "x = 1\n")
            result = await tree.run(["sh", "-c", script])
            assert result.ok, result.stderr
            patches.append(await tree.diff())
    assert patches[0] == patches[1]
    assert fingerprint(checkout) == before
    git(checkout, "apply", "--check", stdin=patches[0])


async def test_nothing_survives_in_a_copy_and_its_disk_is_watched(checkout: Path) -> None:
    await _open_or_skip(checkout)
    async with Sandbox().tree(checkout, policy=COPY) as tree:
        assert tree.isolation.tier == "medium"
        await tree.run(["sh", "-c", "(setsid sleep 987 &) ; (setsid sleep 987 &)"])
        assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if _sleeps(path)]
        forks = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"
        assert (await tree.run(["python3", "-c", forks], timeout=1.0)).limit in (
            "timeout",
            "memory",
        )
        refused = await tree.run(["sh", "-c", f"echo x > {checkout}/marked; cat {checkout}/run.sh"])
        assert refused.exit_code != 0
    assert not (checkout / "marked").exists()


def _sleeps(cmdline: Path) -> bool:
    try:
        return cmdline.read_bytes() == b"sleep\x00987\x00"
    except OSError:
        return False


async def test_backend_that_cannot_be_had_is_refused_with_every_reason(checkout: Path) -> None:
    policy = TreePolicy(backends=("docker",))
    with pytest.raises(SandboxUnavailable, match="docker: no image is configured; set `container`"):
        async with Sandbox().tree(checkout, policy=policy):
            pass


def test_container_gets_the_copy_in_the_checkouts_place(checkout: Path) -> None:
    layout = layout_of(checkout, TreePolicy())
    command = Command(("pytest", "-q"), (("A", "b"),), "src", 9.0, 256, 32, 64, 32)
    policy = TreePolicy(container="python:3.12-slim")
    options = container_options("name", command, Copy(checkout, {}), layout, policy)
    text = " ".join(options)
    assert text.startswith("run --init --name name --network none --read-only --cap-drop ALL")
    assert f"--volume {checkout}/tree:{checkout}:rw" in text
    assert f"--volume {checkout}/.git:{checkout}/.git:ro" in text
    assert text.endswith(f"--workdir {checkout}/src python:3.12-slim pytest -q")
