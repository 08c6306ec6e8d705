"""Where this user's runs are kept."""

from refinegraph.config import home
from refinegraph.runs import RunStore


def store() -> RunStore:
    """Return the runs of this user."""
    return RunStore(home() / "runs")
