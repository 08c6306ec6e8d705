"""Options and sets of options, which can be checked, compared, saved and digested."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Self

from refinegraph.errors import InputError
from refinegraph.values import UnfitValue, Value, plain_data

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

Group = Literal["strategy", "models", "limits", "parts", "records", "output", "python"]
"""The heading under which the help lists an option."""

_LONGEST_SHOWN = 80
"""Characters of a value in a message, so that a message stays one line."""


class Option(NamedTuple):
    """The declaration of an option besides its name, type and default.

    The defaults are strict: an option that is not declared safe cannot be set by an untrusted file,
    and one that is not declared harmless is part of the digest.
    """

    help: str
    value: Value
    """How text is read, and how values are checked."""
    group: Group
    commands: str = "solve eval batch fix serve mcp"
    """The commands with this flag, separated by spaces."""
    safe: bool | Callable[[Any], bool] = False
    """Whether an untrusted `refinegraph.toml` may set it, or a test for the values it may set.
    Nothing that decides where keys, prompts or files go is safe."""
    affects_results: bool = True
    """Whether runs with different values must be evaluated separately."""
    is_setting: bool = True
    """Whether the environment and files may set it."""
    is_kept: bool = True
    """Whether it is part of a saved run."""
    short: str = ""
    """Its short flag, such as `-m`; empty for none."""

    def is_safe(self, value: Any) -> bool:
        """Whether an untrusted file may set this value."""
        return self.safe(value) if callable(self.safe) else self.safe

    def check(self, name: str, value: Any) -> Any:
        """Return the value in its normal form; raises `InputError` that names the option."""
        try:
            return self.value.accept(value)
        except UnfitValue as error:
            raise InputError(f"{name}={shown(value)} {error}.") from None


RENAMED = {"belief": "calibration", "price": "min_gain_per_1k_tokens"}
"""Names in records and settings files of version 0.1, with the present names."""


def current_names(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return values under the present names of their options.

    >>> current_names({"price": 0.1, "seed": 1})
    {'min_gain_per_1k_tokens': 0.1, 'seed': 1}
    """
    return {RENAMED.get(name, name): value for name, value in data.items()}


@dataclass(frozen=True, kw_only=True)
class OptionSet:
    """A set of options, each declared as `name: Annotated[type, Option(...)] = default`.

    Frozen, and checked on creation: raises `InputError` for a value that an option cannot take.
    """

    declared: ClassVar[dict[str, Option]] = {}
    """The options by name, in their order."""

    def __init_subclass__(cls) -> None:
        """Read the options from the annotations."""
        own = {
            name: annotation.__metadata__[0]
            for name, annotation in cls.__annotations__.items()
            if hasattr(annotation, "__metadata__")
        }
        cls.declared = {**cls.declared, **own}

    def __post_init__(self) -> None:
        """Check every value that is not the default and bring it into its normal form."""
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not field.default:
                checked = self.declared[field.name].check(field.name, value)
                object.__setattr__(self, field.name, checked)

    def __hash__(self) -> int:
        """Hash all hashable values; equal sets have equal hashes."""
        return hash(tuple(_hashable(getattr(self, field.name)) for field in fields(self)))

    def digest(self) -> str:
        """Return a digest of what affects results; options at their defaults do not count."""
        text = json.dumps(self._identities(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def difference(self, before: Self) -> str:
        """Describe the differences to an earlier set in options that affect results.

        Returns an empty string if there are none.
        """
        own, other = self._identities(), before._identities()
        names = [name for name in self.declared if own.get(name) != other.get(name)]
        return "; ".join(
            f"{name} was {shown(getattr(before, name))} and is {shown(getattr(self, name))}"
            for name in names
        )

    def data(self) -> dict[str, Any]:
        """Return the options that are saved, as plain data without credentials and None."""
        values = ((name, getattr(self, name)) for name in self._kept())
        return {name: plain_data(value) for name, value in values if value is not None}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Return options from plain data, also under old names; raises `InputError` for others."""
        values = current_names(data)
        unknown = sorted(set(values) - set(cls.declared))
        if unknown:
            raise InputError(f"unknown option {unknown[0]!r}.")
        return cls(**{name: value for name, value in values.items() if value is not None})

    @property
    def without_secrets(self) -> Self:
        """The options that are saved, without users, passwords and queries in addresses."""
        return self.from_data(self.data())

    @property
    def places(self) -> dict[str, Any]:
        """The options that decide where keys, prompts or files go, with their values."""
        values = {name: getattr(self, name) for name in self._kept()}
        return {
            name: value
            for name, value in values.items()
            if value not in (None, (), False) and not self.declared[name].is_safe(value)
        }

    def _kept(self) -> list[str]:
        return [name for name, option in self.declared.items() if option.is_kept]

    def _identities(self) -> dict[str, Any]:
        """Return what identifies the values of the options that affect results."""
        values = ((field, getattr(self, field.name)) for field in fields(self))
        return {
            field.name: self.declared[field.name].value.identity(value)
            for field, value in values
            if value != field.default and self.declared[field.name].affects_results
        }

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: "GetCoreSchemaHandler"
    ) -> "CoreSchema":
        """Let pydantic read and write options as plain data."""
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            lambda given: given if isinstance(given, cls) else cls.from_data(given),
            serialization=core_schema.plain_serializer_function_ser_schema(cls.data),
        )


def shown(value: Any) -> str:
    """Return a value for a message, without credentials.

    >>> shown("http://me:hush@host"), shown(("a",))
    ("'http://host'", "('a',)")
    """
    text = repr(tuple(plain_data(value)) if isinstance(value, tuple) else plain_data(value))
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _hashable(value: Any) -> Any:
    try:
        hash(value)
    except TypeError:
        return type(value).__name__
    return value
