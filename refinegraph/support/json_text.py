"""The type of JSON values, and serialisation of data models with arbitrary text."""

import json
import re

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
"""The values that `json.loads` returns."""

_HALF = re.compile("[\ud800-\udfff]")


def json_text(model: BaseModel, *, indent: int | None = None) -> str:
    """Return a data model as valid JSON; lone surrogates become U+FFFD."""
    try:
        return model.model_dump_json(indent=indent)
    except (PydanticSerializationError, UnicodeEncodeError):
        text = json.dumps(model.model_dump(), default=_plain, indent=indent, ensure_ascii=False)
        return whole_characters(text)


def whole_characters(text: str) -> str:
    r"""Replace lone surrogates by U+FFFD, so that the text can be encoded as UTF-8.

    >>> whole_characters("a\ud800b")
    'a\ufffdb'
    """
    return _HALF.sub("\ufffd", text)


def _plain(value: object) -> object:
    return value.model_dump() if isinstance(value, BaseModel) else str(value)
