"""A small checkout, as a person has one."""

from pathlib import Path

import pytest
from workspace_checkout import FILES, git


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return the root of a fresh checkout with one commit."""
    root = tmp_path / "project"
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (root / "run.sh").chmod(0o755)
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "Begin")
    return root
