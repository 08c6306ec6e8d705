"""Store runs: finished runs as JSON files, unfinished ones as the state needed to resume them."""

from refinegraph.runs.store import KeptRun, RunStore
from refinegraph.runs.unfinished import RunRecord, RunSettings, UnfinishedRun

__all__ = ["KeptRun", "RunRecord", "RunSettings", "RunStore", "UnfinishedRun"]
