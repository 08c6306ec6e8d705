"""Learned success rates in words."""

from collections.abc import Iterator

from refinegraph.graphs.policies.rate_store import KeptRates
from refinegraph.graphs.policies.repair_rates import DAMAGE, FIX
from refinegraph.graphs.policies.success_rates import RateTable

_KINDS = {
    "fresh": "a sample passes",
    "repair 0 0": "a first repair of a sample",
    "again": "a later repair of the same program",
    "deeper": "a repair of a repair",
    FIX: "a round corrects a wrong answer *",
    DAMAGE: "a round spoils a right answer *",
}
_ESTIMATED = "  * estimated: no test decides these answers"


def rate_lines(kept: KeptRates) -> Iterator[str]:
    """Yield a line for a model, and one for every kind of attempt that occurred."""
    yield kept.model
    estimated = False
    for kind, text in _KINDS.items():
        tried, passed = _counts(kept.table, kind)
        if tried >= 1:
            yield f"  {text:<36} {passed / tried:4.0%} of {tried:,.0f}"
            estimated |= kind in (FIX, DAMAGE)
    if estimated:
        yield _ESTIMATED


def _counts(table: RateTable, kind: str) -> tuple[float, float]:
    """Return how many attempts of a kind occurred, and how many of them passed."""
    cells = [cell for name, cell in table.cells.items() if _is_of(name, kind)]
    return sum(cell.tried for cell in cells), sum(cell.passed for cell in cells)


def _is_of(name: str, kind: str) -> bool:
    words = name.split(" ")
    if kind in (FIX, DAMAGE):
        return name.startswith(f"{kind} ")
    if kind in ("fresh", "repair 0 0"):
        return name == kind
    if len(words) != 3 or words[0] != "repair":
        return False
    deeper = words[1] != "0"
    return deeper if kind == "deeper" else not deeper and words[2] != "0"
