"""The effect of refinement on the answers of an evaluation."""

from collections.abc import Callable, Iterator, Mapping

from refinegraph.evaluation.metrics import StrategySummary
from refinegraph.html.conclusions import FEW_PROBLEMS
from refinegraph.html.page import percent, table, text

_FEW_CANDIDATES = 10
"""The number of candidates below which a round is omitted from the comparison of visible and hidden
tests."""


def refinement_parts(summaries: Mapping[str, StrategySummary]) -> Iterator[str]:
    """Yield tables of the changes of answers, with one column per strategy."""
    rows = [
        (f"{name}<small>{explanation}</small>", *map(figure, summaries.values()))
        for name, explanation, figure in _FIGURES
    ]
    rows = [row for row in rows if any(cell != "–" for cell in row[1:])]
    yield from table(("Figure", *summaries), rows, label="what refinement did", row_headings=True)
    if any(strategy.n < FEW_PROBLEMS for strategy in summaries.values()):
        yield (
            f'<p class="dim">Shares without a count are shown from {FEW_PROBLEMS} problems on; '
            "fewer would mislead.</p>\n"
        )
    yield from _rounds(summaries)


def _count(count: int, others: int) -> str:
    """Return a count, with its percentage unless the total is too small."""
    whole = count + others
    if not whole:
        return "–"
    share = f" ({percent(count / whole)})" if whole >= _FEW_CANDIDATES else ""
    return f"{count:,} of {whole:,}{share}"


def _self_correction(strategy: StrategySummary) -> str:
    if strategy.self_correction is None or strategy.n < FEW_PROBLEMS:
        return "–"
    return f"{strategy.self_correction:.2f}"


def _share(of: Callable[[StrategySummary], float | None]) -> Callable[[StrategySummary], str]:
    """Return a figure that is shown as a percentage if there are enough problems."""
    return lambda strategy: percent(of(strategy)) if strategy.n >= FEW_PROBLEMS else "–"


_FIGURES: tuple[tuple[str, str, Callable[[StrategySummary], str]], ...] = (
    (
        "Fixed",
        "Answers wrong before refinement and right after it, of those that were wrong (CS, arXiv "
        "2412.19513).",
        lambda strategy: _count(strategy.transitions.wrong_right, strategy.transitions.wrong_wrong),
    ),
    (
        "Damaged",
        "Answers right before refinement and wrong after it, of those that were right (1 − CL, "
        "arXiv 2412.19513).",
        lambda strategy: _count(strategy.transitions.right_wrong, strategy.transitions.right_right),
    ),
    (
        "Rejected refinements",
        "They lost something their parent had, and did not replace it.",
        lambda strategy: f"{strategy.rejected:,}",
    ),
    (
        "Relative self-correction",
        "0.5 if refinement changes nothing, 1 if it fixes as much as possible (RSS, arXiv "
        "2412.19513).",
        _self_correction,
    ),
    (
        "Correct reviews",
        "Reviews whose verdict, right or wrong, was true.",
        _share(lambda strategy: strategy.critique_accuracy),
    ),
    (
        "Friction",
        "Refinements still wrong although a failing test was shown.",
        _share(lambda strategy: strategy.friction),
    ),
    (
        "Found hard",
        "Runs that the router found hard.",
        _share(lambda strategy: strategy.hard_share),
    ),
    (
        "Regret of the choice",
        "Accuracy lost against choosing the best candidate of each run in hindsight.",
        _share(lambda strategy: strategy.regret),
    ),
    (
        "Regret of stopping",
        "Accuracy lost against stopping after the best round in hindsight.",
        _share(lambda strategy: strategy.stop_regret),
    ),
)
"""The name, explanation and content of each figure."""


def _rounds(summaries: Mapping[str, StrategySummary]) -> Iterator[str]:
    several = {
        name: strategy.proxy for name, strategy in summaries.items() if len(strategy.proxy) > 1
    }
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
