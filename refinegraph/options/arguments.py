"""Functions whose keyword arguments are the options of a set.

Type checkers see the signature of the class that declares the options; `help()` and editors show
the same signature, with the help text of every option.
"""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from functools import wraps
from textwrap import fill
from typing import Any, ParamSpec, TypeVar

from refinegraph.options.config import configured
from refinegraph.options.option_set import OptionSet
from refinegraph.values import nearest

Parameters = ParamSpec("Parameters")
Options = TypeVar("Options", bound=OptionSet)
Result = TypeVar("Result")

_WIDTH = 96
"""Columns of a generated docstring: `help()` adds a margin of four and stays within 100."""


def takes(
    declaring: Callable[Parameters, Options],
) -> Callable[[Callable[[Options], Result]], Callable[Parameters, Result]]:
    """Let a function that takes a set of options be called with the options as arguments.

    Options that are missing or None come from the environment and the nearest `refinegraph.toml`.
    """
    options: Any = declaring

    def decorate(function: Callable[[Options], Result]) -> Callable[Parameters, Result]:
        signature = signature_of(options)

        def bound(*args: Any, **kwargs: Any) -> Any:
            try:
                given = signature.bind(*args, **kwargs).arguments
            except TypeError as error:
                hint = _hint(kwargs, signature)
                raise TypeError(f"{function.__name__}() {error}{hint}") from None
            return options(**configured(given))

        dressed: Callable[Parameters, Result] = _dressed(function, bound, signature, options)
        return dressed

    return decorate


def _hint(given: dict[str, Any], signature: inspect.Signature) -> str:
    """Return the nearest name to the first keyword that is unknown; empty if all are known."""
    known = list(signature.parameters)
    return next((nearest(name, known) for name in given if name not in known), "")


def _dressed(
    function: Callable[[Any], Any],
    bound: Callable[..., Any],
    signature: inspect.Signature,
    options: type[OptionSet],
) -> Any:
    """Return the function for callers: async if the original is, with docstring and signature."""
    dressed: Any
    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def run_async(*args: Any, **kwargs: Any) -> Any:
            return await function(bound(*args, **kwargs))

        dressed = run_async
    else:

        @wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            return function(bound(*args, **kwargs))

        dressed = run
    returns = inspect.signature(function).return_annotation
    dressed.__signature__ = signature.replace(return_annotation=returns)
    dressed.__annotations__ = {
        name: parameter.annotation for name, parameter in signature.parameters.items()
    }
    dressed.__doc__ = f"{inspect.getdoc(function)}\n\nArgs:\n{_arguments(options)}"
    return dressed


def signature_of(options: type[OptionSet]) -> inspect.Signature:
    """Return the signature of a set of options, with positional parameters first."""
    ordered = sorted(fields(options), key=lambda field: bool(field.kw_only))
    return inspect.Signature([_parameter(field) for field in ordered])


def _parameter(field: "Field[Any]") -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY
    default = inspect.Parameter.empty if field.default is MISSING else field.default
    return inspect.Parameter(
        field.name,
        kind if field.kw_only else inspect.Parameter.POSITIONAL_OR_KEYWORD,
        default=default,
        annotation=_type(field.type),
    )


def _type(annotation: Any) -> Any:
    """Return the type in `Annotated`, or its text if only type checkers import the name."""
    inner = annotation.__origin__
    return getattr(inner, "__forward_arg__", inner)


def _arguments(options: type[OptionSet]) -> str:
    """Return the lines of an `Args:` section."""
    names = signature_of(options).parameters
    lines = (f"{name}: {_sentence(options.declared[name].help)}" for name in names)
    return "\n".join(
        fill(line, _WIDTH, initial_indent=" " * 4, subsequent_indent=" " * 8) for line in lines
    )


def _sentence(help: str) -> str:
    return f"{help[0].upper()}{help[1:]}."
