"""Whether `refinegraph fix` leaves a checkout as it was, also if it is killed.

    python benchmarks/untouched.py [--runs 200] [--seconds 60]

The checkout has staged, changed, untracked and ignored files, a link and a program. Every other run
is killed with SIGKILL at a moment drawn from the length of a whole run. After each run, names,
contents, modes, owners, links and modification times of every file are compared with those before,
the repository and its index among them, and the processes, mounts and temporary files that a run
left behind are counted a second later.
"""

import argparse
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from importlib import import_module
from pathlib import Path

import refinegraph as rg
from refinegraph.tools.workspace.conformance import fingerprint

_MODULE = "def half(x):\n    return x * 2\n\n\ndef third(x):\n    return x * 3\n"
_CHECK = """\
import pathlib
from halves import half, third
pathlib.Path("written-by-the-test").write_text("x")
pathlib.Path("data.txt").unlink()
assert half(4) == 2
assert third(9) == 3
"""
_HEAVY = (
    "refinegraph.agents.mutation_solver",
    "refinegraph.fixing.checker",
    "refinegraph.fixing.running",
    "refinegraph.graphs.refinement",
    "refinegraph.runs.solving",
)
_GONE = 1.0
"""Seconds after which nothing of a killed run may be left."""


def main() -> None:
    """Run, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=1e6, help="begin no run after that")
    arguments = parser.parse_args()
    for module in _HEAVY:  # imported here, so that no fork has to
        import_module(module)
    draw = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        tempfile.tempdir = str(Path(folder, "temporary"))
        Path(tempfile.tempdir).mkdir()
        root = _checkout(Path(folder, "checkout"))
        _run(root, None)  # the first run compiles what the others read
        length = _run(root, None)
        counts, until = Counter[str](), time.monotonic() + arguments.seconds
        while counts["runs"] < arguments.runs and time.monotonic() < until:
            moment = draw.uniform(0, length) if counts["runs"] % 2 else None
            counts.update(["runs", *_outcome(root, moment)])
    runs = counts["runs"]
    print(f"a whole run takes {length:.2f} s; {counts['killed']} of {runs} were killed")
    for what in ("checkout as it was", "no process left", "no mount left", "no file left"):
        print(f"{what:<20} {counts[what]} of {runs}")
    sys.exit(counts["checkout as it was"] != runs)


def _outcome(root: Path, moment: float | None) -> list[str]:
    """Return what held after one run."""
    before, surroundings = fingerprint(root), _surroundings()
    taken = _run(root, moment)
    after = _surroundings()
    until = time.monotonic() + _GONE
    while after != surroundings and time.monotonic() < until:
        time.sleep(0.02)
        after = _surroundings()
    same = [now <= then for now, then in zip(after, surroundings, strict=True)]
    held = ["checkout as it was"] if fingerprint(root) == before else []
    names = ("no process left", "no mount left", "no file left")
    held += [name for name, is_same in zip(names, same, strict=True) if is_same]
    return [*held, "killed"] if moment is not None and taken < 0 else held


def _run(root: Path, moment: float | None) -> float:
    """Repair the checkout in a fork; return the seconds that it took, or -1 if it was killed."""
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in (1, 2):
            os.dup2(nowhere, number)
        result = rg.fix(root, test=f"{sys.executable} check.py", candidates=2)
        os._exit(0 if result.candidates else 1)
    ended = os.pidfd_open(child)
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    if not poll.poll(None if moment is None else moment * 1000):
        os.kill(child, signal.SIGKILL)
    os.close(ended)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code > 0:
        raise SystemExit("a run failed: it found no candidate")
    return -1.0 if code < 0 else time.monotonic() - began


def _surroundings() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return the processes of our trees, the mounts of this machine and the temporary files."""
    trees = frozenset(
        folder.name
        for folder in Path("/proc").iterdir()
        if folder.name.isdigit() and _TREES in _command_line(folder)
    )
    mounts = frozenset(Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines())
    files = frozenset(map(str, Path(tempfile.gettempdir()).iterdir()))
    return trees, mounts, files


_TREES = str(Path(rg.__file__).parent / "tools/workspace/guest/start.py").encode()


def _command_line(folder: Path) -> bytes:
    try:
        return (folder / "cmdline").read_bytes()
    except OSError:
        return b""


def _checkout(root: Path) -> Path:
    """Return a checkout with files in every state that git knows."""
    root.mkdir()
    files = {"halves.py": _MODULE, "check.py": _CHECK, "data.txt": "1\n", "staged.txt": "1\n"}
    for name, text in {**files, ".gitignore": "ignored.log\n", "run.sh": "#!/bin/sh\n"}.items():
        (root / name).write_text(text, encoding="utf-8")
    (root / "run.sh").chmod(0o755)
    (root / "link").symlink_to("data.txt")
    identity = ("-c", "user.name=user", "-c", "user.email=user@localhost", "-c", "gc.auto=0")
    for arguments in (("init", "-q"), ("add", "-A"), (*identity, "commit", "-q", "-m", "Begin")):
        subprocess.run(["git", *arguments], cwd=root, check=True)
    (root / "staged.txt").write_text("2\n", encoding="utf-8")
    subprocess.run(["git", "add", "staged.txt"], cwd=root, check=True)
    for name in ("data.txt", "untracked.txt", "ignored.log"):
        (root / name).write_text("3\n", encoding="utf-8")
    return root


if __name__ == "__main__":
    main()
