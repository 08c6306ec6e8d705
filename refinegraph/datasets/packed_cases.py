"""Test cases as LiveCodeBench packs them: JSON, or base64 of zlib of a pickled JSON text.

The packing is that of `lcb_runner/benchmarks/code_generation.py` in the project's repository.
"""

import base64
import binascii
import json
import pickletools
import zlib

from refinegraph.datasets.fields import wrong_field
from refinegraph.datasets.files import Record
from refinegraph.errors import InputError
from refinegraph.support.json_text import Json

LARGEST_UNPACKED = 256 * 1024 * 1024
"""Bytes. The largest private tests known take tens of megabytes; zlib packs a thousand to one."""


def livecodebench_cases(
    record: Record, name: str, *, largest: int = LARGEST_UNPACKED
) -> list[Json]:
    """Read test cases that are a list, JSON text, or JSON text packed as LiveCodeBench packs it.

    Raises:
        InputError: The field is none of these, or holds more bytes than `largest` when it is
            unpacked; file and line are named.
    """
    value = record.fields.get(name)
    if value is None or value == "":
        return []
    if isinstance(value, str):
        value = _unpacked(record, name, value, largest)
    if not isinstance(value, list):
        raise _unreadable(record, name)
    return value


def _unpacked(record: Record, name: str, text: str, largest: int) -> Json:
    try:
        plain = text if text.lstrip()[:1] == "[" else _packed_text(text, largest)
        value: Json = json.loads(plain)
    except _TooLarge:
        raise InputError(
            f"{record.place}: the field {name!r} unpacks to more than {largest:,} bytes; it is "
            "not read."
        ) from None
    except (ValueError, binascii.Error, zlib.error, StopIteration, RecursionError):
        raise _unreadable(record, name) from None
    return value


class _TooLarge(Exception):
    pass


_STRING_OPCODES = frozenset({"UNICODE", "BINUNICODE", "BINUNICODE8", "SHORT_BINUNICODE"})


def _packed_text(text: str, largest: int) -> str:
    """Return the string in base64 of zlib of a pickle, which is searched but never loaded.

    Loading a pickle runs whatever it says; only the argument of the opcode for a string is read.
    """
    unpacker = zlib.decompressobj()
    packed = unpacker.decompress(base64.b64decode(text), largest)
    if unpacker.unconsumed_tail:
        raise _TooLarge
    opcodes = pickletools.genops(packed)
    return next(str(argument) for code, argument, _ in opcodes if code.name in _STRING_OPCODES)


def _unreadable(record: Record, name: str) -> InputError:
    return wrong_field(
        record,
        name,
        "a list of cases with 'input' and 'output', as JSON or packed as LiveCodeBench packs it",
    )
