"""Runs that are kept: finished ones as files of plain JSON, others as what they go on from."""

from refinegraph.runs.store import KeptRun, RunStore
from refinegraph.runs.unfinished import RunRecord, RunSettings, UnfinishedRun

__all__ = ["KeptRun", "RunRecord", "RunSettings", "RunStore", "UnfinishedRun"]
