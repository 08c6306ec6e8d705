"""A tree shows a checkout, accepts changes and commands, and never changes the checkout."""

import asyncio
import os
from pathlib import Path

import pytest
from workspace_checkout import git

from refinegraph.errors import InputError
from refinegraph.tools import Sandbox
from refinegraph.tools.workspace import TreePolicy


async def test_command_sees_what_was_written_and_the_checkout_does_not(checkout: Path) -> None:
    async with Sandbox().tree(checkout) as tree:
        await tree.write("src/adding.py", "print('changed')\n")
        result = await tree.run(["python3", "src/adding.py"])
        assert (result.stdout, result.exit_code, result.limit) == ("changed\n", 0, None)
        assert result.ok
        assert await tree.read("src/adding.py") == "print('changed')\n"
    assert "a - b" in (checkout / "src/adding.py").read_text()


async def test_commands_keep_what_earlier_ones_wrote(checkout: Path) -> None:
    async with Sandbox().tree(checkout) as tree:
        await tree.run(["sh", "-c", "mkdir new && echo one > new/file && rm data.bin"])
        result = await tree.run(["sh", "-c", "cat new/file; ls data.bin"])
        assert result.stdout == "one\n"
        assert result.exit_code == 2
        kinds = {change.path: change.kind for change in await tree.changed()}
        assert kinds == {"new/file": "added", "data.bin": "deleted"}
    assert (checkout / "data.bin").exists()


async def test_patch_applies_and_gives_what_the_tree_had(checkout: Path) -> None:
    async with Sandbox().tree(checkout) as tree:
        await tree.write("src/adding.py", "def add(a, b):\n    return a + b\n")
        await tree.write("data.bin", b"\x00\x02\xff\xfe")
        await tree.write("latin.txt", b"caf\xe9\n")
        await tree.write("no_newline.txt", "another last line")
        await tree.write("tool.sh", "#!/bin/sh\n", executable=True)
        await tree.write('odd name\t"quoted" é.txt', "x\n")
        await tree.write("ignored.log", "no part of a patch")
        await tree.link("link", "src/adding.py")
        script = "mv run.sh renamed.sh; rm -r tests; mkdir tests; echo 1 > tests/other"
        await tree.run(["sh", "-c", script])
        patch = await tree.diff()
    git(checkout, "apply", "--check", stdin=patch)
    git(checkout, "apply", stdin=patch)
    assert (checkout / "src/adding.py").read_text().endswith("a + b\n")
    assert (checkout / "data.bin").read_bytes() == b"\x00\x02\xff\xfe"
    assert (checkout / "latin.txt").read_bytes() == b"caf\xe9\n"
    assert (checkout / "no_newline.txt").read_text() == "another last line"
    assert os.access(checkout / "tool.sh", os.X_OK)
    assert os.access(checkout / "renamed.sh", os.X_OK)
    assert not (checkout / "run.sh").exists()
    assert not (checkout / "tests/test_adding.py").exists()
    assert (checkout / "tests/other").read_text() == "1\n"
    assert (checkout / 'odd name\t"quoted" é.txt').read_text() == "x\n"
    assert (checkout / "link").readlink() == Path("src/adding.py")
    assert not (checkout / "ignored.log").exists()


async def test_folder_that_is_no_repository_works_too(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n")
    async with Sandbox().tree(tmp_path) as tree:
        await tree.run(["sh", "-c", "echo two > a.txt"])
        patch = await tree.diff()
    assert "-one\n+two\n" in patch
    assert (tmp_path / "a.txt").read_text() == "one\n"


async def test_thirty_two_trees_at_once(checkout: Path) -> None:
    async def numbered(number: int) -> str:
        async with Sandbox().tree(checkout) as tree:
            await tree.write("number", str(number))
            return (await tree.run(["cat", "number"])).stdout

    assert await asyncio.gather(*map(numbered, range(32))) == [str(n) for n in range(32)]


async def test_fork_has_the_same_changes_and_then_its_own(checkout: Path) -> None:
    async with Sandbox().tree(checkout) as tree:
        await tree.write("a", "1")
        await tree.delete("run.sh")
        async with tree.fork() as other:
            assert await other.diff() == await tree.diff()
            await other.write("b", "2")
            assert [change.path for change in await tree.changed()] == ["a", "run.sh"]


@pytest.mark.parametrize("path", ["/etc/passwd", "../outside", "a/../../b", "link/file"])
async def test_paths_out_of_the_tree_are_refused(checkout: Path, path: str) -> None:
    async with Sandbox().tree(checkout) as tree:
        await tree.link("link", "/tmp")
        with pytest.raises(InputError, match=path):
            await tree.write(path, "x")


async def test_limits_say_what_ended_a_command(checkout: Path) -> None:
    policy = TreePolicy(memory_mb=256, disk_mb=16, drain_bytes=1 << 20, output_bytes=2048)
    async with Sandbox().tree(checkout, policy=policy) as tree:
        slow = await tree.run(["sleep", "60"], timeout=0.3)
        assert (slow.limit, slow.exit_code, slow.signal) == ("timeout", None, 9)
        large = await tree.run(["python3", "-c", "x = bytearray(10**9); x[::4096] = x[::4096]"])
        assert large.limit == "memory"
        loud = await tree.run(["sh", "-c", "yes"])
        assert loud.limit == "output"
        assert "bytes not kept" in loud.stdout
        full = await tree.run(["sh", "-c", "head -c 99999999 /dev/zero > big"])
        assert full.limit == "disk"


async def test_command_that_is_nowhere_is_named(checkout: Path) -> None:
    async with Sandbox().tree(checkout) as tree:
        with pytest.raises(InputError, match="there is no command 'no-such-tool'"):
            await tree.run(["no-such-tool"])


async def test_path_that_is_no_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere is not a directory"):
        async with Sandbox().tree(tmp_path / "nowhere"):
            pass


async def test_files_are_handed_back(checkout: Path) -> None:
    async with Sandbox().tree(checkout) as tree:
        result = await tree.run(["sh", "-c", "echo out > out.xml"], collect=["out.xml", "none"])
        assert result.collected == {"out.xml": b"out\n"}


async def test_cancelled_command_ends(checkout: Path) -> None:
    async with Sandbox().tree(checkout) as tree:
        running = asyncio.ensure_future(tree.run(["sleep", "600"]))
        await asyncio.sleep(0.1)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
