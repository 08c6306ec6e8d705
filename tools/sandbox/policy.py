"""The limits of a program as one immutable value."""

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
    """The limits and the environment of one run.

    The defaults are choices that suit the programs of coding benchmarks.

    >>> SandboxPolicy(wall_seconds=2).memory_mb
    1024
    """

    wall_seconds: float = Field(default=10.0, gt=0)
    """Elapsed seconds of a whole run, including all tests."""
    call_seconds: float | None = Field(default=None, gt=0)
    """Elapsed seconds of one call; None for the limit of the whole run."""
    cpu_seconds: int = Field(default=8, ge=1)
    """Processor seconds of a whole run."""
    memory_mb: int = Field(default=1024, ge=64)
    """Address space in addition to that of the interpreter."""
    threads: int = Field(default=16, ge=1)
    stdout_bytes: int = Field(default=65_536, ge=0)
    """Bytes of each output stream that are kept."""
    drain_bytes: int = Field(default=16_777_216, ge=1)
    """Bytes of each output stream after which a program is killed."""
    result_bytes: int = Field(default=4_194_304, ge=1024)
    """Largest encoded return value of a call."""
    result_depth: int = Field(default=100, ge=1)
    """Deepest nesting of a return value."""
    result_items: int = Field(default=200_000, ge=1)
    """Largest number of values nested in a return value."""
    file_mb: int = Field(default=16, ge=0)
    """Size of the largest file that a program may write."""
    folder_mb: int = Field(default=16, ge=1)
    """Total size of a run's files, which are in a directory that is empty when a run starts."""
    folder_files: int = Field(default=1024, ge=16)
    """Number of a run's files."""
    open_files: int = Field(default=64, ge=16)
    relative_tolerance: float = Field(default=1e-9, ge=0)
    """Relative difference up to which two floats are equal in `check`."""
    readable: tuple[str, ...] = ()
    """Absolute paths of additional files and directories that programs may read."""
    environment: tuple[tuple[str, str], ...] = ()
    """Environment variables; otherwise a program sees only a fixed hash seed and locale."""
    preload: tuple[str, ...] = ()
    """Modules that every worker imports once, such as `numpy`; programs may read their files."""
    warm_up: str = ""
    """Trusted source that every worker executes once, unconfined, before any program."""
    container: str | None = None
    """The image of a Docker container to run in, such as `python:3.12-slim`; tier `docker`."""
    disabled_layers: tuple[Layer, ...] = ()
    """Layers to leave out, which lowers the tier; used to demonstrate what each layer does."""
