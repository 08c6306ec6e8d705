"""What the commands of a tree may use, in one frozen value."""

from typing import Literal

from pydantic import Field

from refinegraph.schema import Frozen

Backend = Literal["overlay", "copy", "docker"]
"""How a tree is made: an overlay in namespaces of its own; a copy that Landlock holds commands
in; a copy in a container."""


class TreePolicy(Frozen):
    """The limits of a tree's commands, and what they find around the checkout.

    >>> TreePolicy(wall_seconds=60).memory_mb
    4096
    """

    wall_seconds: float = Field(default=600.0, gt=0)
    """Elapsed seconds of one command, unless `Tree.run` is given a timeout."""
    memory_mb: int = Field(default=4096, ge=64)
    """What all processes of a command may hold together, looked at forty times a second."""
    disk_mb: int = Field(default=1024, ge=16)
    """What a tree may hold on top of the checkout: changes, home, temporary files together."""
    files: int = Field(default=200_000, ge=1024)
    """How many files that may be."""
    processes: int = Field(default=512, ge=8)
    """Processes and threads at the same time."""
    open_files: int = Field(default=4096, ge=64)
    output_bytes: int = Field(default=1_048_576, ge=1024)
    """How much is kept of each output stream; the middle is cut."""
    drain_bytes: int = Field(default=268_435_456, ge=1024)
    """A command that prints more than this is killed."""
    readable: tuple[str, ...] = ()
    """More files and folders of this machine that commands may read, as absolute paths."""
    environment: tuple[tuple[str, str], ...] = ()
    """More environment variables; see `refinegraph.tools.workspace.environment` for the others."""
    backends: tuple[Backend, ...] = ("overlay", "copy", "docker")
    """Which may be used, in the order in which they are tried."""
    container: str | None = None
    """The image for the backend `docker`, which holds the tools that the commands need."""
    without: tuple[Literal["landlock"], ...] = ()
    """Layers left out, to show what each is good for."""
