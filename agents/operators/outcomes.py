"""Convert whatever an operator returns to an `Outcome`."""

from collections.abc import Sequence
from typing import cast

from refinegraph.agents.models import Choice, Generations
from refinegraph.agents.operators.task import Draft, Outcome, drafts_of
from refinegraph.agents.protocols import Reviewed, WrittenTests
from refinegraph.errors import InputError
from refinegraph.schema import AssertCase, CallCase, CommandCase, Note, Review, StdioCase

_EXPECTED = (
    "text, a Choice, the Generations of a model, a Review, a Note, a visible test, an Outcome, "
    "a list of these, or None"
)


def as_outcome(value: object, *, operator: str) -> Outcome:
    """Convert what an operator returned to an `Outcome`.

    Text becomes one complete draft, a list becomes the sum of its items, and None becomes an empty
    outcome. Raises `InputError` for unsupported values.

    >>> as_outcome(["4", "5"], operator="solve").drafts[1].choice.text
    '5'
    """
    if isinstance(value, Outcome):
        return value
    if value is None:
        return Outcome()
    if isinstance(value, str):
        return Outcome(drafts=(Draft(Choice(text=value)),))
    single = _single(value)
    if single is not None:
        return single
    if isinstance(value, Sequence):
        parts = cast("Sequence[object]", value)
        return sum((as_outcome(part, operator=operator) for part in parts), Outcome())
    raise InputError(
        f"operator {operator!r} returned {value!r:.100} ({type(value).__name__}); "
        f"expected {_EXPECTED}."
    )


def _single(value: object) -> Outcome | None:
    match value:
        case Draft():
            return Outcome(drafts=(value,))
        case Choice():
            return Outcome(drafts=(Draft(value),))
        case Generations():
            return Outcome(drafts=drafts_of(value.choices))
        case Review():
            return Outcome(reviews=(value,))
        case Note():
            return Outcome(notes=(value,))
        case AssertCase() | CallCase() | StdioCase() | CommandCase():
            return Outcome(tests=(value,))
        case Reviewed():
            return Outcome(reviews=(value.review,))
        case WrittenTests():
            return Outcome(tests=value.tests)
        case _:
            return None
