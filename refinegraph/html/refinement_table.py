"""What refinement did to the answers of an evaluation."""

from collections.abc import Callable, Iterator, Mapping

from refinegraph.evaluation.metrics import StrategySummary
from refinegraph.html.conclusions import FEW_PROBLEMS
from refinegraph.html.page import percent, table, text

_FEW_CANDIDATES = 10
"""Candidates below which a round is left out of the comparison of visible and hidden tests."""


def refinement_parts(found: Mapping[str, StrategySummary]) -> Iterator[str]:
    """Yield tables of what became of answers, with one column for each strategy."""
    rows = [
        (f"{name}<small>{explanation}</small>", *cells)
        for name, explanation, cells in _rows(found)
        if any(cell != "–" for cell in cells)
    ]
    yield from table(("Figure", *found), rows, label="what refinement did", row_headings=True)
    if any(one.n < FEW_PROBLEMS for one in found.values()):
        yield (
            f'<p class="dim">Shares without a count are shown from {FEW_PROBLEMS} problems on; '
            "fewer would mislead.</p>\n"
        )
    yield from _rounds(found)


def _rows(found: Mapping[str, StrategySummary]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield name, explanation and cells of each figure."""
    each = list(found.values())
    yield (
        "Fixed",
        "Answers wrong before refinement and right after it, of those that were wrong (CS, arXiv "
        "2412.19513).",
        [_count(one.transitions.wrong_right, one.transitions.wrong_wrong) for one in each],
    )
    yield (
        "Damaged",
        "Answers right before refinement and wrong after it, of those that were right (1 − CL, "
        "arXiv 2412.19513).",
        [_count(one.transitions.right_wrong, one.transitions.right_right) for one in each],
    )
    yield (
        "Rejected refinements",
        "They lost something their parent had, and did not replace it.",
        [f"{one.rejected:,}" for one in each],
    )
    yield (
        "Relative self-correction",
        "0.5 if refinement changes nothing, 1 if it fixes as much as possible (RSS, arXiv "
        "2412.19513).",
        [
            "–"
            if one.self_correction is None or one.n < FEW_PROBLEMS
            else f"{one.self_correction:.2f}"
            for one in each
        ],
    )
    for name, explanation, share in _SHARES:
        cells = [percent(share(one)) if one.n >= FEW_PROBLEMS else "–" for one in each]
        yield name, explanation, cells


_SHARES: tuple[tuple[str, str, Callable[[StrategySummary], float | None]], ...] = (
    (
        "Correct reviews",
        "Reviews whose verdict, right or wrong, was true.",
        lambda one: one.critique_accuracy,
    ),
    (
        "Friction",
        "Refinements still wrong although a failing test was shown.",
        lambda one: one.friction,
    ),
    ("Found hard", "Runs that the router found hard.", lambda one: one.hard_share),
    (
        "Regret of the choice",
        "Accuracy lost against choosing the best candidate of each run in hindsight.",
        lambda one: one.regret,
    ),
    (
        "Regret of stopping",
        "Accuracy lost against stopping after the best round in hindsight.",
        lambda one: one.stop_regret,
    ),
)
"""Figures that are shares: name, explanation, and where they come from."""


def _count(count: int, others: int) -> str:
    """Return a count of so many, with its percentage unless there are too few."""
    whole = count + others
    if not whole:
        return "–"
    share = f" ({percent(count / whole)})" if whole >= _FEW_CANDIDATES else ""
    return f"{count:,} of {whole:,}{share}"


def _rounds(found: Mapping[str, StrategySummary]) -> Iterator[str]:
    several = {name: each.proxy for name, each in found.items() if len(each.proxy) > 1}
    rows = [
        (
            text(name),
            str(part.round),
            f"{part.candidates:,}",
            percent(part.proxy),
            percent(part.gold),
        )
        for name, parts in several.items()
        for part in parts
        if part.candidates >= _FEW_CANDIDATES
    ]
    if several:
        yield "<h3>Visible against hidden tests, round by round</h3>\n"
        yield (
            '<p class="dim">Visible tests passed (or the score) that grow while hidden ones fall '
            "are a sign of overfitting to the visible tests. Rounds with fewer than "
            f"{_FEW_CANDIDATES} candidates are left out.</p>\n"
        )
    if rows:
        headings = ("Strategy", "Round", "Candidates", "Visible tests or score", "Right")
        yield from table(headings, rows, label="visible against hidden tests", row_headings=True)
