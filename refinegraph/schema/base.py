"""The base class of all data models."""

from collections.abc import Mapping
from typing import Any, cast

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """An immutable value that rejects unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def fields_with(data: object, *names: str) -> dict[str, Any] | None:
    """Return a copy of the fields if any of the names is among them; None otherwise."""
    if not isinstance(data, Mapping):
        return None
    fields = dict(cast("Mapping[str, Any]", data))
    return fields if any(name in fields for name in names) else None
