"""Files with prompts and answers, which only their user may read."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

# Prompts and answers may be confidential, and home directories are often readable by every user.
_FOLDER_MODE, _FILE_MODE = 0o700, 0o600


def make_private_folder(path: Path) -> None:
    """Create a directory and its missing parents, which only their user may enter.

    An existing directory keeps its mode, since its user may share it on purpose.
    """
    if not path.parent.exists():
        make_private_folder(path.parent)
    path.mkdir(mode=_FOLDER_MODE, exist_ok=True)


def append_private(path: Path) -> IO[str]:
    """Open a text file for appending; only its user may read a new file."""
    return open(path, "a", encoding="utf-8", opener=_open_private)


def touch_private(path: Path) -> None:
    """Create an empty file that only its user may read, unless it exists."""
    path.touch(mode=_FILE_MODE)


def write_private(path: Path, parts: Iterable[str]) -> None:
    """Write a text file atomically; only its user may read it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.writelines(parts)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _open_private(name: str, flags: int) -> int:
    return os.open(name, flags, _FILE_MODE)
