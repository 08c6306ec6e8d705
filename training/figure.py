"""A measured figure of a role."""

from typing import NamedTuple


class Figure(NamedTuple):
    """The measured value of a role, and its baseline."""

    role: str
    measures: str
    values: tuple[float, ...]
    baseline_is: str
    baseline: float
