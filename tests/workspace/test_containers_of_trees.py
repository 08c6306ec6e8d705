"""Trees in containers: what Docker is asked for, and what becomes of its answers."""

import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from engine_of_this_machine import calls_of, install, options_of
from workspace_checkout import git

from refinegraph.errors import InputError, SandboxUnavailable
from refinegraph.tools import Sandbox
from refinegraph.tools.workspace import Tree, TreePolicy
from refinegraph.tools.workspace.conformance import fingerprint

POLICY = TreePolicy(
    backends=("docker",), container="image", memory_mb=300, processes=50, disk_mb=20, open_files=70
)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "engine"
    folder.mkdir()
    install(folder)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


@pytest.fixture
async def tree(checkout: Path, engine: Path) -> AsyncGenerator[Tree]:
    async with Sandbox(min_tier="docker").tree(checkout, policy=POLICY) as opened:
        yield opened


async def test_files_are_written_read_and_deleted_in_the_copy_alone(
    tree: Tree, checkout: Path
) -> None:
    before = fingerprint(checkout)
    await tree.write("src/adding.py", "x = 1\n")
    await tree.write("new/deep.py", "y = 2\n")
    await tree.link("again", "src/adding.py")
    await tree.delete("data.bin")
    assert await tree.read("src/adding.py") == "x = 1\n"
    assert await tree.exists("new/deep.py")
    assert not await tree.exists("data.bin")
    changes = {(change.path, change.kind) for change in await tree.changed()}
    assert changes == {
        ("src/adding.py", "modified"),
        ("new/deep.py", "added"),
        ("again", "added"),
        ("data.bin", "deleted"),
    }
    git(checkout, "apply", "--check", stdin=await tree.diff())
    assert fingerprint(checkout) == before


async def test_a_command_runs_in_the_copy_and_its_result_is_told(tree: Tree) -> None:
    script = "pwd; echo one > made; cat adding.py >&2; exit 3"
    result = await tree.run(["sh", "-c", script], folder="src", collect=["src/*"])
    assert (result.exit_code, result.signal, result.limit) == (3, None, None)
    assert result.stdout.strip().endswith("/tree/src")
    assert result.stderr == "def add(a, b):\n    return a - b\n"
    assert result.collected["src/made"] == b"one\n"
    assert result.isolation.tier == "docker"
    assert result.seconds > 0
    assert (result.cpu_seconds, result.peak_bytes) == (0.0, 0)
    assert (await tree.run(["true"])).ok


async def test_a_container_is_as_limited_as_the_policy_says(
    tree: Tree, engine: Path, checkout: Path
) -> None:
    await tree.run(["true"], env=[("COLOUR", "blue"), ("LD_LIBRARY_PATH", "/odd")])
    (words,) = calls_of(engine, "run")
    options = options_of(words)
    assert words[-2:] == ["image", "true"]
    expected = {
        "--network": ["none"],
        "--cap-drop": ["ALL"],
        "--security-opt": ["no-new-privileges"],
        "--ipc": ["private"],
        "--pids-limit": ["50"],
        "--memory": ["300m"],
        "--memory-swap": ["300m"],
        "--ulimit": ["core=0", "nofile=70"],
        "--user": [f"{os.getuid()}:{os.getgid()}"],
        "--workdir": [str(checkout)],
        "--read-only": [""],
        "--init": [""],
    }
    assert expected.items() <= options.items()
    assert [value.split(",")[-1] for value in options["--tmpfs"]] == ["size=20m", "size=20m"]
    assert options["--volume"][0].endswith(f"/tree:{checkout}:rw")
    assert options["--volume"][1:] == [f"{checkout}/.git:{checkout}/.git:ro"]
    names = {setting.partition("=")[0] for setting in options["--env"]}
    assert "COLOUR=blue" in options["--env"]
    assert not names & {"PATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH"}


async def test_every_container_has_a_name_of_its_own_and_is_removed(
    tree: Tree, engine: Path
) -> None:
    for _ in range(2):
        await tree.run(["true"])
    names = [options_of(words)["--name"][0] for words in calls_of(engine, "run")]
    assert len(set(names)) == 2
    assert calls_of(engine, "rm") == [["--force", name] for name in names]


@pytest.mark.parametrize(
    ("command", "settings", "limit"),
    [
        (["sleep", "60"], {"wall_seconds": 0.5}, "timeout"),
        (["yes"], {"drain_bytes": 4096}, "output"),
        (["sh", "-c", "exit 137"], {}, "memory"),
    ],
)
async def test_a_limit_ends_the_command_and_is_named(
    checkout: Path, engine: Path, command: list[str], settings: dict[str, float], limit: str
) -> None:
    policy = POLICY.model_copy(update=settings)
    if limit == "memory":
        (engine / "oom").touch()
    async with Sandbox(min_tier="docker").tree(checkout, policy=policy) as tree:
        result = await tree.run(command)
    assert result.limit == limit
    assert not result.ok
    assert len(calls_of(engine, "rm")) == 1


async def test_a_tree_without_an_engine_says_what_docker_said(checkout: Path, engine: Path) -> None:
    for said, shown in [("first\nCannot connect\n", "docker: Cannot connect"), ("\n", "no engine")]:
        (engine / "down").write_text(said)
        with pytest.raises(SandboxUnavailable, match=shown):
            await Sandbox(min_tier="docker").tree(checkout, policy=POLICY).__aenter__()


async def test_a_tree_without_the_command_says_so(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxUnavailable, match="docker: the docker command is not installed"):
        await Sandbox(min_tier="docker").tree(tmp_path, policy=POLICY).__aenter__()


async def test_what_cannot_be_read_or_written_is_refused_in_one_sentence(tree: Tree) -> None:
    await tree.link("outside", "/etc/passwd")
    with pytest.raises(InputError, match=r"^missing in the tree cannot be read: No such file"):
        await tree.read("missing")
    with pytest.raises(InputError, match=r"^src in the tree cannot be read: Is a directory"):
        await tree.read("src")
    with pytest.raises(InputError, match=r"^outside in the tree cannot be read: "):
        await tree.read("outside")
    assert (await tree.run(["true"])).ok


async def test_the_copy_is_deleted_with_the_tree(checkout: Path, engine: Path) -> None:
    async with Sandbox(min_tier="docker").tree(checkout, policy=POLICY) as tree:
        await tree.run(["mkdir", "-m", "0", "locked"])
    (words,) = calls_of(engine, "run")
    copy = Path(options_of(words)["--volume"][0].split(":")[0])
    assert not copy.parent.exists()
