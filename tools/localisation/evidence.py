"""Describe suspicious lines for a Reviewer, a Refiner or a person."""

from collections.abc import Sequence

from refinegraph.schema import SuspectLine

_MAX_SOURCE = 100
"""Characters shown of a source line; more would crowd out other lines."""


def describe_suspects(suspects: Sequence[SuspectLine], *, limit: int = 12) -> str:
    """List the most suspicious lines with the reasons for suspicion; empty without suspects.

    >>> line = SuspectLine(path="a.py", line=3, score=0.8, source="return x", reasons=("seen",))
    >>> print(describe_suspects([line]))
    Lines most likely at fault, by the tests that executed them:
    a.py:3  0.80  return x  (seen)
    """
    if not suspects:
        return ""
    rows = [_row(suspect) for suspect in suspects[:limit]]
    return "\n".join(["Lines most likely at fault, by the tests that executed them:", *rows])


def _row(suspect: SuspectLine) -> str:
    reasons = f"  ({'; '.join(suspect.reasons)})" if suspect.reasons else ""
    source = suspect.source[:_MAX_SOURCE]
    return f"{suspect.path}:{suspect.line}  {suspect.score:.2f}  {source}{reasons}"
