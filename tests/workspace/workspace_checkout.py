"""The content of a small checkout, and helpers that run git in it."""

import subprocess
from pathlib import Path

FILES = {
    "src/adding.py": "def add(a, b):\n    return a - b\n",
    "tests/test_adding.py": (
        "from adding import add\n\n\ndef test_two():\n    assert add(2, 2) == 4\n\n\n"
        "def test_zero():\n    assert add(3, 0) == 3\n"
    ),
    "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["src"]\n',
    ".gitignore": "*.log\n/.venv/\nbuild/\n",
    "data.bin": "\x00\x01",
    "no_newline.txt": "last line",
    "run.sh": "#!/bin/sh\necho ran\n",
}


def git(folder: Path, *arguments: str, stdin: str | None = None) -> str:
    """Run git in a folder and return its output."""
    settings = ("-c", "user.name=user", "-c", "user.email=user@localhost")
    done = subprocess.run(
        ["git", *settings, *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def make_checkout(folder: Path) -> Path:
    """Create a checkout with one commit in a folder; return its root."""
    root = folder / "project"
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (root / "run.sh").chmod(0o755)
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "Begin")
    return root
