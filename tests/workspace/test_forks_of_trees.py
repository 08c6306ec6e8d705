"""A fork begins with every kind of change of the tree that it was forked from."""

from pathlib import Path

from refinegraph.tools import Sandbox

MODES = """
import os
for name in ("run.sh", "src/adding.py", "new.sh", "plain"):
    print(name, os.access(name, os.X_OK))
"""


async def test_a_fork_has_the_contents_the_modes_and_the_links(checkout: Path) -> None:
    async with Sandbox().tree(checkout) as tree:
        await tree.write("run.sh", "#!/bin/sh\necho changed\n")
        await tree.write("src/adding.py", "print()\n", executable=True)
        await tree.write("new.sh", "#!/bin/sh\n", executable=True)
        await tree.write("plain", "text")
        await tree.link("pointer", "plain")
        await tree.delete("data.bin")
        own = await tree.run(["python3", "-c", MODES])
        async with tree.fork() as other:
            assert await other.diff() == await tree.diff()
            assert await other.changed() == await tree.changed()
            assert (await other.run(["python3", "-c", MODES])).stdout == own.stdout
            assert await other.read("pointer") == "text"
            assert not await other.exists("data.bin")
    assert own.stdout.split() == [
        *("run.sh", "True", "src/adding.py", "True", "new.sh", "True", "plain", "False")
    ]


async def test_a_fork_takes_away_what_may_no_longer_be_executed(checkout: Path) -> None:
    async with Sandbox().tree(checkout) as tree:
        await tree.write("run.sh", "#!/bin/sh\n", executable=False)
        assert "old mode 100755" in await tree.diff()
        async with tree.fork() as other:
            assert await other.diff() == await tree.diff()


async def test_a_fork_copies_what_git_ignores(checkout: Path) -> None:
    async with Sandbox().tree(checkout) as tree:
        await tree.write("build/made", "x")
        assert await tree.changed() == ()
        async with tree.fork() as other:
            assert await other.read("build/made") == "x"
