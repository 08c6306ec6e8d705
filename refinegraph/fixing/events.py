"""The events of a repair before its graph runs."""

from refinegraph.schema import Frozen, SuspectLine


class BaselineBegun(Frozen):
    """The tests start to run before anything is changed."""

    command: str


class BaselineTaken(Frozen):
    """The tests have run before anything is changed."""

    failing: tuple[str, ...]
    unrelated: int = 0
    """Number of other failing tests, which need not pass."""
    passing: int
    flaky: int
    seconds: float
    """The duration of one run of the whole suite."""


class FaultLocalised(Frozen):
    """The fault has been localised; the most suspicious lines come first."""

    suspects: tuple[SuspectLine, ...]
    remark: str = ""
    """What could not be recorded, and why."""
