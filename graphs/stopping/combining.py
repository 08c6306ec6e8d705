"""Stop rules that combine with `|`, `&` and `~`, including plain callables and async rules."""

from collections.abc import Awaitable, Callable, Sequence

from refinegraph.graphs.state import RefinementState
from refinegraph.schema import StopReason
from refinegraph.support.awaiting import MaybeAwaitable, settle
from refinegraph.support.signatures import check_part

RuleFunction = Callable[[RefinementState], MaybeAwaitable[StopReason | None]]
"""Returns a reason to stop, or None to continue; may be async."""


class StopRule:
    """A stop rule that can be combined with others.

    Subclasses implement `__call__`. Plain functions of the state are wrapped when combined.
    """

    def __call__(self, state: RefinementState) -> MaybeAwaitable[StopReason | None]:
        """Return a reason to stop, or None to continue; awaitable if a part is async."""
        raise NotImplementedError

    def __or__(self, other: RuleFunction) -> "StopRule":
        """Stop when either rule fires; the left rule's reason takes precedence."""
        return AnyOf(*_parts(AnyOf, self), *_parts(AnyOf, as_rule(other)))

    def __ror__(self, other: RuleFunction) -> "StopRule":
        """Stop when either rule fires, with a plain callable on the left."""
        return as_rule(other) | self

    def __and__(self, other: RuleFunction) -> "StopRule":
        """Stop when both rules fire."""
        return AllOf(*_parts(AllOf, self), *_parts(AllOf, as_rule(other)))

    def __rand__(self, other: RuleFunction) -> "StopRule":
        """Stop when both rules fire, with a plain callable on the left."""
        return as_rule(other) & self

    def __invert__(self) -> "StopRule":
        """Stop when this rule does not fire."""
        return Not(self)

    def __eq__(self, other: object) -> bool:
        """Return whether the other rule has the same expression."""
        return isinstance(other, StopRule) and repr(self) == repr(other)

    def __hash__(self) -> int:
        """Return the hash of the expression."""
        return hash(repr(self))


class Custom(StopRule):
    """A plain callable as a rule."""

    def __init__(self, function: RuleFunction) -> None:
        self.function = function

    def __call__(self, state: RefinementState) -> MaybeAwaitable[StopReason | None]:
        """Return the callable's result."""
        return self.function(state)

    def __repr__(self) -> str:
        """Return the callable's name."""
        return getattr(self.function, "__name__", repr(self.function))


class AnyOf(StopRule):
    """Stop when any of several rules fires."""

    def __init__(self, *rules: StopRule) -> None:
        self.rules = rules

    def __call__(self, state: RefinementState) -> MaybeAwaitable[StopReason | None]:
        """Return the reason of the first rule that fires."""
        for index, rule in enumerate(self.rules):
            reason = rule(state)
            if isinstance(reason, Awaitable):
                return _first_reason(reason, self.rules[index + 1 :], state)
            if reason:
                return reason
        return None

    def __repr__(self) -> str:
        """Return the rules joined by `|`."""
        return " | ".join(map(repr, self.rules))


class AllOf(StopRule):
    """Stop when all of several rules fire."""

    def __init__(self, *rules: StopRule) -> None:
        self.rules = rules

    def __call__(self, state: RefinementState) -> MaybeAwaitable[StopReason | None]:
        """Return the combined reasons if all rules fire, otherwise None."""
        reasons = [rule(state) for rule in self.rules]
        if any(isinstance(reason, Awaitable) for reason in reasons):
            return _all_reasons(reasons)
        return _joined([reason for reason in reasons if not isinstance(reason, Awaitable)])

    def __repr__(self) -> str:
        """Return the rules joined by `&`."""
        return " & ".join(_bracketed(rule, AnyOf) for rule in self.rules)


class Not(StopRule):
    """Stop when a rule does not fire."""

    def __init__(self, rule: StopRule) -> None:
        self.rule = rule

    def __call__(self, state: RefinementState) -> MaybeAwaitable[StopReason | None]:
        """Return a reason if the rule gives none, and vice versa."""
        reason = self.rule(state)
        if isinstance(reason, Awaitable):
            return self._later(reason)
        return self._inverted(reason)

    async def _later(self, reason: Awaitable[StopReason | None]) -> StopReason | None:
        return self._inverted(await reason)

    def _inverted(self, reason: StopReason | None) -> StopReason | None:
        return None if reason else StopReason(rule="not", detail=f"{self.rule!r} does not hold")

    def __invert__(self) -> StopRule:
        """Return the rule itself."""
        return self.rule

    def __repr__(self) -> str:
        """Return the rule preceded by `~`."""
        return f"~{_bracketed(self.rule, AnyOf, AllOf)}"


def as_rule(rule: RuleFunction) -> StopRule:
    """Return a combinable rule from a rule or a callable of the state."""
    if isinstance(rule, StopRule):
        return rule
    check_part(rule, "a stop rule", "state")
    return Custom(rule)


async def _first_reason(
    pending: Awaitable[StopReason | None], rules: Sequence[StopRule], state: RefinementState
) -> StopReason | None:
    reason = await pending
    for rule in rules:
        if reason:
            break
        reason = await settle(rule(state))
    return reason


async def _all_reasons(
    reasons: Sequence[MaybeAwaitable[StopReason | None]],
) -> StopReason | None:
    return _joined([await settle(reason) for reason in reasons])


def _joined(reasons: Sequence[StopReason | None]) -> StopReason | None:
    """Return all reasons combined, or None if one is missing."""
    fired = [reason for reason in reasons if reason]
    if len(fired) < len(reasons):
        return None
    return StopReason(
        rule="&".join(reason.rule for reason in fired),
        detail=" and ".join(reason.detail for reason in fired),
    )


def _bracketed(rule: StopRule, *looser: type[StopRule]) -> str:
    return f"({rule!r})" if isinstance(rule, looser) else repr(rule)


def _parts(kind: type[AnyOf] | type[AllOf], rule: StopRule) -> tuple[StopRule, ...]:
    return rule.rules if isinstance(rule, AnyOf | AllOf) and isinstance(rule, kind) else (rule,)
