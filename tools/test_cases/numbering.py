"""Ids for tests, one series for each origin."""

from collections.abc import Iterable

from refinegraph.schema import Origin, VisibleTest

ID_PREFIXES: dict[Origin, str] = {"given": "t", "statement": "e", "generated": "g"}
"""What the ids of the tests of each origin begin with."""


def numbered(tests: Iterable[VisibleTest], origin: Origin) -> tuple[VisibleTest, ...]:
    """Return the tests with their origin and with ids that count from 1."""
    prefix = ID_PREFIXES[origin]
    return tuple(
        test.model_copy(update={"id": f"{prefix}{number}", "origin": origin})
        for number, test in enumerate(tests, 1)
    )
