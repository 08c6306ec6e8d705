"""Unpack the test cases of LiveCodeBench: JSON, or base64 of zlib of pickled JSON text.

The packing is that of `lcb_runner/benchmarks/code_generation.py` in LiveCodeBench's repository.
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
"""In bytes. The largest private tests known take tens of megabytes. The limit is needed because
zlib can compress a thousand to one."""


def livecodebench_cases(
    record: Record, name: str, *, largest: int = LARGEST_UNPACKED
) -> list[Json]:
    """Read test cases from a list, JSON text, or JSON text packed as in LiveCodeBench.

    Raises:
        InputError: The field is none of these, or unpacks to more than `largest` bytes. The message
            names the file and the line.
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
            f"{record.place}: the field {name!r} unpacks to more than {largest:,} bytes; it was "
            "not read."
        ) from None
    except (ValueError, binascii.Error, zlib.error, StopIteration, RecursionError):
        raise _unreadable(record, name) from None
    return value


class _TooLarge(Exception):
    pass


_STRING_OPCODES = frozenset({"UNICODE", "BINUNICODE", "BINUNICODE8", "SHORT_BINUNICODE"})


def _packed_text(text: str, largest: int) -> str:
    """Return the string in a base64-encoded, zlib-compressed pickle without loading the pickle.

    Loading a pickle can run arbitrary code, so only the argument of its first string opcode is
    read.
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
        "a list of cases with 'input' and 'output', as JSON or packed as in LiveCodeBench",
    )
