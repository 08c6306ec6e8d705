"""Models as JSON text, whatever a language model wrote into them."""

import json
import re

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError

_HALF = re.compile(r"\\ud[89a-f][0-9a-f]{2}", re.IGNORECASE)


def json_text(model: BaseModel, *, indent: int | None = None) -> str:
    """Return a model as JSON that any reader accepts; halves of characters become U+FFFD."""
    try:
        return model.model_dump_json(indent=indent)
    except (PydanticSerializationError, UnicodeEncodeError):
        whole = json.dumps(model.model_dump(), default=_plain, indent=indent)
        return _HALF.sub(r"\\ufffd", whole)


def _plain(value: object) -> object:
    return value.model_dump() if isinstance(value, BaseModel) else str(value)
