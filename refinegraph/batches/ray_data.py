"""Solve the rows of a Ray Data dataset."""

from collections.abc import Mapping
from typing import Any

from refinegraph.batches.records import BatchRecord
from refinegraph.batches.solving import solve_many
from refinegraph.support.blocking import run_sync


class SolveRows:
    """A callable class for `Dataset.map_batches` that adds a column with the results to the rows.

    It takes the arguments of `solve_many` except the problems. Every row needs a `prompt`; the
    added column contains the report of `refinegraph batch`. Every worker has separate limits, and
    Ray Data repeats the whole block of a worker that died. If answers are expensive, set `cache` to
    a file on a shared disk, or use `refinegraph batch --cluster` with a file instead.

    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> model = ScriptedChatModel("The answer is \\\\boxed{4}", cycle=True)
    >>> solve_rows = SolveRows(model=model, strategy="single", kind="math")
    >>> rows = solve_rows({"prompt": ["What is 2 + 2?", "What is 1 + 3?"], "page": [1, 2]})
    >>> rows["page"], [report["answer"] for report in rows["refinegraph"]]
    ([1, 2], ['4', '4'])
    """

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._column = options.get("column", "refinegraph")

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Return the batch with a report for every row."""
        columns = {name: _plain(values) for name, values in batch.items()}
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        records = run_sync(self._solve(rows))
        reports = [record.report.model_dump(mode="json") for record in records]
        return {**batch, self._column: reports}

    async def _solve(self, rows: list[dict[str, Any]]) -> list[BatchRecord]:
        options: dict[str, Any] = {**self._options, "in_order": True}
        return [record async for record in solve_many(rows, **options)]


def _plain(values: Any) -> list[Any]:
    """Return a column as a list; Ray Data passes numpy arrays."""
    return list(values.tolist() if hasattr(values, "tolist") else values)
