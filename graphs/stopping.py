"""When to stop: rules that read the state and say why they fire.

    stop = rounds(3) | accepted() | stalled(2) | budget(tokens=20_000)

Rules combine with `|` (any), `&` (all) and `~` (not), also with plain callables on either side,
and their repr is the expression that makes them. No rule raises on an empty pool.
"""

from collections.abc import Awaitable, Callable, Sequence

from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Candidate, StopReason
from refinegraph.support.awaiting import MaybeAwaitable, settle
from refinegraph.support.signatures import check_part
from refinegraph.tools.programs import program_fingerprint
from refinegraph.wording import all_visible_tests

RuleFunction = Callable[[RefinementState], MaybeAwaitable[StopReason | None]]
"""Anything that takes the state and returns a reason to stop, or None to go on; async or not."""


class StopRule:
    """A stop rule that combines with others.

    A subclass implements `__call__`; any function of the state is wrapped when it is combined.
    """

    def __call__(self, state: RefinementState) -> MaybeAwaitable[StopReason | None]:
        """Return why to stop now, or None to go on; awaitable where a part of it is async."""
        raise NotImplementedError

    def __or__(self, other: RuleFunction) -> "StopRule":
        """Stop when either fires; the left one's reason comes first."""
        return AnyOf(*_parts(AnyOf, self), *_parts(AnyOf, as_rule(other)))

    def __ror__(self, other: RuleFunction) -> "StopRule":
        """Stop when either fires, with a plain callable on the left."""
        return as_rule(other) | self

    def __and__(self, other: RuleFunction) -> "StopRule":
        """Stop when both fire."""
        return AllOf(*_parts(AllOf, self), *_parts(AllOf, as_rule(other)))

    def __rand__(self, other: RuleFunction) -> "StopRule":
        """Stop when both fire, with a plain callable on the left."""
        return as_rule(other) & self

    def __invert__(self) -> "StopRule":
        """Stop when this rule does not fire."""
        return Not(self)

    def __eq__(self, other: object) -> bool:
        """Whether the other rule is written the same."""
        return isinstance(other, StopRule) and repr(self) == repr(other)

    def __hash__(self) -> int:
        """Hash of the expression."""
        return hash(repr(self))


class Custom(StopRule):
    """A plain callable as a rule."""

    def __init__(self, function: RuleFunction) -> None:
        self.function = function

    def __call__(self, state: RefinementState) -> MaybeAwaitable[StopReason | None]:
        """Return what the callable returns."""
        return self.function(state)

    def __repr__(self) -> str:
        """The callable's name."""
        return getattr(self.function, "__name__", repr(self.function))


class AnyOf(StopRule):
    """Stop when any of several rules fires."""

    def __init__(self, *rules: StopRule) -> None:
        self.rules = rules

    def __call__(self, state: RefinementState) -> MaybeAwaitable[StopReason | None]:
        """Return the reason of the first rule that fires."""
        for position, rule in enumerate(self.rules):
            reason = rule(state)
            if isinstance(reason, Awaitable):
                return _first_reason(reason, self.rules[position + 1 :], state)
            if reason:
                return reason
        return None

    def __repr__(self) -> str:
        """The rules joined by `|`."""
        return " | ".join(map(repr, self.rules))


class AllOf(StopRule):
    """Stop when all of several rules fire."""

    def __init__(self, *rules: StopRule) -> None:
        self.rules = rules

    def __call__(self, state: RefinementState) -> MaybeAwaitable[StopReason | None]:
        """Return the reasons of all rules as one, or None."""
        reasons = [rule(state) for rule in self.rules]
        if any(isinstance(reason, Awaitable) for reason in reasons):
            return _all_reasons(reasons)
        return _joined([reason for reason in reasons if not isinstance(reason, Awaitable)])

    def __repr__(self) -> str:
        """The rules joined by `&`."""
        return " & ".join(_bracketed(rule, AnyOf) for rule in self.rules)


class Not(StopRule):
    """Stop when a rule does not fire."""

    def __init__(self, rule: StopRule) -> None:
        self.rule = rule

    def __call__(self, state: RefinementState) -> MaybeAwaitable[StopReason | None]:
        """Return a reason exactly when the rule gives none."""
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
        """The rule after `~`."""
        return f"~{_bracketed(self.rule, AnyOf, AllOf)}"


class rounds(StopRule):
    """Stop after that many rounds of refinement.

    >>> rounds(3) | rounds(5)
    rounds(3) | rounds(5)
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def __call__(self, state: RefinementState) -> StopReason | None:
        """Fire when the number of rounds has reached the limit."""
        if state.round < self.limit:
            return None
        return StopReason(
            rule="rounds",
            detail=f"{state.round} of {self.limit} rounds were made",
            observed=state.round,
            limit=self.limit,
        )

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"rounds({self.limit})"


class accepted(StopRule):
    """Stop when a candidate passes every visible test that counts as proof.

    Generated tests and a Reviewer's approval never count.
    """

    def __call__(self, state: RefinementState) -> StopReason | None:
        """Fire on the first candidate whose verdict is a pass."""
        for candidate in state.candidates:
            if candidate.verdict and candidate.verdict.passed:
                count = len(candidate.verdict.tests)
                return StopReason(
                    rule="accepted",
                    detail=f"candidate {candidate.id} passed {all_visible_tests(count)}",
                    observed=count,
                    limit=count,
                )
        return None

    def __repr__(self) -> str:
        """The call that makes it."""
        return "accepted()"


class stalled(StopRule):
    """Stop when the best score has not risen for that many rounds."""

    def __init__(self, patience: int, *, minimum_gain: float = 0.0) -> None:
        self.patience = patience
        self.minimum_gain = minimum_gain

    def __call__(self, state: RefinementState) -> StopReason | None:
        """Fire when the best score now is that of `patience` rounds ago."""
        if state.round < self.patience:
            return None
        before = _best(state, state.round - self.patience)
        now = _best(state, state.round)
        if before is None or now is None or now - before > self.minimum_gain:
            return None
        return StopReason(
            rule="stalled",
            detail=f"the best score stayed at {now:.3g} for {self.patience} rounds",
            observed=now,
            limit=before,
        )

    def __repr__(self) -> str:
        """The call that makes it."""
        gain = f", minimum_gain={self.minimum_gain}" if self.minimum_gain else ""
        return f"stalled({self.patience}{gain})"


class oscillating(StopRule):
    """Stop when a round brought nothing but programs or answers that were seen before."""

    def __call__(self, state: RefinementState) -> StopReason | None:
        """Fire when every refinement of the last round repeats an earlier candidate."""
        latest = _refinements(state, state.round)
        before = [candidate for candidate in state.candidates if candidate.round < state.round]
        earlier = set(map(_mark, before))
        if not latest or any(_mark(candidate) not in earlier for candidate in latest):
            return None
        return StopReason(
            rule="oscillating",
            detail=f"all {len(latest)} refinements of round {state.round} were seen before",
            observed=len(latest),
            limit=len(latest),
        )

    def __repr__(self) -> str:
        """The call that makes it."""
        return "oscillating()"


class same_failure(StopRule):
    """Stop when refinements fail as their ancestors did: the same tests, the same exceptions.

    `times` is how many generations in a row must have failed alike.
    """

    def __init__(self, times: int = 3) -> None:
        self.times = times

    def __call__(self, state: RefinementState) -> StopReason | None:
        """Fire when every refinement of the last round repeats its ancestors' failure."""
        latest = _refinements(state, state.round)
        by_id = {candidate.id: candidate for candidate in state.candidates}
        if not latest or not all(self._repeats(candidate, by_id) for candidate in latest):
            return None
        return StopReason(
            rule="same_failure",
            detail=f"every line of repair failed the same way {self.times} times in a row",
            observed=self.times,
            limit=self.times,
        )

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"same_failure({self.times})"

    def _repeats(self, candidate: Candidate, by_id: dict[str, Candidate]) -> bool:
        signature, current = _failure(candidate), candidate
        for _ in range(self.times - 1):
            parent = by_id.get(current.parent_id or "")
            if parent is None or signature is None or _failure(parent) != signature:
                return False
            current = parent
        return signature is not None


class budget(StopRule):
    """Stop when a run has spent what it may.

    A limit in USD also stops the run when a model's price is unknown, since it could not be
    held. The rule is looked at between super-steps; calls in flight are not cut.
    """

    def __init__(
        self,
        *,
        usd: float | None = None,
        tokens: int | None = None,
        calls: int | None = None,
        seconds: float | None = None,
    ) -> None:
        self.usd = usd
        self.tokens = tokens
        self.calls = calls
        self.seconds = seconds

    def __call__(self, state: RefinementState) -> StopReason | None:
        """Fire on the first limit that is reached."""
        usage = state.usage
        if self.usd is not None and usage.cost_usd is None:
            return StopReason(
                rule="budget",
                detail=f"a model's price is unknown, so a limit of {self.usd} USD cannot be held",
                limit=self.usd,
            )
        spent = (
            (usage.priced_usd, self.usd, "USD"),
            (usage.total_tokens, self.tokens, "tokens"),
            (usage.llm_calls, self.calls, "model calls"),
            (state.elapsed, self.seconds, "seconds"),
        )
        for observed, limit, unit in spent:
            if limit is not None and observed >= limit:
                return StopReason(
                    rule="budget",
                    detail=f"{observed:,.6g} of {limit:,} {unit} were spent",
                    observed=observed,
                    limit=limit,
                )
        return None

    def __repr__(self) -> str:
        """The call that makes it."""
        given = {
            "usd": self.usd,
            "tokens": self.tokens,
            "calls": self.calls,
            "seconds": self.seconds,
        }
        words = ", ".join(f"{name}={value}" for name, value in given.items() if value is not None)
        return f"budget({words})"


def as_rule(rule: RuleFunction) -> StopRule:
    """Return a rule that combines, from a rule or any callable of the state."""
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
    """Return all reasons as one, or None where one is missing."""
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


def _best(state: RefinementState, last_round: int) -> float | None:
    scores = (candidate.score for candidate in state.candidates if candidate.round <= last_round)
    return max((score for score in scores if score is not None), default=None)


def _refinements(state: RefinementState, number: int) -> list[Candidate]:
    return [
        candidate
        for candidate in state.candidates
        if number > 0 and candidate.round == number and candidate.parents
    ]


def _mark(candidate: Candidate) -> str:
    if candidate.program is not None:
        return program_fingerprint(candidate.program)
    return (candidate.answer or candidate.text).strip()


def _failure(candidate: Candidate) -> tuple[tuple[str, str, str], ...] | None:
    if candidate.verdict is None or candidate.verdict.passed:
        return None
    return tuple(
        (outcome.id, outcome.status, (outcome.error or "").split(":")[0])
        for outcome in candidate.verdict.tests
        if not outcome.passed
    )
