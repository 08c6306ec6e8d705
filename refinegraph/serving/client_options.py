"""The options of a run that clients may choose, combined with those of the operator."""

from dataclasses import replace
from functools import cache
from typing import Any, Literal, get_args

from refinegraph.errors import InputError
from refinegraph.options import RunOptions
from refinegraph.schema import Frozen, Kind
from refinegraph.serving.names import MOST_SAMPLES, ServedModel
from refinegraph.serving.refusals import Refusal
from refinegraph.serving.requests import EXTENSION, ChatRequest
from refinegraph.values import nearest

_GROUPS = ("strategy", "limits", "parts")
"""Groups of options that clients may choose. The others belong to the operator."""
_WITHHELD = frozenset({"ask", "learn", "cost"})
"""Options that clients may not set: nobody could answer questions, and what the server learns or
stores affects all clients."""
_TASK = ("tests", "kind", "entry_point")
_LIMITS = ("budget_usd", "budget_tokens", "budget_calls", "timeout")


class TaskFields(Frozen):
    """What a client sends about its problem in addition to the statement."""

    tests: str = ""
    """Visible tests, in any form that `refinegraph.tools.parse_tests` reads."""
    kind: Kind | Literal["auto"] | None = None
    """`auto` infers the kind from the wording of the statement."""
    entry_point: str | None = None


@cache
def client_names() -> tuple[str, ...]:
    """Return the names that the field `refinegraph` of a request may contain.

    >>> "tests" in client_names(), "budget_tokens" in client_names(), "api_base" in client_names()
    (True, True, False)
    """
    declared = RunOptions.declared.items()
    allowed = [
        name
        for name, option in declared
        if option.group in _GROUPS and option.safe and name not in _WITHHELD
    ]
    return tuple(dict.fromkeys([*_TASK, *allowed]))


def task_fields(request: ChatRequest) -> TaskFields:
    """Return the description of the problem in a request; raises `Refusal` for invalid values."""
    extension = request.refinegraph or {}
    for name in ("tests", "entry_point"):
        if not isinstance(extension.get(name, ""), str):
            raise _bad(f"{EXTENSION}.{name} is {extension[name]!r:.60}; expected a text.")
    kind = extension.get("kind")
    kinds = [*(name for name in get_args(Kind) if name != "repository"), "auto"]
    if kind is not None and kind not in kinds:
        raise _bad(f"{EXTENSION}.kind is {kind!r:.60}; expected one of {', '.join(kinds)}.")
    fields = {name: extension[name] for name in _TASK if extension.get(name) is not None}
    return TaskFields(**fields)


def options_for(request: ChatRequest, served: ServedModel, own: RunOptions) -> RunOptions:
    """Return the operator's options, overridden by those of the client.

    Limits can only be lowered. Raises `Refusal` for an option that clients may not choose and for
    an invalid value.
    """
    chosen = _chosen(request)
    for name in _LIMITS:
        limits = [value for value in (chosen.get(name), getattr(own, name)) if value is not None]
        if limits:
            chosen[name] = min(limits)
    try:
        return replace(own, **{**_protocol(request, served), **chosen})
    except InputError as error:
        raise _bad(f"{EXTENSION}.{error}") from None


def _protocol(request: ChatRequest, served: ServedModel) -> dict[str, Any]:
    """Return the options in the model name and in the fields of OpenAI's protocol."""
    fields = {
        "model": served.model,
        "strategy": served.strategy,
        "samples": served.samples,
        "temperature": request.temperature,
        "max_tokens": request.answer_limit,
        "seed": request.seed,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _chosen(request: ChatRequest) -> dict[str, Any]:
    """Return the options in the field `refinegraph`, validated and normalised."""
    fields = request.refinegraph or {}
    values = {name: value for name, value in fields.items() if value is not None}
    allowed = client_names()
    for name in values:
        if name in RunOptions.declared and name not in allowed:
            raise _bad(
                f"{EXTENSION}.{name} is for the server's operator to choose, not for clients."
            )
        if name not in allowed:
            raise _bad(
                f"{EXTENSION}.{name} is unknown{nearest(name, allowed)}; expected one of "
                f"{', '.join(allowed)}."
            )
    return {name: _checked(name, value) for name, value in values.items() if name not in _TASK}


def _checked(name: str, value: Any) -> Any:
    option = RunOptions.declared[name]
    try:
        accepted = option.check(name, value)
    except InputError as error:
        raise _bad(f"{EXTENSION}.{error}") from None
    if not option.is_safe(accepted):
        raise _bad(f"{EXTENSION}.{name}={value!r:.60} cannot be chosen by a client.")
    if name == "samples" and accepted > MOST_SAMPLES:
        raise _bad(f"{EXTENSION}.samples={accepted} is too many; expected at most {MOST_SAMPLES}.")
    return accepted


def _bad(sentence: str) -> Refusal:
    return Refusal(sentence, code="invalid_option")
