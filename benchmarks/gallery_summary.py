"""The summary of the gallery's benchmark that stands in the documentation."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from gallery_rows import BASELINE, Row, Summary, summaries

from refinegraph.errors import InputError
from refinegraph.graphs.strategies import find_strategy, strategy_names

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
    for setting in dict.fromkeys(row.setting for row in rows):
        found = summaries((row for row in rows if row.setting == setting), scored=with_scorer())
        yield f"### {setting[:1].upper()}{setting[1:]}"
        yield _counts(found)
        ranked = [row for row in found if row.gain is not None and row.gain_interval]
        if ranked:
            shown = [*ranked[:_SHOWN], *ranked[_SHOWN:][-_SHOWN:]]
            yield "\n".join([*_HEAD, *map(_line, shown)])


_HEAD = (
    "| system | right | tokens | gain at equal tokens | 95 % interval |",
    "|---|---|---|---|---|",
)


def _counts(found: Sequence[Summary]) -> str:
    ranked = [row.gain_interval for row in found if row.gain_interval]
    above = sum(interval.low > 0 for interval in ranked)
    below = sum(interval.high < 0 for interval in ranked)
    problems = max(row.problems for row in found)
    best = next((row for row in found if row.strategy == BASELINE), None)
    whole = f" It is right on {best.accuracy:.0%} with {best.tokens:,.0f} tokens." if best else ""
    cheap = sum(row.problems > 0 and row.gain is None for row in found) - (best is not None)
    less = f" {cheap} cost less than one sample." if cheap > 0 else ""
    chance = 0.025 * len(ranked)
    return (
        f"Of {len(ranked)} systems on {problems} problems, {above} are above `{BASELINE}` at equal "
        f"tokens and {below} below it; about {chance:.0f} of each would be expected by chance if "
        f"none had an effect.{whole}{less}"
    )


def _line(row: Summary) -> str:
    assert row.gain is not None and row.gain_interval
    low, high = row.gain_interval
    gain = f"{100 * row.gain:+.0f} points"
    name = f"`{row.strategy}`"
    if find_strategy(row.strategy).title:
        name = f"[{name}](gallery/{row.strategy}.md)"
    return (
        f"| {name} | {row.accuracy:.0%} "
        f"| {row.tokens:,.0f} | {gain} | {100 * low:+.0f} to {100 * high:+.0f} |"
    )
