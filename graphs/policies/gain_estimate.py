"""The numbers that a decision was made from: kept with it, and read back to replay it."""

from typing import Any, TypeVar, get_type_hints

from refinegraph.schema import Action, Decision, Feature

__all__ = ["Action", "features_of", "numbers_of"]

Numbers = TypeVar("Numbers", bound=tuple[object, ...])


def features_of(numbers: Any) -> tuple[Feature, ...]:
    """Return the numbers as a decision keeps them.

    >>> from typing import NamedTuple
    >>> class Weighed(NamedTuple):
    ...     gain: float
    ...     samples: int
    >>> [each.name for each in features_of(Weighed(0.5, 2))]
    ['gain', 'samples']
    """
    return tuple(Feature(name=name, value=value) for name, value in numbers._asdict().items())


def numbers_of(decision: Decision, kind: type[Numbers]) -> Numbers:
    """Return the numbers that a decision was made from; raises `KeyError` where it kept others."""
    told = {each.name: each.value for each in decision.features}
    values: dict[str, Any] = {
        name: int(told[name]) if hint is int else told[name]
        for name, hint in get_type_hints(kind).items()
    }
    made: Any = kind
    found: Numbers = made(**values)
    return found
