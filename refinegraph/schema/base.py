"""What all values share."""

from collections.abc import Mapping
from typing import Any, cast

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value that can not be changed and has no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def fields_with(data: object, *names: str) -> dict[str, Any] | None:
    """Return a copy of the fields where they have one of the names; None otherwise."""
    if not isinstance(data, Mapping):
        return None
    fields = dict(cast("Mapping[str, Any]", data))
    return fields if any(name in fields for name in names) else None
