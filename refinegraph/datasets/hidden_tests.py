"""Hidden tests of data sets that do not come as Python source."""

import base64
import binascii
import json
import pickletools
import zlib

from refinegraph.datasets.files import Record
from refinegraph.errors import InputError
from refinegraph.json_values import Json

_DIFFERENTIAL = """\
from copy import deepcopy


def _load_reference():
    namespace = {{}}
    exec({reference!r}, namespace)
    return namespace[{entry_point!r}]


def _alike(got, wanted):
    if isinstance(wanted, float) and isinstance(got, (int, float)):
        return got == wanted or abs(got - wanted) <= {tolerance!r}
    if isinstance(wanted, (list, tuple)) and type(got) is type(wanted):
        return len(got) == len(wanted) and all(map(_alike, got, wanted))
    return got == wanted


_reference = _load_reference()
for _arguments in {inputs}:
    _wanted = _reference(*deepcopy(_arguments))
    assert _alike({entry_point}(*deepcopy(_arguments)), _wanted), _arguments
"""
_DEFAULT_TOLERANCE = 1e-6


def differential_tests(
    *, entry_point: str, reference: str, inputs: list[list[Json]], tolerance: float = 0.0
) -> str:
    """Write tests that compare a program with a reference solution on given inputs.

    The reference is executed where the tests are, so only there are its results known; floats
    may differ by the tolerance, 1e-6 where it is 0.
    """
    return _DIFFERENTIAL.format(
        reference=reference,
        entry_point=entry_point,
        tolerance=tolerance or _DEFAULT_TOLERANCE,
        inputs=repr(inputs),
    )


def livecodebench_cases(record: Record, name: str) -> list[Json]:
    """Read test cases that are a list, JSON text, or JSON text packed as LiveCodeBench packs it.

    Raises:
        InputError: The field is none of these; file and line are named.
    """
    value = record.fields.get(name)
    if value is None or value == "":
        return []
    if isinstance(value, str):
        value = _unpacked(record, name, value)
    if not isinstance(value, list):
        raise _unreadable(record, name)
    return value


def _unpacked(record: Record, name: str, text: str) -> Json:
    try:
        plain = text if text.lstrip()[:1] == "[" else _packed_text(text)
        value: Json = json.loads(plain)
    except (ValueError, binascii.Error, zlib.error, StopIteration):
        raise _unreadable(record, name) from None
    return value


def _packed_text(text: str) -> str:
    """Base64 of zlib of a pickled string; only the string is read, nothing is unpickled."""
    packed = zlib.decompress(base64.b64decode(text))
    strings = (argument for _, argument, _ in pickletools.genops(packed))
    return next(each for each in strings if isinstance(each, str))


def _unreadable(record: Record, name: str) -> InputError:
    return InputError(
        f"{record.place}: the field {name!r} can not be read; expected a list of cases with "
        "'input' and 'output', as JSON or packed as LiveCodeBench packs it."
    )
