"""Documents, docstrings, comments and messages are spelt correctly, and in one way."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
READ = (
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs", "examples", "skills"),
    *("refinegraph", "agents", "graphs", "tools", "benchmarks", "training"),
)
"""What people read. Tests contain misspellings on purpose."""
_OTHER_FORMS = re.compile(r"\b(can not|data sets?)\b", re.IGNORECASE)
"""Words that are spelt in one way everywhere else: cannot, dataset."""
_LEFT = {"CHANGELOG.md", "MODEL_CARD.md"}
"""The history, and what is written anew with every model."""


def test_words_are_spelt_correctly() -> None:
    pytest.importorskip("codespell_lib", reason="codespell is not installed")
    command = [sys.executable, "-m", "codespell_lib", *READ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_words_are_spelt_in_one_way() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in written()
        for match in _OTHER_FORMS.finditer(path.read_text())
    ]
    assert not found


def written() -> Iterator[Path]:
    """Yield the documents and sources that people read."""
    for name in READ:
        path = ROOT / name
        paths = [path] if path.is_file() else [*path.rglob("*.md"), *path.rglob("*.py")]
        yield from (path for path in paths if path.name not in _LEFT)
