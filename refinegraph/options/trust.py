"""Which configuration files a user trusts, by path and content, kept in the user's own folder."""

import hashlib
import json
from pathlib import Path
from typing import cast

from refinegraph.errors import InputError
from refinegraph.support.private_files import make_private_folder, write_private

_NAME = "trusted.json"


def is_trusted(folder: Path, file: Path, content: bytes) -> bool:
    """Whether the user trusted this file, and it has not changed since."""
    return _trusted(folder).get(_key(file)) == _digest(content)


def trust(folder: Path, file: Path, content: bytes) -> None:
    """Trust a file with this content from now on; raises `InputError` where that cannot be kept."""
    _write(folder, {**_trusted(folder), _key(file): _digest(content)})


def untrust(folder: Path, file: Path) -> bool:
    """Stop trusting a file, which need not exist any more; return whether it was trusted."""
    trusted = _trusted(folder)
    was_trusted = trusted.pop(_key(file), None) is not None
    if was_trusted:
        _write(folder, trusted)
    return was_trusted


def _trusted(folder: Path) -> dict[str, str]:
    """Return the digests by path; nothing is trusted where they cannot be read."""
    try:
        found = json.loads((folder / _NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    items = cast("dict[str, object]", found).items()
    return {path: digest for path, digest in items if isinstance(digest, str)}


def _write(folder: Path, trusted: dict[str, str]) -> None:
    try:
        make_private_folder(folder)
        write_private(folder / _NAME, [json.dumps(trusted, indent=2), "\n"])
    except OSError as error:
        raise InputError(
            f"trusted files cannot be kept in {str(folder)!r}: {error.strerror}; set "
            "REFINEGRAPH_HOME to another folder."
        ) from None


def _key(file: Path) -> str:
    return str(file.resolve())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
