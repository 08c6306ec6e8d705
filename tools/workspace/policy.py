"""The limits of a tree's commands as one immutable value."""

from typing import Literal

from pydantic import Field

from refinegraph.schema import Frozen

Backend = Literal["overlay", "copy", "docker"]
"""How a tree is created: an overlay in private namespaces, a copy to which Landlock confines
commands, or a copy in a container."""


class TreePolicy(Frozen):
    """The limits of a tree's commands, and the files that they see outside the checkout.

    The default limits are choices that suit the test suites of ordinary projects.

    >>> TreePolicy(wall_seconds=60).memory_mb
    4096
    """

    wall_seconds: float = Field(default=600.0, gt=0)
    """Elapsed seconds of one command, unless `Tree.run` gets a timeout."""
    memory_mb: int = Field(default=4096, ge=64)
    """Memory of all processes of a command together, which is measured forty times a second."""
    disk_mb: int = Field(default=1024, ge=16)
    """Total size of a tree's changes, home directory and temporary files."""
    files: int = Field(default=200_000, ge=1024)
    """Number of these files."""
    processes: int = Field(default=512, ge=8)
    """Number of simultaneous processes and threads."""
    open_files: int = Field(default=4096, ge=64)
    output_bytes: int = Field(default=1_048_576, ge=1024)
    """Bytes that are kept of each output stream, from its start and its end."""
    drain_bytes: int = Field(default=268_435_456, ge=1024)
    """Bytes of each output stream after which a command is killed."""
    readable: tuple[str, ...] = ()
    """Absolute paths of additional files and directories that commands may read."""
    environment: tuple[tuple[str, str], ...] = ()
    """Variables in addition to those of `refinegraph.tools.workspace.environment`."""
    backends: tuple[Backend, ...] = ("overlay", "copy", "docker")
    """The allowed backends, in the order in which they are tried."""
    container: str | None = None
    """The image for the backend `docker`, which must contain the tools that commands need."""
    disabled_layers: tuple[Literal["landlock"], ...] = ()
    """Layers to leave out; used to demonstrate what each layer does."""
