"""Number tests, with a prefix for their origin."""

from collections.abc import Iterable

from refinegraph.schema import Origin, VisibleTest

ID_PREFIXES: dict[Origin, str] = {"given": "t", "statement": "e", "generated": "g"}
"""Prefixes of test ids by origin."""


def numbered(tests: Iterable[VisibleTest], origin: Origin) -> tuple[VisibleTest, ...]:
    """Return the tests with their origin and with ids numbered from 1."""
    prefix = ID_PREFIXES[origin]
    return tuple(
        test.model_copy(update={"id": f"{prefix}{number}", "origin": origin})
        for number, test in enumerate(tests, 1)
    )
