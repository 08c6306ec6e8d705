"""Visible tests as JSON: calls with their results, or standard input with its output."""

import json
from collections.abc import Iterator

from refinegraph.errors import InputError
from refinegraph.schema import CallCase, StdioCase, VisibleTest
from refinegraph.support.json_text import Json

_EXPECTED = ("output", "expected", "expected_output", "result")


def read_json_cases(text: str) -> list[Json] | None:
    """Return the cases of a JSON list, a JSON object or JSON lines; None if it is not JSON."""
    if text.lstrip()[:1] not in ("[", "{"):
        return None
    try:
        whole: Json = json.loads(text)
    except ValueError:
        return _json_lines(text)
    if isinstance(whole, dict):
        return _columns(whole) or [whole]
    return whole if isinstance(whole, list) else None


def _json_lines(text: str) -> list[Json] | None:
    lines = [line for line in text.splitlines() if line.strip()]
    try:
        return [json.loads(line) for line in lines]
    except ValueError:
        return None


def _columns(whole: dict[str, Json]) -> list[Json] | None:
    """Return the cases of two parallel lists, `inputs` and `outputs`, the format of APPS."""
    inputs, outputs = whole.get("inputs"), whole.get("outputs")
    if not isinstance(inputs, list) or not isinstance(outputs, list):
        return None
    pairs = zip(inputs, outputs, strict=False)
    return [{"input": arguments, "output": output} for arguments, output in pairs]


def json_tests(cases: list[Json], entry_point: str | None) -> Iterator[VisibleTest]:
    """Yield one test per case.

    Raises:
        InputError: A case has an unknown form, or calls a function that nothing names.
    """
    for number, case in enumerate(cases, 1):
        if not isinstance(case, dict):
            raise _not_understood(number, case)
        yield _test_of(number, case, entry_point)


def _test_of(number: int, case: dict[str, Json], entry_point: str | None) -> VisibleTest:
    stdin, stdout = case.get("stdin"), case.get("stdout")
    if isinstance(stdin, str) and isinstance(stdout, str):
        return StdioCase(id="t", stdin=stdin, stdout=stdout)
    key = next((key for key in _EXPECTED if key in case), None)
    value = case.get("input", case.get("args", case.get("arguments")))
    if key is None or not {"input", "args", "arguments"} & case.keys():
        raise _not_understood(number, case)
    expected = case[key]
    functional = case.get("testtype") == "functional"
    if isinstance(value, str) and isinstance(expected, str):
        if functional:
            return _functional(number, value, expected, entry_point)
        return StdioCase(id="t", stdin=value, stdout=expected)
    return _call(number, _arguments(value), expected, case, entry_point)


def _functional(number: int, text: str, expected: str, entry_point: str | None) -> VisibleTest:
    """Return a case with one JSON argument per line and a JSON result, as in LiveCodeBench."""
    try:
        arguments: list[Json] = [json.loads(line) for line in text.split("\n") if line.strip()]
        result: Json = json.loads(expected)
    except ValueError:
        raise _not_understood(number, {"input": text, "output": expected}) from None
    return _call(number, arguments, result, {}, entry_point)


def _arguments(value: Json) -> list[Json]:
    if isinstance(value, dict) and set(value) == {"args"}:
        inner = value["args"]
        return inner if isinstance(inner, list) else [inner]
    return value if isinstance(value, list) else [value]


def _call(
    number: int,
    arguments: list[Json],
    expected: Json,
    case: dict[str, Json],
    entry_point: str | None,
) -> CallCase:
    named = case.get("entry_point", case.get("function"))
    function = named if isinstance(named, str) else entry_point
    if function is None:
        raise InputError(
            f"JSON case {number} calls a function, but neither the case nor the problem names it; "
            "add 'entry_point' to the case or to the problem."
        )
    return CallCase(
        id="t", entry_point=function, arguments=repr(tuple(arguments)), expected=repr(expected)
    )


def _not_understood(number: int, case: Json) -> InputError:
    shown = json.dumps(case, ensure_ascii=False)
    return InputError(
        f"JSON case {number} has an unknown form: {shown[:120]!r}; expected "
        '{"input": [arguments], "output": value} or {"stdin": text, "stdout": text}.'
    )
