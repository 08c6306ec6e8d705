"""Check, before anything runs, that a function can be called the way a graph will call it."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from refinegraph.errors import InputError


def check_part(part: Callable[..., Any], role: str, *takes: str) -> frozenset[str] | None:
    """Return the additional keywords that a function accepts; None if it accepts any.

    `takes` names the positional arguments that are passed. Raises `InputError`, whose message names
    the parameter, if the function accepts fewer arguments or requires more.

    >>> check_part(lambda state: None, "a router", "state")
    frozenset()
    >>> check_part(lambda: None, "a router", "state")
    Traceback (most recent call last):
    ...
    refinegraph.errors.InputError: '<lambda>' cannot be a router: it takes no parameter for the \
state; expected (state).
    """
    if not callable(part):
        raise InputError(f"{part!r:.100} cannot be {role}; expected a function ({_listed(takes)}).")
    try:
        parameters = list(inspect.signature(part).parameters.values())
    except (TypeError, ValueError):  # a builtin without a signature
        return None
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return None
    _check_count(part, role, takes, parameters)
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    filled = {parameter.name for parameter in _positional(parameters)[: len(takes)]}
    return frozenset(parameter.name for parameter in parameters) - filled


def name_of(function: Callable[..., Any]) -> str:
    """Return the name of a function, or of the class of any other callable."""
    return str(getattr(function, "__name__", type(function).__name__))


def _check_count(
    part: Callable[..., Any],
    role: str,
    takes: Sequence[str],
    parameters: Sequence[inspect.Parameter],
) -> None:
    positional = _positional(parameters)
    fault = None
    if len(positional) < len(takes):
        fault = f"it takes no parameter for the {takes[len(positional)]}"
    unfilled = [*positional[len(takes) :], *(p for p in parameters if p.kind is p.KEYWORD_ONLY)]
    required = [parameter.name for parameter in unfilled if parameter.default is parameter.empty]
    if required:
        fault = f"nothing is passed for its parameter {required[0]!r}"
    if fault:
        raise InputError(
            f"{name_of(part)!r} cannot be {role}: {fault}; expected ({_listed(takes)})."
        )


def _positional(parameters: Sequence[inspect.Parameter]) -> list[inspect.Parameter]:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [parameter for parameter in parameters if parameter.kind in kinds]


def _listed(takes: Sequence[str]) -> str:
    return ", ".join(takes)
