"""Many problems without known answers: solved side by side, written as they end, resumable."""

from refinegraph.batches.records import BatchRecord, BatchReport
from refinegraph.batches.solving import solve_many

__all__ = ["BatchRecord", "BatchReport", "solve_many"]
