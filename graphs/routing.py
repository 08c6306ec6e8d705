"""Decide whether a problem is worth more effort than its first samples.

A router is any callable from the state to a `Difficulty`.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import ValidationError

from refinegraph.errors import InputError
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Candidate, Difficulty, Feature, Frozen
from refinegraph.support.awaiting import MaybeAwaitable, settle
from refinegraph.tools.grouping import answer_groups
from refinegraph.wording import all_visible_tests, plural

Router = Callable[[RefinementState], MaybeAwaitable[Difficulty]]
"""Returns the difficulty of the problem in the state; may be async."""


async def ask_router(router: Router, state: RefinementState) -> Difficulty:
    """Return a router's result; raise `InputError` if it is not a `Difficulty`."""
    return _checked(await settle(router(state)))


def _checked(difficulty: object) -> Difficulty:
    if not isinstance(difficulty, Difficulty):
        raise InputError(f"the router returned {difficulty!r:.100}; expected a Difficulty.")
    return difficulty


class AlwaysHard:
    """Send every problem to refinement."""

    def __call__(self, state: RefinementState) -> Difficulty:
        """Return hard."""
        return Difficulty(level="hard", reasons=("every problem is refined",))

    def __repr__(self) -> str:
        """Return the constructor call."""
        return "AlwaysHard()"


class AlwaysEasy:
    """Send every problem straight to selection."""

    def __call__(self, state: RefinementState) -> Difficulty:
        """Return easy."""
        return Difficulty(level="easy", reasons=("no problem is refined",))

    def __repr__(self) -> str:
        """Return the constructor call."""
        return "AlwaysEasy()"


class VerdictRouter:
    """Rate a problem easy if a candidate passes every visible test.

    Uses the router `otherwise` if there are no tests that count as proof.
    """

    def __init__(self, *, otherwise: Router | None = None) -> None:
        self.otherwise = otherwise or AgreementRouter()

    def __call__(self, state: RefinementState) -> MaybeAwaitable[Difficulty]:
        """Return easy if a candidate passes, otherwise hard with the best result so far."""
        if not state.proof_ids:
            return self.otherwise(state)
        verdicts = [candidate.verdict for candidate in state.candidates if candidate.verdict]
        passing = sum(verdict.passed for verdict in verdicts)
        best = max((len(verdict.passed_ids) for verdict in verdicts), default=0)
        count = len(state.proof_ids)
        tests = all_visible_tests(count)
        reason = (
            f"{passing} of {plural(len(state.candidates), 'candidate')} "
            f"{'passes' if passing == 1 else 'pass'} {tests}"
            if passing
            else f"no candidate passes {tests}" + (f"; the best passes {best}" if best else "")
        )
        return Difficulty(
            level="easy" if passing else "hard",
            reasons=(reason,),
            features=(
                Feature(name="passing", value=passing),
                Feature(name="best_passed", value=best),
                Feature(name="tests", value=count),
            ),
        )

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"VerdictRouter(otherwise={self.otherwise!r})"


class AgreementRouter:
    """Rate a problem easy if enough samples agree on the answer.

    Refining answers on which samples agree breaks more of them than it fixes.
    """

    def __init__(self, *, threshold: float = 0.6) -> None:
        self.threshold = threshold

    def __call__(self, state: RefinementState) -> Difficulty:
        """Return easy if the share of the largest group reaches the threshold."""
        pool = state.active_candidates
        groups = answer_groups(state.problem, pool)
        agreeing = len(groups[0]) if groups else 0
        share = agreeing / len(pool) if pool else 0.0
        easy = len(pool) > 1 and share >= self.threshold
        return Difficulty(
            level="easy" if easy else "hard",
            reasons=(self._reason(agreeing, len(pool)),),
            features=(Feature(name="agreement", value=share),),
        )

    def _reason(self, agreeing: int, count: int) -> str:
        if count == 0:
            return "no candidate has a usable answer"
        if count == 1:
            return "a single candidate cannot agree with another"
        share = f"({self.threshold:.0%} needed)"
        if agreeing == 1:
            return f"no two of {count} candidates agree {share}"
        return f"{agreeing} of {count} candidates agree {share}"

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"AgreementRouter(threshold={self.threshold})"


class ScoreStatistics:
    """Running mean and deviation of the first samples' scores over problems.

    The paper computes both over the whole test set, which is unknown when the first problem
    arrives. The given constants count as `enough` observations.
    """

    def __init__(self, *, mean: float = 0.5, deviation: float = 0.25, enough: int = 10) -> None:
        self._count = float(enough)
        self._mean = mean
        self._squares = deviation * deviation * enough

    def note(self, value: float) -> None:
        """Add the first score of one problem (Welford's method)."""
        self._count += 1
        difference = value - self._mean
        self._mean += difference / self._count
        self._squares += difference * (value - self._mean)

    @property
    def mean(self) -> float:
        """The current mean."""
        return self._mean

    @property
    def deviation(self) -> float:
        """The current standard deviation."""
        return math.sqrt(self._squares / self._count)


class ScoreCalibration(Frozen):
    """Mean and deviation of the first samples' scores over a set of problems, stored in a file."""

    mean: float
    deviation: float
    count: int

    @classmethod
    def of(cls, scores: Sequence[float]) -> "ScoreCalibration":
        """Compute both from the first samples' scores; raise `InputError` for fewer than two.

        >>> ScoreCalibration.of([0.25, 0.75])
        ScoreCalibration(mean=0.5, deviation=0.25, count=2)
        """
        if len(scores) < 2:
            raise InputError(f"a standard deviation needs at least 2 scores, got {len(scores)}.")
        mean = math.fsum(scores) / len(scores)
        variance = math.fsum((score - mean) ** 2 for score in scores) / len(scores)
        return cls(mean=mean, deviation=math.sqrt(variance), count=len(scores))

    def save(self, path: Path) -> None:
        """Write the calibration as JSON."""
        path.write_text(self.model_dump_json() + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "ScoreCalibration":
        """Read a file written by `save`; raise `InputError` if that fails."""
        try:
            return cls.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValidationError) as error:
            raise InputError(
                f"{path} is not a calibration file: {str(error).splitlines()[0]}."
            ) from None


class MagicoreRouter:
    """Rate a problem hard if its answers are neither good nor unanimous (arXiv 2409.12147).

    Quality holds if the mean score of the candidates with the majority answer is at least `quality`
    standard deviations above the mean over problems. Confidence holds if `2 - 2·sigmoid(H)` is at
    least `confidence` for every scorer, where H is the entropy in nats of the score mass over the
    answers. A problem is hard if neither holds. The paper computes mean and deviation of the first
    sample's score over the whole test set. Here they cover the problems routed so far or, if
    `running` is false, they are the given constants. The majority is recomputed each round unless
    `first_majority` is set: then it is that of the first samples, and a problem is easy if no
    refined answer agrees with it, as in the published code.
    """

    def __init__(
        self,
        *,
        mean: float = 0.5,
        deviation: float = 0.25,
        quality: float = 0.0,
        confidence: float = 0.5,
        running: bool = True,
        first_majority: bool = False,
    ) -> None:
        self.quality = quality
        self.confidence = confidence
        self.running = running
        self.first_majority = first_majority
        self.statistics = ScoreStatistics(mean=mean, deviation=deviation)
        self._given = (mean, deviation)

    def __call__(self, state: RefinementState) -> Difficulty:
        """Return the difficulty with the values of both conditions."""
        self._note_first(state)
        groups = answer_groups(state.problem, state.active_candidates)
        if not groups:
            return Difficulty(level="hard", reasons=("no candidate gave an answer",))
        z = self._quality(self._majority(state, groups))
        sure = min((_confidence(masses) for masses in _masses(groups)), default=0.0)
        easy = z >= self.quality or sure >= self.confidence
        return Difficulty(
            level="easy" if easy else "hard",
            reasons=(
                f"the majority's scores are {z:+.2f} standard deviations from the mean "
                f"(at least {self.quality:+.2f} needed)",
                f"confidence in the leading answer is {sure:.2f} "
                f"(at least {self.confidence:.2f} needed)",
            ),
            features=(Feature(name="quality", value=z), Feature(name="confidence", value=sure)),
        )

    def __repr__(self) -> str:
        """Return the constructor call."""
        mean, deviation = self._given
        return (
            f"MagicoreRouter(mean={mean}, deviation={deviation}, quality={self.quality}, "
            f"confidence={self.confidence}, running={self.running}, "
            f"first_majority={self.first_majority})"
        )

    def _majority(
        self, state: RefinementState, groups: Sequence[Sequence[Candidate]]
    ) -> Sequence[Candidate]:
        if not self.first_majority:
            return groups[0]
        samples = [candidate for candidate in state.candidates if candidate.parent_id is None]
        first = answer_groups(state.problem, samples)
        majority = first[0][0].equivalence_class or first[0][0].content if first else None
        agreeing = (
            group
            for group in groups
            if (group[0].equivalence_class or group[0].content) == majority
        )
        return next(agreeing, ())

    def _note_first(self, state: RefinementState) -> None:
        routed_before = state.difficulty is not None
        if not self.running or routed_before:
            return
        first = min(state.candidates, key=lambda candidate: candidate.sort_key, default=None)
        if first is not None and first.score is not None:
            self.statistics.note(first.score)

    def _quality(self, majority: Sequence[Candidate]) -> float:
        scores = [candidate.score for candidate in majority if candidate.score is not None]
        if not scores:
            return 0.0
        return (sum(scores) / len(scores) - self.statistics.mean) / (
            self.statistics.deviation or 1.0
        )


def _masses(groups: Sequence[Sequence[Candidate]]) -> list[list[float]]:
    """Return, for every scorer, the score mass on each answer."""
    masses: dict[str, Counter[int]] = {}
    for number, group in enumerate(groups):
        for candidate in group:
            for score in candidate.scores:
                if score.value is not None:
                    masses.setdefault(score.scorer, Counter())[number] += max(0.0, score.value)  # type: ignore[assignment]
    return [list(mass.values()) for mass in masses.values()]


def _confidence(masses: Sequence[float]) -> float:
    total = sum(masses)
    if total <= 0:
        return 0.0
    shares = [mass / total for mass in masses if mass > 0]
    entropy = -sum(share * math.log(share) for share in shares)
    return 2.0 - 2.0 / (1.0 + math.exp(-entropy))
