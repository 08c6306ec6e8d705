"""Runs that are kept: each a file of plain JSON under a short id."""

from refinegraph.runs.store import KeptRun, RunStore

__all__ = ["KeptRun", "RunStore"]
