"""The settings of a cluster that solves a batch."""

from typing import NamedTuple


class ClusterSettings(NamedTuple):
    """A Ray cluster."""

    address: str
    """`ray` for a cluster on this machine, or an address for `ray.init`: `auto`, HOST:PORT, or
    ray://HOST:PORT."""
    workers_per_node: int = 1


def cluster_settings(address: str | None, workers_per_node: int) -> ClusterSettings | None:
    """Return the settings for an address, or None without an address."""
    return ClusterSettings(address, workers_per_node) if address else None
