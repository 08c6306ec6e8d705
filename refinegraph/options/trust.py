"""The settings files that a user trusts, by path and content."""

import hashlib
import json
from pathlib import Path
from typing import cast

from refinegraph.errors import InputError
from refinegraph.support.private_files import make_private_folder, write_private

_NAME = "trusted.json"


def is_trusted(folder: Path, file: Path, content: bytes) -> bool:
    """Whether the user trusted this file with its present content."""
    return _trusted(folder).get(_key(file)) == _digest(content)


def trust(folder: Path, file: Path, content: bytes) -> None:
    """Trust a file with this content from now on; raises `InputError` if that cannot be saved."""
    _write(folder, {**_trusted(folder), _key(file): _digest(content)})


def untrust(folder: Path, file: Path) -> bool:
    """Stop trusting a file, which need not exist; return whether it was trusted."""
    trusted = _trusted(folder)
    was_trusted = trusted.pop(_key(file), None) is not None
    if was_trusted:
        _write(folder, trusted)
    return was_trusted


def _trusted(folder: Path) -> dict[str, str]:
    """Return the digests by path; if they cannot be read, nothing is trusted."""
    try:
        data = json.loads((folder / _NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(data, dict):
        return {}
    items = cast("dict[str, object]", data).items()
    return {path: digest for path, digest in items if isinstance(digest, str)}


def _write(folder: Path, trusted: dict[str, str]) -> None:
    try:
        make_private_folder(folder)
        write_private(folder / _NAME, [json.dumps(trusted, indent=2), "\n"])
    except OSError as error:
        raise InputError(
            f"the list of trusted files cannot be saved in {str(folder)!r}: {error.strerror}; set "
            "REFINEGRAPH_HOME to another folder."
        ) from None


def _key(file: Path) -> str:
    return str(file.resolve())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
