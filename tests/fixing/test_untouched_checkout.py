"""A repair leaves contents, index, modes and times of a checkout as they were, also if killed."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from projects import write

from refinegraph.tools.workspace.conformance import fingerprint

REPAIR = """
import sys
import refinegraph as rg
hear = lambda event: print(type(event).__name__, flush=True)
rg.fix(sys.argv[1], test=f"{sys.executable} check.py", candidates=4, on_event=hear)
"""
CHECK = """
import pathlib
from halves import half
pathlib.Path("new").write_text("x")
pathlib.Path("data").unlink()
assert half(4) == 2
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    files = {"halves.py": "def half(x):\n    return x * 2\n", "check.py": CHECK, "data": "1\n"}
    write(tmp_path, files)
    (tmp_path / "data").write_text("2\n")
    (tmp_path / "staged").write_text("1\n")
    subprocess.run(["git", "add", "staged"], cwd=tmp_path, check=True)
    (tmp_path / "untracked").write_text("1\n")
    (tmp_path / "untracked").chmod(0o751)
    return tmp_path


@pytest.mark.parametrize("moment", ["BaselineBegun", "FaultLocalised", "CandidateJudged", None])
def test_checkout_is_untouched(checkout: Path, moment: str | None) -> None:
    before = fingerprint(checkout)
    command = [sys.executable, "-c", REPAIR, str(checkout)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as repair:
        assert repair.stdout
        seen = next((line for line in repair.stdout if line.strip() == moment), "")
        if moment:
            repair.send_signal(signal.SIGKILL)
    assert repair.returncode == (-signal.SIGKILL if moment else 0)
    assert seen.strip() == (moment or "")
    assert fingerprint(checkout) == before
