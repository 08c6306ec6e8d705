"""Files and folders that only their user may read."""

import os
import tempfile
from pathlib import Path


def private_folder(path: Path) -> Path:
    """Make a folder and the missing ones above it, for this user alone; return it.

    A folder that is there keeps its permissions: it may be one that the user shares on purpose.
    """
    missing = [part for part in (path, *path.parents) if not part.exists()]
    for part in reversed(missing):
        part.mkdir(mode=0o700, exist_ok=True)
    if not path.is_dir():
        raise NotADirectoryError(20, "it is no folder", str(path))
    return path


def private_file(path: Path) -> Path:
    """Make an empty file for this user alone unless it is there; return it.

    Libraries that open files by name, such as sqlite3, would make them readable for all.
    """
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    return path


def write_private(path: Path, text: str) -> None:
    """Write a file for this user alone, whole or not at all."""
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
