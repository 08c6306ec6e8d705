"""The commands and programs of the cookbook do what the page says."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_the_cookbook_prints_what_it_shows() -> None:
    """Rewrite the page with `python -m docs.cookbook` after a change of what commands print."""
    done = subprocess.run(
        [sys.executable, "-m", "docs.cookbook", "--check"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if "_MODEL" not in name},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
