"""The list that `refinegraph runs` prints: which runs, and what is said of each."""

import json
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from rich.text import Text

from refinegraph.runs import KeptRun, RunStore, UnfinishedRun
from refinegraph.terminal.tables import Column, table_lines
from refinegraph.terminal.text import cut
from refinegraph.wording import outcome_word

_LONGEST_MODEL = 20
"""Columns of a model's name; the whole name is in `show` and in the JSON."""
_SHORTEST_ID = 6
"""Characters at the end of an id that are shown: the random part."""
_COLUMNS = (
    Column("id"),
    Column("date"),
    Column("result"),
    Column("strategy"),
    Column("model"),
    Column("tokens", right=True),
    Column("problem", free=True),
)


class Listed(NamedTuple):
    """One row of the list."""

    id: str
    date: float
    """When the run ended, or began if it has not ended; seconds since 1970."""
    result: str
    strategy: str
    model: str
    tokens: int | None
    """None for a run that has not ended."""
    problem: str

    def as_data(self) -> dict[str, Any]:
        """Return the row for JSON."""
        return {**self._asdict(), "date": time.strftime("%Y-%m-%dT%H:%M:%S%z", self._local)}

    @property
    def _local(self) -> time.struct_time:
        return time.localtime(self.date)

    def cells(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Return the row for a table."""
        return (
            short_id(self.id, ids),
            time.strftime("%Y-%m-%d %H:%M", self._local),
            self.result,
            self.strategy,
            _short_model(self.model),
            "" if self.tokens is None else f"{self.tokens:,}",
            self.problem,
        )

    def matches(self, words: Sequence[str]) -> bool:
        """Return whether every word occurs in one of the fields, in either case."""
        text = " ".join((self.id, self.result, self.strategy, self.model, self.problem)).lower()
        return all(word.lower() in text for word in words)


def list_runs(
    store: RunStore, *, words: Sequence[str] = (), since: float | None = None, limit: int
) -> list[Listed]:
    """Return the runs that match, unfinished ones first and then the newest."""
    rows = (
        row for row in _all(store) if row.matches(words) and (since is None or row.date >= since)
    )
    return list(islice(rows, limit))


def table(rows: Sequence[Listed], ids: Sequence[str], *, width: int) -> list[Text]:
    """Return the rows as a table; `ids` are those of all runs, so that short ids are unique."""
    return table_lines(_COLUMNS, [row.cells(ids) for row in rows], width=width)


def as_json(rows: Sequence[Listed]) -> str:
    """Return the rows as a list of objects."""
    return json.dumps([row.as_data() for row in rows], indent=2, ensure_ascii=False) + "\n"


def short_id(id: str, ids: Sequence[str]) -> str:
    """Return the shortest end of an id, of six characters or more, that no other id has.

    >>> short_id("20260101-120000-abc123", ["20260101-120000-abc123", "20260101-110000-def456"])
    'abc123'
    """
    for length in range(_SHORTEST_ID, len(id)):
        if sum(other.endswith(id[-length:]) for other in ids) <= 1:
            return id[-length:]
    return id


def _all(store: RunStore) -> Iterator[Listed]:
    yield from map(_unfinished, store.unfinished())
    yield from map(_finished, store.all())


def _finished(kept: KeptRun) -> Listed:
    result = kept.result
    return Listed(
        kept.id,
        kept.finished,
        outcome_word(result),
        result.strategy,
        result.models.solver or "",
        result.usage.total_tokens,
        _one_line(kept.problem.prompt),
    )


def _unfinished(run: UnfinishedRun) -> Listed:
    record = run.record
    options = record.settings
    model = options.solver_model or options.model
    return Listed(
        record.id,
        _began(record.id),
        "running" if run.is_running else "unfinished",
        options.strategy,
        model if isinstance(model, str) else "",
        None,
        _one_line(record.problem.prompt),
    )


def _began(id: str) -> float:
    """Return when a run began, which its id says in UTC; 0 for ids of another form."""
    import calendar

    try:
        return float(calendar.timegm(time.strptime(id[:15], "%Y%m%d-%H%M%S")))
    except ValueError:
        return 0.0


def _short_model(name: str) -> str:
    """Return a model's name without its provider where it is long."""
    short = name if len(name) <= _LONGEST_MODEL else name.rpartition("/")[2]
    return cut(short, _LONGEST_MODEL)


def _one_line(prompt: str) -> str:
    return cut(" ".join(prompt.split()), 200)
