"""Models' answers in PostgreSQL, with the interface of the file that a cache keeps them in."""

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from refinegraph.agents.models import CallCache
from refinegraph.agents.models.spending.cache_file import CacheFile, CacheState
from refinegraph.runs.postgres import connect, driver, one_line


def postgres_cache(address: str, *, replay: bool = False) -> CallCache:
    """Return a cache that everybody shares who uses the database; see `connect` for errors."""
    parts = urlsplit(address)
    name = Path(f"{parts.hostname or 'localhost'}{parts.path}")
    return CallCache(name, replay=replay, file=PostgresAnswers(address))


class PostgresAnswers(CacheFile):
    """Answers as rows of a table. Methods raise `OSError` if the database fails."""

    def __init__(self, address: str) -> None:
        self._connection = connect(address)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def read(self, request: str, sample: int) -> object:
        """Return the stored answer of a sample, or None."""
        rows = self._rows(
            "SELECT answer FROM refinegraph_answers WHERE request = %s AND sample = %s",
            *(request, sample),
        )
        return rows[0][0] if rows else None

    def write(self, request: str, sample: int, model: str, answer: str) -> None:
        """Store a sample unless there is one already."""
        self._run(
            "INSERT INTO refinegraph_answers VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            *(request, sample, model, time.time(), answer),
        )

    def delete(self, prefix: str) -> None:
        """Delete the answers to requests whose names begin like this."""
        self._run("DELETE FROM refinegraph_answers WHERE starts_with(request, %s)", prefix)

    def answers(self) -> Iterator[str]:
        """Yield the text of every answer."""
        yield from (text for (text,) in self._rows("SELECT answer FROM refinegraph_answers"))

    def state(self) -> CacheState:
        """Return a summary of the stored answers."""
        ((answers, models, size, oldest),) = self._rows(
            "SELECT count(*), count(DISTINCT model), "
            "pg_total_relation_size('refinegraph_answers'), min(made) FROM refinegraph_answers"
        )
        return CacheState(answers, models, size, oldest)

    def clear(self) -> int:
        """Delete every answer; return how many there were."""
        return self._run("DELETE FROM refinegraph_answers")

    def shrink(self, *, max_bytes: int, max_age_days: float) -> None:
        """Delete answers that are too old; how much a database may hold is its owner's to say."""
        oldest = time.time() - max_age_days * 86_400
        self._run("DELETE FROM refinegraph_answers WHERE made < %s", oldest)

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with _failing_as_file():
            return self._connection.execute(cast("Any", query), values).fetchall()

    def _run(self, query: str, *values: object) -> int:
        with _failing_as_file():
            return self._connection.execute(cast("Any", query), values).rowcount


@contextmanager
def _failing_as_file() -> Generator[None]:
    """Raise failures of a database as `OSError`, after which a run continues without a cache."""
    try:
        yield
    except driver().Error as error:
        raise OSError(one_line(error)) from None
