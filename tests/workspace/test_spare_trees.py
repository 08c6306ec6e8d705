"""Trees that were prepared in advance show the checkout as it is when they are opened."""

from pathlib import Path

import pytest

from refinegraph.tools import Sandbox


async def look(checkout: Path, path: str) -> str | None:
    async with Sandbox().tree(checkout) as tree:
        return await tree.read(path) if await tree.exists(path) else None


@pytest.fixture
async def often_opened(checkout: Path) -> Path:
    """A checkout that was opened often enough for the next tree to be there already."""
    for _ in range(3):
        assert await look(checkout, "src/adding.py")
    return checkout


async def test_edited_file_is_seen(often_opened: Path) -> None:
    (often_opened / "src/adding.py").write_text("edited\n")
    assert await look(often_opened, "src/adding.py") == "edited\n"


async def test_replaced_file_is_seen(often_opened: Path) -> None:
    (often_opened / "src/new").write_text("replaced\n")
    (often_opened / "src/new").replace(often_opened / "src/adding.py")
    assert await look(often_opened, "src/adding.py") == "replaced\n"


async def test_added_and_deleted_files_are_seen(often_opened: Path) -> None:
    (often_opened / "src/added.py").write_text("added\n")
    assert await look(often_opened, "src/added.py") == "added\n"
    (often_opened / "src/adding.py").unlink()
    assert await look(often_opened, "src/adding.py") is None


async def test_replaced_folder_is_seen(often_opened: Path) -> None:
    (often_opened / "src").rename(often_opened / "old")
    (often_opened / "src").mkdir()
    (often_opened / "src/adding.py").write_text("in a new folder\n")
    assert await look(often_opened, "src/adding.py") == "in a new folder\n"


async def test_replaced_environment_is_seen(checkout: Path) -> None:
    environment = checkout / "node_modules"
    for text in ("first\n", "second\n"):
        environment.mkdir()
        (environment / "version").write_text(text)
        for _ in range(3):
            assert await look(checkout, "node_modules/version") == text
        (environment / "version").unlink()
        environment.rmdir()


async def test_trees_share_no_changes_and_no_temporary_files(often_opened: Path) -> None:
    for _ in range(3):
        async with Sandbox().tree(often_opened) as tree:
            assert not await tree.changed()
            await tree.write("src/adding.py", "of one tree\n")
            await tree.run(["sh", "-c", "touch $HOME/mine /tmp/mine"])
    async with Sandbox().tree(often_opened) as tree:
        result = await tree.run(["sh", "-c", "ls $HOME /tmp"])
    assert "mine" not in result.stdout
