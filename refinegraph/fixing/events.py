"""What a repair says before its graph runs."""

from refinegraph.schema import Frozen, SuspectLine


class BaselineBegun(Frozen):
    """The tests are run before anything is changed."""

    command: str


class BaselineTaken(Frozen):
    """How the tests end before anything is changed."""

    failing: tuple[str, ...]
    passing: int
    flickering: int
    seconds: float
    """Of one run of the whole suite."""


class FaultLocalised(Frozen):
    """Where the fault most likely is, the most suspicious lines first."""

    suspects: tuple[SuspectLine, ...]
    remark: str = ""
    """What could not be had."""
