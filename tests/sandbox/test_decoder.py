"""The host decodes or rejects any message, in bounded time and memory."""

import json
import time
import tracemalloc
from collections.abc import Callable, Iterator
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from refinegraph.schema import CaseOutcome
from refinegraph.tools.sandbox.comparing import same_value, show
from refinegraph.tools.sandbox.guest import codec
from refinegraph.tools.sandbox.outcomes import (
    error_in,
    is_load,
    seconds_in,
    trace_in,
    traceback_in,
    unit_outcome,
)

PRIME = 2**61 - 1
"""All multiples of it have the same hash."""
MOST_SECONDS = 2.0
MOST_MEMORY = 60
"""Bytes that may replace a byte of a frame."""

any_text = st.text(st.characters(), max_size=6)
digits = st.text("0123456789abcdefxp+-._", max_size=8)
plain = st.none() | st.booleans() | st.integers() | st.floats() | any_text | digits
json_values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4)
)
tagged = st.recursive(
    plain,
    lambda inner: (
        st.builds(
            lambda tag, parts: [tag, *parts],
            st.sampled_from("IfcbdltszX"),
            st.lists(inner, max_size=3),
        )
        | st.builds(
            lambda tag, parts: [tag, parts], st.sampled_from("dltsz"), st.lists(inner, max_size=4)
        )
        | st.lists(inner, min_size=2, max_size=2)
    ),
    max_leaves=15,
)


def _decoded(body: bytes) -> None:
    """Process a frame exactly as the host does."""
    try:
        value = codec.decode(codec.unpack(body).get("value"))
    except codec.Malformed:
        return
    show(value)
    same_value(value, value)
    same_value(value, ["something", 1.5])


@settings(max_examples=200)
@given(tagged)
@example(["c", "0x1p0"])
@example(["d", [["a"]]])
@example(["I", ["1"]])
@example(["s", [["l", []]]])
def test_decoder_raises_only_its_own_error(data: object) -> None:
    try:
        codec.decode(data)
    except codec.Malformed:
        return


@given(json_values)
def test_whole_frames_are_decoded_or_refused(value: object) -> None:
    _decoded(json.dumps({"call": 1, "value": value}).encode())


def _mutations(seed: int) -> Iterator[bytes]:
    """Yield frames of an honest program with bytes changed, dropped, repeated and moved."""
    random = Random(seed)
    values = [{"a": [1, 2.5, (b"x", 2j)]}, [{1, 2}, frozenset("ab")], 2**70, ["\udc80", None, True]]
    whole = [
        json.dumps({"call": 1, "value": codec.encode(each), "seconds": 0.1}).encode()
        for each in values
    ]
    for _ in range(500):
        body = bytearray(random.choice(whole))
        for _ in range(random.randint(1, 4)):
            start, end = sorted(random.choices(range(len(body) + 1), k=2))
            change = random.randrange(4)
            if change == 0 and body:
                body[random.randrange(len(body))] = random.choice(b'[]{}",:0x1IfcbdltszN\\\x00\xff')
            elif change == 1:
                del body[start : start + 3]
            elif change == 2:
                body[end:end] = body[start:end][:40]
            else:
                body[start:end] = reversed(body[start:end])
        yield bytes(body)


@pytest.mark.parametrize("seed", range(4))
def test_mutated_frames_are_decoded_or_refused(seed: int) -> None:
    for body in _mutations(seed):
        _decoded(body)


def _frame(value: object) -> bytes:
    return json.dumps({"call": 1, "value": value}).encode()


def _many(tag: str, part: str, count: int) -> bytes:
    return f'{{"value":["{tag}",[{",".join([part] * count)}]]}}'.encode()


LARGE: dict[str, Callable[[], bytes]] = {
    "brackets": lambda: b"[" * 4_000_000,
    "objects in objects": lambda: b'{"a":' * 700_000,
    "small lists": lambda: _many("l", '["l",[]]', 50_000),
    "small dictionaries": lambda: _many("l", '["d",[]]', 50_000),
    "texts": lambda: _many("l", '""', 50_000),
    "numbers of many digits": lambda: _many("l", "9" * 4300, 900),
    "a number of too many digits": lambda: b'{"value":' + b"9" * 4_000_000 + b"}",
    "a number of 16 million bits": lambda: _frame(["I", "0x" + "f" * 4_000_000]),
    "a float of many digits": lambda: _frame(["f", "0x1." + "1" * 4_000_000]),
    "a float with a long exponent": lambda: _frame(["f", "0x1p" + "1" * 4_000_000]),
    "the same key again": lambda: b"{" + b",".join([b'"a":1'] * 500_000) + b"}",
    "nothing a number": lambda: _frame(["s", [["f", "nan"]] * 50_000]),
    "a set of equal hashes": lambda: _frame(["s", [["I", hex(PRIME * n)] for n in range(20_000)]]),
    "keys of equal hashes": lambda: _frame(
        ["d", [[["I", hex(PRIME * n)], 1] for n in range(20_000)]]
    ),
    "tuples of equal hashes": lambda: _frame(
        ["s", [["t", [["I", hex(PRIME * n)]]] for n in range(20_000)]]
    ),
    "frozen sets of equal hashes": lambda: _frame(
        ["s", [["z", [["I", hex(PRIME * n)]]] for n in range(20_000)]]
    ),
    "just few enough equal hashes": lambda: _frame(
        ["s", [["I", hex(n + PRIME * m)] for n in range(1500) for m in range(60)]]
    ),
    "hashes with equal low bits": lambda: _frame(
        ["s", [["I", hex(n << 40)] for n in range(90_000)]]
    ),
    "powers of two": lambda: _frame(["s", [["I", hex(1 << n)] for n in range(4000)]]),
}


@pytest.mark.parametrize("make", LARGE.values(), ids=LARGE)
def test_large_frames_take_little_time_and_memory(make: Callable[[], bytes]) -> None:
    body = make()
    began = time.thread_time()
    _decoded(body)
    seconds = time.thread_time() - began
    tracemalloc.start()
    _decoded(body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds < MOST_SECONDS
    assert peak < MOST_MEMORY * len(body) + 1_000_000


def test_equal_hashes_are_refused_before_a_set_is_made_of_them() -> None:
    """A set of this many items takes minutes."""
    body = LARGE["a set of equal hashes"]()
    with pytest.raises(codec.Malformed, match="equal hashes"):
        codec.decode(codec.unpack(body)["value"])


KEYS = (
    *("call", "unit", "status", "error", "said", "trace", "got", "expected", "seconds"),
    *("loaded", "names", "value", "unserializable", "trace_lines", "too_large", "lost"),
)
messages = st.dictionaries(st.sampled_from(KEYS), json_values, max_size=6)


@given(messages)
def test_any_message_can_be_read(told: dict[str, object]) -> None:
    told = codec.unpack(codec.pack(told)[4:])
    is_load(told)
    error_in(told)
    traceback_in(told)
    trace_in(told)
    assert 0 <= seconds_in(told) < 1e6
    assert unit_outcome("1", "f()", told).id == "1"


@given(messages)
@example({"error": "\ud800", "said": "\udfff"})
@example({"trace": "\udc80"})
def test_every_decoded_message_can_be_serialised(told: dict[str, object]) -> None:
    told = codec.unpack(codec.pack(told)[4:])
    outcome = unit_outcome("1", "f()", told)
    assert CaseOutcome.model_validate_json(outcome.model_dump_json()) == outcome
