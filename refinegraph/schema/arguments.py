"""One-sentence errors for data models that are constructed with wrong arguments."""

import difflib
from collections.abc import Sequence

from pydantic import ValidationError

_LONGEST = 60
"""Characters of a value that a message quotes."""
_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "True or False",
    "bool_parsing": "True or False",
}
"""The wording for pydantic's most frequent types of errors; other errors keep pydantic's."""


def unexpected_positions(name: str, fields: Sequence[str]) -> str:
    """Return the sentence for arguments that were passed by position.

    >>> unexpected_positions("Problem", ["prompt", "id"])
    'Problem takes its arguments by name, such as Problem(prompt=...).'
    """
    return f"{name} takes its arguments by name, such as {name}({fields[0]}=...)."


def first_error(name: str, fields: Sequence[str], error: ValidationError) -> str:
    """Return one sentence about the first error: the argument, its value and what was expected."""
    errors = error.errors(include_url=False)
    first = errors[0]
    argument = ".".join(map(str, first["loc"]))
    if first["type"] == "missing":
        absent = [".".join(map(str, one["loc"])) for one in errors if one["type"] == "missing"]
        many = "arguments" if len(absent) > 1 else "argument"
        return f"{name} needs the {many} {', '.join(absent)}, as in {name}({absent[0]}=...)."
    if first["type"] == "extra_forbidden":
        return f"{name} has no argument {argument!r}{_nearest(argument, fields)}."
    shown = _shown(first["input"])
    if not argument:
        return f"{name} cannot be made: {_reason(first['msg'])}."
    if first["type"] == "literal_error":
        expected = first.get("ctx", {}).get("expected", "another value")
        return f"{name}: {argument}={shown} is not {expected}."
    if first["type"] in _EXPECTED:
        return f"{name}: {argument}={shown} is not {_EXPECTED[first['type']]}."
    return f"{name}: {argument}={shown} is not valid: {_reason(first['msg'])}."


def _reason(message: str) -> str:
    """Return pydantic's message as a clause."""
    clause = message.removeprefix("Value error, ").rstrip(".")
    return f"{clause[:1].lower()}{clause[1:]}" if clause.startswith("Input ") else clause


def _nearest(argument: str, fields: Sequence[str]) -> str:
    near = difflib.get_close_matches(argument, fields, n=1)
    return f" (did you mean {near[0]!r}?)" if near else f"; it has {', '.join(fields)}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
