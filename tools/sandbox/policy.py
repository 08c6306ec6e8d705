"""What a program may use, in one frozen value."""

from typing import Literal

from pydantic import Field

from refinegraph.schema import Frozen

Layer = Literal[
    "namespaces",
    "pid_namespace",
    "private_root",
    "private_folder",
    "unprivileged_user",
    "no_new_privileges",
    "no_capabilities",
    "landlock",
    "limits",
    "seccomp",
]


class SandboxPolicy(Frozen):
    """The limits of one run, and what it finds around it.

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
    threads: int = Field(default=16, ge=1)
    stdout_bytes: int = Field(default=65_536, ge=0)
    """How much output is kept of each stream."""
    drain_bytes: int = Field(default=16_777_216, ge=1)
    """A program that prints more than this is killed."""
    result_bytes: int = Field(default=4_194_304, ge=1024)
    """The largest value that a call may return, as it is sent."""
    result_depth: int = Field(default=100, ge=1)
    result_items: int = Field(default=200_000, ge=1)
    file_mb: int = Field(default=16, ge=0)
    """The largest file that a program may write."""
    folder_mb: int = Field(default=16, ge=1)
    """What all files of a run may take together, in a folder that is empty for each run."""
    folder_files: int = Field(default=1024, ge=16)
    open_files: int = Field(default=64, ge=16)
    relative_tolerance: float = Field(default=1e-9, ge=0)
    """How far two floats may differ, relatively, and still be equal in `check`."""
    readable: tuple[str, ...] = ()
    """Folders and files of this machine that programs may read, as absolute paths."""
    environment: tuple[tuple[str, str], ...] = ()
    """Environment variables; a program sees no others but a fixed hash seed and locale."""
    preload: tuple[str, ...] = ()
    """Modules imported once by each worker, such as `numpy`; their folder becomes readable."""
    warm_up: str = ""
    """Source that you trust, which each worker executes once, unconfined, before any program."""
    container: str | None = None
    """The image of a Docker container to run in, such as `python:3.12-slim`; tier `docker`."""
    without: tuple[Layer, ...] = ()
    """Layers left out, to show what each is good for; the tier falls accordingly."""
