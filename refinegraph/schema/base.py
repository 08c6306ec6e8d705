"""The base class of all data models."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from refinegraph.errors import InputError
from refinegraph.schema.arguments import first_error, unexpected_positions


class Frozen(BaseModel):
    """An immutable value that rejects unknown fields.

    Wrong arguments of the constructor raise `InputError`; data that is read (`model_validate`)
    raises pydantic's `ValidationError`, which has the path to the error.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    if not TYPE_CHECKING:  # checkers derive the arguments from the fields

        def __new__(cls, *positional, **fields):
            """Refuse arguments by position, which pydantic reports in terms of its own base."""
            if positional:
                raise InputError(unexpected_positions(cls.__name__, list(cls.model_fields)))
            return super().__new__(cls)

    def __init__(self, /, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            cls = type(self)
            raise InputError(first_error(cls.__name__, list(cls.model_fields), error)) from None

    # Without the mark, pydantic calls this method for every model inside data that is read.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]


def fields_with(data: object, *names: str) -> dict[str, Any] | None:
    """Return a copy of the fields if any of the names is among them; None otherwise."""
    if not isinstance(data, Mapping):
        return None
    fields = dict(cast("Mapping[str, Any]", data))
    return fields if any(name in fields for name in names) else None
