"""Write a patch to the checkout, whole or not at all."""

import os
import subprocess
from pathlib import Path

from refinegraph.errors import InputError


def apply_to_checkout(root: Path, patch: str) -> None:
    """Apply a patch with `git apply`, after `git apply --check` found that it fits.

    Raises `InputError` where git is missing or the checkout has changed so that it does not fit;
    nothing is written then.
    """
    for arguments in (["--check"], []):
        _git_apply(root, arguments, patch)


def _git_apply(root: Path, arguments: list[str], patch: str) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "apply", "--whitespace=nowarn", *arguments, "-"],
            cwd=root,
            input=patch.encode("utf-8", "surrogateescape"),
            capture_output=True,
            check=False,
            env=kept,
        )
    except FileNotFoundError:
        raise InputError("the patch was not applied, for git is not installed.") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        reason = said[0].removeprefix("error: ") if said else "git apply failed"
        raise InputError(f"the patch was not applied: {reason}; nothing was written.")
