"""What a GGUF file says of itself, read from its first bytes."""

import struct
from pathlib import Path
from typing import BinaryIO, NamedTuple

from refinegraph.errors import SettingError

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_STRING, _ARRAY = 8, 9
_FORMATS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?"} | {
    10: "<Q",
    11: "<q",
    12: "<d",
}
_LONGEST_TEXT = 1 << 24
_MOST_ENTRIES = 1 << 16


class GgufHeader(NamedTuple):
    """The few facts that are needed before a file is loaded."""

    name: str
    """What its makers call the model; empty where they did not say."""
    context: int
    """Tokens that the model was trained to read at once; 0 where the file does not say."""
    bytes: int
    """The size of the file."""
    prompt_set: str = ""
    """The name of the prompts that refinegraph trained it on; empty for every other model."""


def read_gguf_header(path: Path) -> GgufHeader:
    """Read the head of a GGUF file, up to where its vocabulary begins.

    Raises:
        SettingError: For a file that is not there, cannot be read, or is not GGUF.
    """
    try:
        with path.open("rb") as file:
            found = _facts(file, path)
        size = path.stat().st_size
    except OSError as error:
        reason = error.strerror or str(error)
        raise SettingError(f"Model file {str(path)!r} cannot be read: {reason}.") from None
    except (struct.error, UnicodeDecodeError, KeyError):
        raise _broken(path) from None
    return GgufHeader(
        name=str(found.get("name", "")),
        context=int(found.get("context", 0)),
        bytes=size,
        prompt_set=str(found.get("prompt_set", "")),
    )


def _facts(file: BinaryIO, path: Path) -> dict[str, str | int]:
    if file.read(4) != _MAGIC:
        raise SettingError(
            f"Model file {str(path)!r} is not a GGUF file: it does not begin with 'GGUF'; download "
            "the model's .gguf file."
        )
    version, _, entries = struct.unpack("<IQQ", file.read(20))
    if version not in _VERSIONS or entries > _MOST_ENTRIES:
        raise _broken(path)
    found: dict[str, str | int] = {}
    for _ in range(entries):
        key = _text(file)
        if key.startswith("tokenizer."):
            break
        value = _value(file, _number(file, "<I"))
        if key == "general.name" and isinstance(value, str):
            found["name"] = value
        elif key == "refinegraph.prompt_set" and isinstance(value, str):
            found["prompt_set"] = value
        elif key.endswith(".context_length") and isinstance(value, int):
            found["context"] = value
    return found


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
