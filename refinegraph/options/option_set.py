"""What an option is, and what every set of options can do: check, compare, keep, digest."""

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
"""Under which heading the help lists an option."""

_LONGEST_SHOWN = 80
"""Characters of a value in a message, so that a message stays one line."""


class Option(NamedTuple):
    """What is said of an option beside its name, type and default.

    The defaults are the strict ones: what is not declared safe may not be set by a file that its
    user has not trusted, and what is not declared harmless counts for the digest.
    """

    help: str
    value: Value
    """How it is read and checked."""
    group: Group
    commands: str = "solve eval batch fix serve mcp"
    """The commands that have its flag."""
    safe: bool | Callable[[Any], bool] = False
    """Whether a `refinegraph.toml` that its user has not trusted may set it, or to which values.
    Nothing that decides where keys, prompts or files go is safe."""
    affects_results: bool = True
    """Whether runs with different values must not be counted together."""
    is_setting: bool = True
    """Whether the environment and files may set it."""
    is_kept: bool = True
    """Whether it is part of a saved run."""
    short: str = ""
    """Its short flag, such as `-m`; empty for none."""

    def is_safe(self, value: Any) -> bool:
        """Whether a file that is not trusted may set this value."""
        return self.safe(value) if callable(self.safe) else self.safe

    def check(self, name: str, value: Any) -> Any:
        """Return the value in its normal form; raises `InputError` that names the option."""
        try:
            return self.value.accept(value)
        except UnfitValue as error:
            raise InputError(f"{name}={shown(value)} {error}.") from None


RENAMED = {"belief": "calibration", "price": "min_gain_per_1k_tokens"}
"""Options by the names that version 0.1 gave them in records and in `refinegraph.toml`."""


def current_names(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by the names that their options have now.

    >>> current_names({"price": 0.1, "seed": 1})
    {'min_gain_per_1k_tokens': 0.1, 'seed': 1}
    """
    return {RENAMED.get(name, name): value for name, value in data.items()}


@dataclass(frozen=True, kw_only=True)
class OptionSet:
    """A set of options, each declared as `name: Annotated[type, Option(...)] = default`.

    Frozen, and checked when it is made: raises `InputError` for a value that an option cannot take.
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
        for each in fields(self):
            value = getattr(self, each.name)
            if value is not each.default:
                checked = self.declared[each.name].check(each.name, value)
                object.__setattr__(self, each.name, checked)

    def __hash__(self) -> int:
        """Hash of what can be hashed; equal sets have equal hashes."""
        return hash(tuple(_hashable(getattr(self, each.name)) for each in fields(self)))

    def digest(self) -> str:
        """Return a digest of what affects results; options at their defaults do not count."""
        text = json.dumps(self._identities(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def difference(self, before: Self) -> str:
        """Say in which options that affect results this set differs from one before.

        Empty where it differs in none.
        """
        own, other = self._identities(), before._identities()
        names = [name for name in self.declared if own.get(name) != other.get(name)]
        return "; ".join(
            f"{name} was {shown(getattr(before, name))} and is {shown(getattr(self, name))}"
            for name in names
        )

    def data(self) -> dict[str, Any]:
        """Return the options that are kept as plain data, without credentials and without None."""
        values = ((name, getattr(self, name)) for name in self._kept())
        return {name: plain_data(value) for name, value in values if value is not None}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Return options from plain data, under old names too; raises `InputError` for others."""
        values = current_names(data)
        unknown = sorted(set(values) - set(cls.declared))
        if unknown:
            raise InputError(f"{unknown[0]!r} is no option.")
        return cls(**{name: value for name, value in values.items() if value is not None})

    @property
    def without_secrets(self) -> Self:
        """The options that are kept, without users, passwords and queries in addresses."""
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
        """Return what tells the values of the options that affect results from others."""
        values = ((each, getattr(self, each.name)) for each in fields(self))
        return {
            each.name: self.declared[each.name].value.identity(value)
            for each, value in values
            if value != each.default and self.declared[each.name].affects_results
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
    """Return a value as it is written in a message, without credentials.

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
