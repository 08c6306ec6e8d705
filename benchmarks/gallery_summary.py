"""The summary of the gallery's benchmark that stands in the documentation."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import get_args

from gallery_notes import note_on
from gallery_rows import BASELINE, Row, Summary, summaries

from refinegraph.errors import InputError
from refinegraph.evaluation.statistics import Interval
from refinegraph.graphs.strategies import find_strategy, strategy_names
from refinegraph.graphs.strategies.strategy import Idea

BEGIN, END = "<!-- measured gains -->", "<!-- end of measured gains -->"
# Best and worst systems of a setting: enough to see what kinds of ideas they are.
_SHOWN = 5


def with_scorer() -> set[str]:
    """Return the names of the strategies that need a scorer."""
    return {name for name in strategy_names() if "scorer" in find_strategy(name).needs}


def write_summary(page: Path, rows: Sequence[Row]) -> None:
    """Replace the text between the two marks of a page."""
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise InputError(f"{page} lacks the marks {BEGIN} and {END}.")
    summary = "\n\n".join(_sections(rows))
    page.write_text(f"{before}{BEGIN}\n\n{summary}\n\n{END}{after}", encoding="utf-8")


def _sections(rows: Sequence[Row]) -> Iterator[str]:
    settings = {
        setting: summaries((row for row in rows if row.setting == setting), scored=with_scorer())
        for setting in dict.fromkeys(row.setting for row in rows)
    }
    yield "\n".join(_by_idea(settings))
    for setting, found in settings.items():
        yield f"### {setting[:1].upper()}{setting[1:]}"
        yield _counts(found)
        ranked = [row for row in found if row.gain_interval]
        if ranked:
            shown = [*ranked[:_SHOWN], *ranked[_SHOWN:][-_SHOWN:]]
            yield "\n".join([*_HEAD, *(_line(row, setting) for row in shown)])


def _by_idea(settings: Mapping[str, Sequence[Summary]]) -> Iterator[str]:
    """Yield how many systems of every idea are above and below the baseline, by setting."""
    yield f"| idea | {' | '.join(settings)} |"
    yield "|---" * (len(settings) + 1) + "|"
    for idea in get_args(Idea):
        cells: list[str] = []
        for found in settings.values():
            intervals = [
                row.gain_interval
                for row in found
                if row.gain_interval and idea in find_strategy(row.strategy).ideas
            ]
            cells.append(
                f"{_above(intervals)} above, {_below(intervals)} below of {len(intervals)}"
            )
        yield f"| {idea} | {' | '.join(cells)} |"


def _above(intervals: Sequence[Interval]) -> int:
    return sum(interval.low > 0 for interval in intervals)


def _below(intervals: Sequence[Interval]) -> int:
    return sum(interval.high < 0 for interval in intervals)


_HEAD = (
    "| system | problems | right | tokens | gain at equal tokens | 95 % interval | notes |",
    "|---|---|---|---|---|---|---|",
)


def _counts(found: Sequence[Summary]) -> str:
    ranked = [row.gain_interval for row in found if row.gain_interval]
    above, below = _above(ranked), _below(ranked)
    best = next((row for row in found if row.strategy == BASELINE), None)
    whole = (
        f" `{BASELINE}` is right on {best.accuracy:.0%} with {best.tokens:,.0f} tokens."
        if best
        else ""
    )
    measured = sum(row.problems > 0 for row in found)
    silent = sum(row.problems > 0 and row.unanswered == 1 for row in found)
    without = f" {silent} never gave an answer." if silent else ""
    chance = 0.025 * len(ranked)
    verb = "is" if above == 1 else "are"
    return (
        f"{measured} of {len(strategy_names())} strategies were measured on "
        f"{problem_counts(found)} problems. "
        f"Of {len(ranked)} that cost at least one sample, {above} {verb} above `{BASELINE}` at "
        f"equal tokens and {below} below it; about {chance:.0f} of each would be expected by "
        f"chance if none had an effect.{whole}{without}"
    )


def problem_counts(found: Sequence[Summary]) -> str:
    """Return how many problems the systems were measured on, such as `20` or `10 to 20`."""
    sizes = [row.problems for row in found if row.problems] or [0]
    return " to ".join(map(str, dict.fromkeys((min(sizes), max(sizes)))))


def _line(row: Summary, setting: str) -> str:
    assert row.gain is not None and row.gain_interval
    low, high = row.gain_interval
    gain = f"{100 * row.gain:+.0f} points"
    return (
        f"| `{row.strategy}` | {row.problems} | {row.accuracy:.0%} "
        f"| {row.tokens:,.0f} | {gain} | {100 * low:+.0f} to {100 * high:+.0f} "
        f"| {note_on(row, setting)} |"
    )
