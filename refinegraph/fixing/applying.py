"""Apply a patch to a checkout, completely or not at all."""

import os
import subprocess
from pathlib import Path

from refinegraph.errors import InputError


def apply_to_checkout(root: Path, patch: str) -> None:
    """Apply a patch with `git apply`, after `git apply --check` has accepted it.

    Raises `InputError` if git is not installed or the patch no longer applies; then nothing is
    written.
    """
    for arguments in (["--check"], []):
        _git_apply(root, arguments, patch)


def _git_apply(root: Path, arguments: list[str], patch: str) -> None:
    # Variables such as GIT_DIR would make git work on another repository.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        completed = subprocess.run(
            ["git", "apply", "--whitespace=nowarn", *arguments, "-"],
            cwd=root,
            input=patch.encode("utf-8", "surrogateescape"),
            capture_output=True,
            check=False,
            env=environment,
        )
    except FileNotFoundError:
        raise InputError("the patch was not applied: git is not installed.") from None
    if completed.returncode:
        errors = completed.stderr.decode(errors="replace").strip().splitlines()
        reason = errors[0].removeprefix("error: ") if errors else "git apply failed"
        raise InputError(f"the patch was not applied: {reason}; nothing was written.")
