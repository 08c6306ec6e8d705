"""The built-in stop rules: rounds, proof, stagnation, repetition and spending."""

from typing import TypeVar

from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.stopping.combining import StopRule
from refinegraph.schema import Candidate, StopReason
from refinegraph.tools.programs import program_fingerprint
from refinegraph.values import Number, check_argument
from refinegraph.wording import all_visible_tests, plural

Amount = TypeVar("Amount", int, float)

_FROM_ZERO = Number(whole=True, minimum=0)
_COUNT = Number(whole=True, minimum=1)
_SEVERAL = Number(whole=True, minimum=2)
_AMOUNT = Number(above=0)
_NUMBER = Number()


class rounds(StopRule):
    """Stop after a number of refinement rounds.

    >>> rounds(3) | rounds(5)
    rounds(3) | rounds(5)
    """

    def __init__(self, limit: int) -> None:
        self.limit = check_argument("rounds", "limit", limit, _FROM_ZERO)

    def __call__(self, state: RefinementState) -> StopReason | None:
        """Fire when the number of rounds has reached the limit."""
        if state.round < self.limit:
            return None
        done = f"{state.round} of {plural(self.limit, 'round')} done"
        return StopReason(
            rule="rounds",
            detail=done if self.limit else "no round of refinement is allowed",
            observed=state.round,
            limit=self.limit,
        )

    def __repr__(self) -> str:
        """Return the constructor call."""
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
        """Return the constructor call."""
        return "accepted()"


class stalled(StopRule):
    """Stop when the best score has not risen for `patience` rounds."""

    def __init__(self, patience: int, *, minimum_gain: float = 0.0) -> None:
        self.patience = check_argument("stalled", "patience", patience, _COUNT)
        self.minimum_gain = check_argument("stalled", "minimum_gain", minimum_gain, _NUMBER)

    def __call__(self, state: RefinementState) -> StopReason | None:
        """Fire when the best score has risen by at most `minimum_gain` in `patience` rounds."""
        if state.round < self.patience:
            return None
        before = _best(state, state.round - self.patience)
        now = _best(state, state.round)
        if before is None or now is None or now - before > self.minimum_gain:
            return None
        return StopReason(
            rule="stalled",
            detail=f"the best score stayed at {now:.3g} for {plural(self.patience, 'round')}",
            observed=now,
            limit=before,
        )

    def __repr__(self) -> str:
        """Return the constructor call."""
        gain = f", minimum_gain={self.minimum_gain}" if self.minimum_gain else ""
        return f"stalled({self.patience}{gain})"


class oscillating(StopRule):
    """Stop when a round only produced programs or answers that had been seen before."""

    def __call__(self, state: RefinementState) -> StopReason | None:
        """Fire when every refinement of the last round repeats an earlier candidate."""
        latest = _refinements(state, state.round)
        before = [candidate for candidate in state.candidates if candidate.round < state.round]
        earlier = set(map(_fingerprint, before))
        if not latest or any(_fingerprint(candidate) not in earlier for candidate in latest):
            return None
        return StopReason(
            rule="oscillating",
            detail=f"every refinement of round {state.round} repeated an earlier candidate",
            observed=len(latest),
            limit=len(latest),
        )

    def __repr__(self) -> str:
        """Return the constructor call."""
        return "oscillating()"


class same_failure(StopRule):
    """Stop when refinements fail like their ancestors: on the same tests with the same exceptions.

    `times` is the number of successive generations that must fail in the same way.
    """

    def __init__(self, times: int = 3) -> None:
        self.times = check_argument("same_failure", "times", times, _SEVERAL)

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
        """Return the constructor call."""
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
    """Stop when a run has reached a spending limit.

    A limit in USD also stops the run if a model's price is unknown, because the limit could not be
    enforced. The rule is checked between super-steps; calls in progress are not cancelled.
    """

    def __init__(
        self,
        *,
        usd: float | None = None,
        tokens: int | None = None,
        calls: int | None = None,
        seconds: float | None = None,
    ) -> None:
        self.usd = _limit("usd", usd, _AMOUNT)
        self.tokens = _limit("tokens", tokens, _COUNT)
        self.calls = _limit("calls", calls, _COUNT)
        self.seconds = _limit("seconds", seconds, _AMOUNT)

    def __call__(self, state: RefinementState) -> StopReason | None:
        """Fire on the first limit that is reached."""
        usage = state.usage
        if self.usd is not None and usage.cost_usd is None:
            return StopReason(
                rule="budget",
                detail=f"a model's price is unknown, so {self.usd} USD cannot be enforced",
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
        """Return the constructor call."""
        limits = {
            "usd": self.usd,
            "tokens": self.tokens,
            "calls": self.calls,
            "seconds": self.seconds,
        }
        arguments = ", ".join(
            f"{name}={value}" for name, value in limits.items() if value is not None
        )
        return f"budget({arguments})"


def _limit(name: str, value: Amount | None, kind: Number) -> Amount | None:
    return None if value is None else check_argument("budget", name, value, kind)


def _best(state: RefinementState, last_round: int) -> float | None:
    scores = (candidate.score for candidate in state.candidates if candidate.round <= last_round)
    return max((score for score in scores if score is not None), default=None)


def _refinements(state: RefinementState, number: int) -> list[Candidate]:
    return [
        candidate
        for candidate in state.candidates
        if number > 0 and candidate.round == number and candidate.parents
    ]


def _fingerprint(candidate: Candidate) -> str:
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
