"""Read the header of a GGUF file."""

import struct
from pathlib import Path
from typing import BinaryIO, NamedTuple

from refinegraph.errors import SettingError

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
"""Supported versions of the format; version 1 had other length fields."""
_STRING, _ARRAY = 8, 9
"""Type codes of the values without a fixed size."""
_FORMATS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?"} | {
    10: "<Q",
    11: "<q",
    12: "<d",
}
"""`struct` formats of the values with a fixed size, by type code."""
_LONGEST_TEXT = 1 << 24
"""Bytes of one string; a longer one means that the file is damaged."""
_MAX_ENTRIES = 1 << 16
"""Entries of the header; more of them mean that the file is damaged."""


class GgufHeader(NamedTuple):
    """The metadata that is needed before a file is loaded."""

    name: str
    """The model's name, or an empty string if the file has none."""
    context: int
    """The context length in tokens that the model was trained with, or 0 if unknown."""
    bytes: int
    """The size of the file."""
    prompt_set: str = ""
    """The prompt set on which refinegraph trained the model; empty for all other models."""


def read_gguf_header(path: Path) -> GgufHeader:
    """Read the header of a GGUF file, up to its vocabulary.

    Raises:
        SettingError: If the file does not exist, cannot be read, or is not a GGUF file.
    """
    try:
        with path.open("rb") as file:
            metadata = _metadata(file, path)
        size = path.stat().st_size
    except OSError as error:
        reason = error.strerror or str(error)
        raise SettingError(f"Cannot read model file {str(path)!r}: {reason}.") from None
    except (struct.error, UnicodeDecodeError, KeyError):
        raise _broken(path) from None
    return GgufHeader(
        name=str(metadata.get("name", "")),
        context=int(metadata.get("context", 0)),
        bytes=size,
        prompt_set=str(metadata.get("prompt_set", "")),
    )


def _metadata(file: BinaryIO, path: Path) -> dict[str, str | int]:
    if file.read(4) != _MAGIC:
        raise SettingError(
            f"Model file {str(path)!r} is not a GGUF file: it does not begin with 'GGUF'; download "
            "the model's .gguf file."
        )
    version, _, entries = struct.unpack("<IQQ", file.read(20))
    if version not in _VERSIONS or entries > _MAX_ENTRIES:
        raise _broken(path)
    metadata: dict[str, str | int] = {}
    for _ in range(entries):
        key = _text(file)
        if key.startswith("tokenizer."):
            break
        value = _value(file, _number(file, "<I"))
        if key == "general.name" and isinstance(value, str):
            metadata["name"] = value
        elif key == "refinegraph.prompt_set" and isinstance(value, str):
            metadata["prompt_set"] = value
        elif key.endswith(".context_length") and isinstance(value, int):
            metadata["context"] = value
    return metadata


def _value(file: BinaryIO, kind: int) -> str | int | None:
    if kind == _STRING:
        return _text(file)
    if kind == _ARRAY:
        inner, size = _number(file, "<I"), _number(file, "<Q")
        for _ in range(min(size, _LONGEST_TEXT)):
            _value(file, inner)
        return None
    return _number(file, _FORMATS[kind])


def _number(file: BinaryIO, form: str) -> int:
    value: int = struct.unpack(form, file.read(struct.calcsize(form)))[0]
    return value


def _text(file: BinaryIO) -> str:
    size = _number(file, "<Q")
    if size > _LONGEST_TEXT:
        raise struct.error
    content = file.read(size)
    if len(content) < size:
        raise struct.error
    return content.decode()


def _broken(path: Path) -> SettingError:
    return SettingError(
        f"Model file {str(path)!r} is damaged or of an unknown GGUF version; download it again."
    )
