"""The attempts of a run: samples and repairs, each of a kind, in the order of their turns.

The kind of a repair consists of the number of repairs that led to the program (its depth), the
number of earlier repairs of that program, the number of samples drawn, the number of tests passed,
and the repairing operator.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from refinegraph.graphs.policies.base import fingerprint
from refinegraph.graphs.policies.success_rates import SHAPES, Attempt, SuccessRates, add
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Candidate

DEEPEST, MOST_REPEATED = 8, 3
"""Limits beyond which chains of repairs and repeated repairs are counted together, being rare."""
GAPS = (0.5, 1.5, 2.5)
"""Bounds in nats of the classes of gaps."""
FRESH = "fresh"

_ANY, _DEEPER, _AGAIN, _OFTEN = "repair", "repair deeper", "repair again", "repair often"
SHIPPED_RATES = {
    FRESH: 0.4,
    _ANY: 0.41,
    _DEEPER: 0.6,
    _AGAIN: 0.7,
    _OFTEN: 0.7,
    **{
        f"repair {depth} {repeated}": 1.0
        for depth in range(DEEPEST + 1)
        for repeated in range(MOST_REPEATED + 1)
    },
    **{f"repair branch {kind}": ratio for kind, ratio in enumerate((1.0, 0.6, 0.3, 0.1))},
}
"""Rates before anything is seen. A repair mends 41 % of the failures of the package's own model,
whatever they pass. The others are ratios to the kind before them in a path: repairs of repaired
programs, second repairs of a program, and further ones. They are mild on purpose, because models
differ: some repeat themselves, others mend step by step. Those of alternatives, by class of their
gap, are a guess that soon gives way to what is observed.
"""


class Position(NamedTuple):
    """What the chance of a repair depends on: its place in a chain of repairs, or its gap."""

    depth: int = 0
    """Number of repairs that led to the program."""
    repeated: int = 0
    """Number of earlier repairs of the program."""
    gap: int | None = None
    """For a repair at an alternative token, the class of its gap; otherwise None."""


class Program:
    """The place of a program in a chain of repairs."""

    def __init__(self, depth: int = 0) -> None:
        self.depth = depth
        self.repeated = 0


@dataclass
class History:
    """The attempts on one problem, and the resulting position of every program."""

    attempts: list[Attempt] = field(default_factory=list[Attempt])
    turns: list[int] = field(default_factory=list[int])
    """The number of the decision that requested each attempt."""
    programs: dict[str, Program] = field(default_factory=dict[str, Program])
    drawn: Counter[str] = field(default_factory=Counter[str])
    """How often each program was sampled."""

    @classmethod
    def of(cls, state: RefinementState) -> "History":
        """Reconstruct the attempts of a run from its candidates."""
        history = cls()
        by_id = {candidate.id: candidate for candidate in state.candidates}
        for candidate in sorted(
            state.candidates, key=lambda candidate: (candidate.turn, candidate.sort_key)
        ):
            parent = by_id.get(candidate.parent_id or "")
            if parent is None:
                history._add_sample(candidate)
            else:
                history._add_repair(candidate, parent)
        return history

    @property
    def sample_path(self) -> tuple[str, ...]:
        """The kind of a sample if it were drawn now."""
        count = self.drawn.total()
        return (FRESH, f"{FRESH} {drawn_bucket(count) if count else 'first'}")

    @property
    def duplicate_repairs(self) -> int:
        """Return how often the program that was drawn most often was repaired; 0 before a sample.

        A further sample that brings nothing new is most likely this program.
        """
        most = self.drawn.most_common(1)
        return self.programs[most[0][0]].repeated if most else 0

    def position(self, candidate: Candidate, gap: float | None = None) -> Position:
        """Return the position of a repair of this candidate, at an alternative with this gap."""
        program = self.programs[fingerprint(candidate)]
        kind = None if gap is None else bisect_left(GAPS, gap)
        return Position(program.depth, program.repeated, kind)

    def path(
        self, candidate: Candidate, operator: str = "refine", *, gap: float | None = None
    ) -> tuple[str, ...]:
        """Return the kind of a repair of this candidate if it were made now."""
        details = (drawn_bucket(self.drawn.total()), _passed_bucket(candidate), operator)
        return repair_path(self.position(candidate, gap), details)

    def failed(self, rates: SuccessRates, family: str) -> tuple[float, ...]:
        """Return the summed hazards of the attempts of a family, all of which failed."""
        total = (0.0,) * len(SHAPES)
        for attempt in self.attempts:
            if attempt.family == family:
                total = add(total, rates.hazards(attempt.path, attempt.weight))
        return total

    def _add_sample(self, candidate: Candidate) -> None:
        weight = chance_of_new(list(self.drawn.values()))
        self._add(candidate, Attempt(self.sample_path, _passed(candidate), "fresh", weight=weight))
        self.drawn[fingerprint(candidate)] += 1
        self.programs.setdefault(fingerprint(candidate), Program())

    def _add_repair(self, candidate: Candidate, parent: Candidate) -> None:
        repaired = self.programs.setdefault(fingerprint(parent), Program())
        path = self.path(parent, candidate.operator, gap=candidate.gap)
        self._add(candidate, Attempt(path, _passed(candidate), "repair"))
        repaired.repeated += 1
        self.programs.setdefault(fingerprint(candidate), Program(repaired.depth + 1))

    def _add(self, candidate: Candidate, attempt: Attempt) -> None:
        self.attempts.append(attempt)
        self.turns.append(candidate.turn)


def repair_path(position: Position, details: Sequence[str]) -> tuple[str, ...]:
    """Return the names of a kind of repair, from coarse to fine.

    What all repairs, those of repaired programs, and those of programs that were repaired before
    have in common is learned under names of its own, so that a few attempts at one depth tell
    something of the others.

    >>> repair_path(Position(1, 1), ("few", "some", "refine"))[:3]
    ('repair', 'repair deeper', 'repair 1 0')
    >>> repair_path(Position(1, 1), ("few", "some", "refine"))[3:5]
    ('repair again', 'repair 1 1')
    >>> repair_path(Position(1, 1), ("few", "some", "refine"))[-1]
    'repair 1 1 few some refine'
    """
    depth, repeated = min(position.depth, DEEPEST), min(position.repeated, MOST_REPEATED)
    if position.gap is not None:
        names = [_ANY, f"repair branch {position.gap}"]
    else:
        names = [_ANY, *[_DEEPER] * (depth > 0), f"repair {depth} 0"]
    if repeated and position.gap is None:
        names += [_AGAIN, *[_OFTEN] * (repeated > 1), f"repair {depth} {repeated}"]
    for detail in details:
        names.append(f"{names[-1]} {detail}")
    return tuple(names)


def chance_of_new(counts: Sequence[int]) -> float:
    """Return the probability that the next draw is of an unseen kind, given the counts so far.

    This is the Good-Turing estimate with one additional imaginary draw of a new kind (Biometrika
    1953).

    >>> chance_of_new([1, 1]), chance_of_new([4])
    (1.0, 0.2)
    """
    return (counts.count(1) + 1) / (sum(counts) + 1)


def _passed(candidate: Candidate) -> bool:
    return bool(candidate.verdict and candidate.verdict.passed)


def drawn_bucket(samples: int) -> str:
    """Classify the number of failed samples: more failures indicate a harder problem."""
    if samples < 2:
        return "few"
    return "several" if samples < 4 else "many"


def _passed_bucket(candidate: Candidate) -> str:
    return "some" if candidate.verdict and candidate.verdict.passed_ids else "none"
