"""Solve many problems without known answers concurrently; the output can be resumed."""

from refinegraph.batches.records import BatchRecord, BatchReport
from refinegraph.batches.solving import solve_many

__all__ = ["BatchRecord", "BatchReport", "solve_many"]
