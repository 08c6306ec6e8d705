"""What a program may use, in one frozen value."""

from pydantic import Field

from refinegraph.schema import Frozen


class SandboxPolicy(Frozen):
    """The limits of one run.

    >>> SandboxPolicy(wall_seconds=2).memory_mb
    1024
    """

    wall_seconds: float = Field(default=10.0, gt=0)
    """Elapsed seconds of a whole run, all tests together."""
    call_seconds: float | None = Field(default=None, gt=0)
    """Elapsed seconds of one call; the whole run's limit where None."""
    cpu_seconds: int = Field(default=8, ge=1)
    memory_mb: int = Field(default=1024, ge=64)
    """Address space on top of what the interpreter itself takes."""
    stdout_bytes: int = Field(default=65_536, ge=0)
    """How much output is kept of each stream."""
    drain_bytes: int = Field(default=16_777_216, ge=1)
    """A program that prints more than this is killed."""
    result_bytes: int = Field(default=4_194_304, ge=1024)
    """The largest value that a call may return, as it is sent."""
    result_depth: int = Field(default=100, ge=1)
    result_items: int = Field(default=200_000, ge=1)
    file_mb: int = Field(default=16, ge=0)
    """The largest file that a program may write, in a folder that is gone afterwards."""
    open_files: int = Field(default=64, ge=16)
    relative_tolerance: float = Field(default=1e-9, ge=0)
    """How far two floats may differ, relatively, and still be equal in `check`."""
