"""Functions that take a set of options as keyword arguments, with all of them in their signature.

Type checkers see the signature of the class that holds the options; `help()` and editors see the
same, with what each option means.
"""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from functools import wraps
from textwrap import fill
from typing import Any, ParamSpec, TypeVar

from refinegraph.options.config import configured
from refinegraph.options.option_set import OptionSet

Parameters = ParamSpec("Parameters")
Options = TypeVar("Options", bound=OptionSet)
Result = TypeVar("Result")

_WIDTH = 96
"""Columns of a generated docstring, so that `help()` fits beside its own margin of four."""


def takes(
    declaring: Callable[Parameters, Options],
) -> Callable[[Callable[[Options], Result]], Callable[Parameters, Result]]:
    """Let a function of a set of options be called with the options themselves.

    What is not given, or is None, comes from the environment and the nearest `refinegraph.toml`.
    """
    options: Any = declaring

    def decorate(function: Callable[[Options], Result]) -> Callable[Parameters, Result]:
        signature = signature_of(options)

        def bound(*args: Any, **kwargs: Any) -> Any:
            try:
                given = signature.bind(*args, **kwargs).arguments
            except TypeError as error:
                raise TypeError(f"{function.__name__}() {error}") from None
            return options(**configured(given))

        dressed: Callable[Parameters, Result] = _dressed(function, bound, signature, options)
        return dressed

    return decorate


def _dressed(
    function: Callable[[Any], Any],
    bound: Callable[..., Any],
    signature: inspect.Signature,
    options: type[OptionSet],
) -> Any:
    """Return the function as callers see it: async if it is, with its documents and signature."""
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
    dressed.__annotations__ = {name: each.annotation for name, each in signature.parameters.items()}
    dressed.__doc__ = f"{inspect.getdoc(function)}\n\nArgs:\n{_arguments(options)}"
    return dressed


def signature_of(options: type[OptionSet]) -> inspect.Signature:
    """Return the signature of a set of options: those that may be positional first."""
    ordered = sorted(fields(options), key=lambda each: bool(each.kw_only))
    return inspect.Signature([_parameter(each) for each in ordered])


def _parameter(each: "Field[Any]") -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY
    default = inspect.Parameter.empty if each.default is MISSING else each.default
    return inspect.Parameter(
        each.name,
        kind if each.kw_only else inspect.Parameter.POSITIONAL_OR_KEYWORD,
        default=default,
        annotation=_type(each.type),
    )


def _type(annotation: Any) -> Any:
    """Return the type in `Annotated`; its text where it names what is imported later."""
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
