"""The list of runs that `refinegraph runs` prints."""

import json
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from rich.text import Text

from refinegraph.runs import RunStore, StoredRun, UnfinishedRun
from refinegraph.terminal.tables import Column, table_lines
from refinegraph.terminal.text import cut
from refinegraph.wording import outcome_word

_NARROW = 100
"""Below this width names are cut, so that 80 columns leave room for the problem."""
_LONGEST_NAMES = {True: (12, 11), False: (24, 24)}
"""Columns of strategy and model, if narrow or not; `show` and the JSON have the whole names."""
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

    def cells(self, ids: Sequence[str], *, narrow: bool) -> tuple[str, ...]:
        """Return the row for a table."""
        strategy, model = _LONGEST_NAMES[narrow]
        return (
            short_id(self.id, ids),
            self._short_date if narrow else self._date,
            self.result,
            cut(self.strategy, strategy),
            _short_model(self.model, model),
            "" if self.tokens is None else short_count(self.tokens),
            self.problem,
        )

    @property
    def _date(self) -> str:
        """The day and the time; for an earlier year, the day with its year."""
        is_recent = self._local.tm_year == time.localtime().tm_year
        return time.strftime("%m-%d %H:%M" if is_recent else "%Y-%m-%d", self._local)

    @property
    def _short_date(self) -> str:
        """The time of a run of today; the day of an earlier one."""
        today = self._local[:3] == time.localtime()[:3]
        return time.strftime("%H:%M" if today else "%m-%d", self._local)

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
    cells = [row.cells(ids, narrow=width < _NARROW) for row in rows]
    return table_lines(_COLUMNS, cells, width=width)


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


def _finished(kept: StoredRun) -> Listed:
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


def short_count(number: int) -> str:
    """Return a number in five characters or fewer.

    >>> short_count(256), short_count(1_234), short_count(56_789), short_count(1_200_000)
    ('256', '1.2k', '57k', '1.2M')
    """
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if number >= size:
            amount = number / size
            return f"{amount:.1f}{unit}" if amount < 10 else f"{amount:,.0f}{unit}"
    return str(number)


def _short_model(name: str, width: int) -> str:
    """Return a model's name, without its provider if that is too long."""
    return cut(name if len(name) <= width else name.rpartition("/")[2], width)


def _one_line(prompt: str) -> str:
    return cut(" ".join(prompt.split()), 200)
