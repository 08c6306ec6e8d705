"""Where a batch is solved, if not in this process."""

from typing import NamedTuple


class ClusterSettings(NamedTuple):
    """A Ray cluster."""

    address: str
    """`ray` for one of this machine, else what `ray.init` takes: `auto`, or HOST:PORT."""
    workers_per_node: int = 1


def cluster_settings(address: str | None, workers_per_node: int) -> ClusterSettings | None:
    """Return the settings for an address; None for none."""
    return ClusterSettings(address, workers_per_node) if address else None
