"""Encode plain data as JSON and decode it, on both sides of a sandbox.

This module also runs inside the sandbox, so it uses only the standard library. Only exact builtin
types are encoded; anything else raises `Unserializable`.
"""

import json
import struct
from itertools import pairwise
from typing import Any

SAFE_INTEGER = 2**53
"""Integers from here on are sent as hexadecimal text, which parses in linear time."""
MOST_EQUAL_HASHES = 64
"""Equal hashes in a set or dict beyond which its values were made to collide."""


class Unserializable(Exception):
    """A value that is not plain data, or too deep, too large or circular."""


class Malformed(Exception):
    """A frame that violates the protocol."""


def exact_type(value: object) -> Any:
    """Return the type of a value, which its `__class__` cannot forge."""
    return type(value)


def encode(value: object, depth: int = 100, items: int = 200_000) -> Any:
    """Return a value as JSON-compatible data that preserves the exact type of every part."""
    left = [items]
    return _encode(value, depth, left)


def _encode(value: Any, depth: int, left: list[int]) -> Any:
    kind = exact_type(value)
    left[0] -= 1
    if depth < 0 or left[0] < 0:
        raise Unserializable("the value is too deep, too large or circular")
    if value is None or kind is bool or kind is str:
        return value
    if kind is int:
        return value if -SAFE_INTEGER < value < SAFE_INTEGER else ["I", hex(value)]
    if kind is float:
        return ["f", value.hex()]
    if kind is complex:
        return ["c", value.real.hex(), value.imag.hex()]
    if kind is bytes:
        return ["b", value.hex()]
    if kind in _SEQUENCES:
        return [_SEQUENCES[kind], [_encode(item, depth - 1, left) for item in value]]
    if kind is dict:
        pairs = [
            [_encode(key, depth - 1, left), _encode(item, depth - 1, left)]
            for key, item in value.items()
        ]
        return ["d", pairs]
    raise Unserializable("a value of type " + str(getattr(kind, "__name__", "?"))[:80])


_SEQUENCES: dict[Any, str] = {list: "l", tuple: "t", set: "s", frozenset: "z"}


def decode(data: Any, depth: int = 100) -> Any:
    """Return the value that `encode` encoded as this data; raises `Malformed`."""
    kind = exact_type(data)
    if data is None or kind in (bool, str, int):
        return data
    if depth < 0 or kind is not list or len(data) < 2 or type(data[0]) is not str:
        raise Malformed("not plain data")
    try:
        return _decode_tagged(data[0], data[1:], depth - 1)
    except (TypeError, ValueError, OverflowError, AttributeError, LookupError) as error:
        raise Malformed(str(error)) from None


def _decode_tagged(tag: str, rest: list[Any], depth: int) -> Any:
    if len(rest) != _PARTS.get(tag) or any(exact_type(part) is not _PART[tag] for part in rest):
        raise Malformed("the number or the types of the parts do not match the tag")
    if tag == "I":
        return int(rest[0], 16)
    if tag == "f":
        return float.fromhex(rest[0])
    if tag == "c":
        return complex(float.fromhex(rest[0]), float.fromhex(rest[1]))
    if tag == "b":
        return bytes.fromhex(rest[0])
    if tag == "d":
        return _decode_dict(rest[0], depth)
    values = [decode(part, depth) for part in rest[0]]
    if tag == "l":
        return values
    if tag == "t":
        return tuple(values)
    _check_hashes(values)
    return set(values) if tag == "s" else frozenset(values)


def _decode_dict(pairs: list[Any], depth: int) -> dict[Any, Any]:
    if any(exact_type(pair) is not list or len(pair) != 2 for pair in pairs):
        raise Malformed("not pairs")
    decoded = [(decode(key, depth), decode(value, depth)) for key, value in pairs]
    _check_hashes([key for key, _ in decoded])
    return dict(decoded)


_PARTS = {"I": 1, "f": 1, "c": 2, "b": 1, "d": 1, "l": 1, "t": 1, "s": 1, "z": 1}
_PART: dict[str, Any] = {tag: str if tag in "Ifcb" else list for tag in _PARTS}


def _check_hashes(values: list[Any]) -> None:
    """Refuse values with colliding hashes, which would take quadratic time to put in a set."""
    hashes = sorted(map(hash, values))
    run = 1
    for before, now in pairwise(hashes):
        run = run + 1 if before == now else 1
        if run > MOST_EQUAL_HASHES:
            raise Malformed("too many equal hashes")


_ENCODER = json.JSONEncoder(separators=(",", ":"))
_DECODER = json.JSONDecoder()


def pack(message: dict[str, Any]) -> bytes:
    """Return a message as a frame: its length as four bytes, followed by JSON."""
    body = _ENCODER.encode(message).encode()
    return struct.pack(">I", len(body)) + body


def unpack(body: bytes) -> dict[str, Any]:
    """Return the message in a frame's body; raises `Malformed`."""
    try:
        message: Any = _DECODER.decode(body.decode())
    except (ValueError, RecursionError) as error:
        raise Malformed(str(error)[:200]) from None
    kind = exact_type(message)
    if kind is not dict:
        raise Malformed("not a message")
    checked: dict[str, Any] = message
    return checked
