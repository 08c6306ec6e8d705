"""Run git on the host without hooks, without locks and without system-wide settings."""

import asyncio
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

_QUIET = (
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.quotePath=false"),
    *("-c", "gc.auto=0"),
)
_ENVIRONMENT = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "LC_ALL": "C.UTF-8",
}


class GitFailed(Exception):
    """Git is not installed or failed; the message is git's."""


def run_git(
    arguments: Sequence[str], *, folder: Path, stdin: bytes = b"", codes: Sequence[int] = (0,)
) -> bytes:
    """Run git and return its output; raises `GitFailed` unless the exit code is in `codes`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", *_QUIET, *arguments],
            cwd=folder,
            input=stdin,
            capture_output=True,
            env={**kept, **_ENVIRONMENT},
            check=False,
        )
    except FileNotFoundError:
        raise GitFailed("git is not installed") from None
    if done.returncode not in codes:
        raise GitFailed(done.stderr.decode(errors="replace").strip()[-500:])
    return done.stdout


async def git(
    arguments: Sequence[str], *, folder: Path, stdin: bytes = b"", codes: Sequence[int] = (0,)
) -> bytes:
    """Do what `run_git` does without blocking the event loop."""
    return await asyncio.to_thread(run_git, arguments, folder=folder, stdin=stdin, codes=codes)


def toplevel(folder: Path) -> Path | None:
    """Return the root of the checkout that contains a directory, or None."""
    for parent in (folder, *folder.parents):
        if (parent / ".git").exists():
            return parent
    return None


def git_folders(root: Path) -> tuple[Path, ...]:
    """Return the directories of a checkout's repository if they lie outside of the checkout."""
    marker = root / ".git"
    if not marker.is_file():
        return ()
    text = marker.read_text(encoding="utf-8", errors="replace")
    folder = (root / text.removeprefix("gitdir:").strip()).resolve()
    common = folder / "commondir"
    if not common.is_file():
        return (folder,)
    return (folder, (folder / common.read_text(encoding="utf-8").strip()).resolve())


def ignored_among(root: Path, paths: Sequence[str]) -> frozenset[str]:
    """Return the paths that git ignores; none if `root` is not a checkout."""
    if not paths or not (root / ".git").exists():
        return frozenset()
    stdin = b"\0".join(os.fsencode(path) for path in paths)
    try:
        output = run_git(["check-ignore", "--stdin", "-z"], folder=root, stdin=stdin, codes=(0, 1))
    except GitFailed:
        return frozenset()
    return frozenset(os.fsdecode(path) for path in output.split(b"\0") if path)
