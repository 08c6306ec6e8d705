"""Read the fields of a record and report which of them is wrong."""

import json

from refinegraph.datasets.files import Record
from refinegraph.errors import InputError
from refinegraph.support.json_text import Json

_ID_FIELDS = ("task_id", "question_id", "problem_id", "unique_id", "id", "ID")


def record_id(record: Record, default_id: str) -> str:
    """Return the id of a record, even if its other fields cannot be read."""
    values = (record.fields.get(name) for name in _ID_FIELDS)
    return next((str(value) for value in values if isinstance(value, str | int)), default_id)


def text_field(record: Record, name: str, default: str | None = None) -> str:
    """Return the field as text.

    Numbers are converted, since ids and answers are often numbers. Line ends become `\\n`, and byte
    order marks are dropped.
    """
    value = record.fields.get(name)
    if isinstance(value, str):
        return plain_lines(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value)
    if value is None and default is not None:
        return default
    raise wrong_field(record, name, "text")


def statement_field(record: Record, name: str) -> str:
    """Return the field as text; raises `InputError` if it is blank."""
    text = text_field(record, name)
    if not text.strip():
        raise InputError(f"{record.place}: the field {name!r} is empty; expected a statement.")
    return text


def lines_field(record: Record, name: str) -> list[str]:
    """Return the field as a list of strings; a single string becomes a list of one."""
    value = record.fields.get(name)
    if value is None or value == "":
        return []
    texts: list[str] = []
    for part in value if isinstance(value, list) else [value]:
        if not isinstance(part, str):
            raise wrong_field(record, name, "a list of strings")
        texts.append(plain_lines(part))
    return texts


def tests_field(record: Record, name: str) -> str:
    """Return tests as text; the field is text, a list of strings, or a list of JSON cases."""
    value = record.fields.get(name)
    if isinstance(value, dict) or (isinstance(value, list) and _contains_object(value)):
        return json.dumps(value, ensure_ascii=False)
    return "\n".join(lines_field(record, name))


def json_field(record: Record, name: str) -> Json:
    """Return the field as JSON, parsed if it is text, or None if it is empty."""
    value = record.fields.get(name)
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    try:
        parsed: Json = json.loads(value)
    except (ValueError, RecursionError):
        raise wrong_field(record, name, "JSON") from None
    return parsed


def wrong_field(record: Record, name: str, expected: str) -> InputError:
    """Return the error for a field whose value is not what the format expects."""
    shown = json.dumps(record.fields.get(name))[:60]
    return InputError(f"{record.place}: the field {name!r} is {shown}; expected {expected}.")


def plain_lines(text: str) -> str:
    r"""Return the text with `\n` at line ends and without byte order marks.

    >>> plain_lines("\ufeffa\r\nb")
    'a\nb'
    """
    return text.replace("\ufeff", "").replace("\r\n", "\n").replace("\r", "\n")


def _number(value: float) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if whole else str(value)


def _contains_object(values: list[Json]) -> bool:
    return any(isinstance(value, dict) for value in values)
