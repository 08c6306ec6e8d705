"""Store runs: finished runs as JSON files, unfinished ones as the state needed to resume them."""

from refinegraph.runs.store import RunStore, StoredRun
from refinegraph.runs.unfinished import RunRecord, RunSettings, UnfinishedRun

__all__ = ["RunRecord", "RunSettings", "RunStore", "StoredRun", "UnfinishedRun"]
