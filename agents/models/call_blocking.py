"""Block real model calls, for tests."""

import os
from collections.abc import Sequence
from types import TracebackType

from refinegraph.errors import ModelCallBlocked

BLOCK_VARIABLE = "REFINEGRAPH_BLOCK_MODEL_CALLS"
"""Environment variable; if it is 1, the process starts with real model calls blocked."""


class _Rule:
    """Which real calls are allowed: prefixes of addresses, or None for all."""

    def __init__(self, allowed: tuple[str, ...] | None) -> None:
        self.allowed = allowed


_rule: _Rule | None = None


class _Change:
    """A change of the rule, effective immediately; as a context manager it is undone at exit."""

    def __init__(self, rule: _Rule) -> None:
        global _rule
        self._before = _rule
        _rule = rule

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        global _rule
        _rule = self._before


def block_real_calls(*, allow: Sequence[str] = ()) -> _Change:
    """Make every real model call of this process raise `ModelCallBlocked`.

    Calls to addresses that start with one of `allow`, such as a test's own server, are still
    allowed. The block starts immediately; in a `with` statement, the previous rule is restored at
    the end. Scripted models and LangChain's fake models are never blocked.

    >>> with block_real_calls():
    ...     check_call_allowed("openai/gpt-4o", None)
    Traceback (most recent call last):
        ...
    refinegraph.errors.ModelCallBlocked: Model 'openai/gpt-4o' was called while real model calls \
are blocked; use a ScriptedChatModel, or allow_real_calls().
    """
    return _Change(_Rule(tuple(allow)))


def allow_real_calls(*api_bases: str) -> _Change:
    """Allow real model calls again: all, or only those whose `api_base` has one of the prefixes."""
    return _Change(_Rule(api_bases or None))


def check_call_allowed(name: str, api_base: str | None) -> None:
    """Raise `ModelCallBlocked` if this real call is blocked."""
    allowed = _allowed()
    if allowed is None or (api_base is not None and api_base.startswith(allowed)):
        return
    raise ModelCallBlocked(
        f"Model {name!r} was called while real model calls are blocked; "
        "use a ScriptedChatModel, or allow_real_calls()."
    )


def _allowed() -> tuple[str, ...] | None:
    if _rule is not None:
        return _rule.allowed
    return () if os.environ.get(BLOCK_VARIABLE, "") not in ("", "0") else None
