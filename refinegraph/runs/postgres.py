"""Connections to the PostgreSQL database in which a team keeps runs and models' answers.

It needs `pip install 'refinegraph[postgres]'`. Tables are made at the first use.
"""

from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from refinegraph.errors import InputError, SettingError
from refinegraph.support.redaction import redact, without_credentials

if TYPE_CHECKING:
    from psycopg import Connection

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS refinegraph_runs (id text PRIMARY KEY, record text, kept text)",
    """\
CREATE TABLE IF NOT EXISTS refinegraph_answers (
    request text COLLATE "C", sample integer, model text NOT NULL,
    made double precision NOT NULL, answer text NOT NULL, PRIMARY KEY (request, sample)
)""",
)
SCHEMA_LOCK = 7_316_854
"""Held while tables are made, since a process fails that makes a table while another one does. Any
number does that no other program uses for its advisory locks."""
_PATIENCE = 10
"""Seconds to wait for a connection."""


def connect(address: str) -> "Connection[Any]":
    """Return a connection to a database with our tables; each statement is a transaction.

    Raises:
        InputError: Where the database cannot be used.
        SettingError: Where psycopg is not installed.
    """
    psycopg = driver()
    try:
        connection: Connection[Any] = psycopg.connect(
            address, autocommit=True, connect_timeout=_PATIENCE
        )
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (SCHEMA_LOCK,))
            for statement in _SCHEMA:
                connection.execute(statement)
    except psycopg.Error as error:
        raise unusable(address, error) from None
    return connection


@contextmanager
def connected(address: str) -> "Generator[Connection[Any]]":
    """Provide a connection; raises `InputError` if the database fails."""
    psycopg = driver()
    try:
        with connect(address) as connection:
            yield connection
    except psycopg.Error as error:
        raise unusable(address, error) from None


def unusable(address: str, error: Exception) -> InputError:
    """Return the error of a database that fails, without the password of its address."""
    reason = redact(one_line(error))
    return InputError(f"the store {without_credentials(address)} cannot be used: {reason}.")


def one_line(error: Exception) -> str:
    """Return the message of a database, which may have several lines."""
    return " ".join(str(error).split()).rstrip(".")


@cache
def driver(name: str = "psycopg") -> Any:
    """Import psycopg or a package based on it; raises `SettingError` if it is not installed."""
    try:
        return import_module(name)
    except ImportError:
        raise SettingError(
            "a store in PostgreSQL needs psycopg: pip install 'refinegraph[postgres]'."
        ) from None
