"""Write the page of the gallery benchmark: a table to sort and filter, and a plot."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gallery_rows import BASELINE, Row, Summary, baseline_curve, summaries

from refinegraph.evaluation.budget_curves import CurvePoint
from refinegraph.graphs.strategies import find_strategy
from refinegraph.html.page import page, text

_WIDTH, _HEIGHT, _MARGIN = 720, 380, 50
"""The size of the plot in pixels; the width fits the text column of the page."""
_SCRIPT = """\
const words = document.getElementById('words');
function sift() {
  const wanted = words.value.toLowerCase();
  for (const each of document.querySelectorAll('tr[data-name], circle[data-name]'))
    each.style.display = each.dataset.name.includes(wanted) ? '' : 'none';
}
words.addEventListener('input', sift);
for (const head of document.querySelectorAll('th button')) {
  head.addEventListener('click', () => {
    const cell = head.closest('th'), body = head.closest('table').tBodies[0];
    const place = [...cell.parentNode.children].indexOf(cell), up = head.dataset.up !== 'yes';
    head.dataset.up = up ? 'yes' : 'no';
    cell.setAttribute('aria-sort', up ? 'ascending' : 'descending');
    const value = row => row.children[place].dataset.value;
    const rows = [...body.rows];
    rows.sort((a, b) => (up ? 1 : -1) * (place === 0 ?
      value(a).localeCompare(value(b)) : Number(value(a)) - Number(value(b))));
    body.append(...rows);
  });
}
"""
_NOTE = """\
<p>The line is <b>sample-until</b> with more and more samples allowed. Gain: accuracy less that of
<b>sample-until</b> with no more tokens a problem, with a bootstrap interval over the problems;
absent where a system costs less than one sample. Intervals of accuracies are Wilson's. One in forty
systems without any effect has an interval wholly above 0 by chance. Systems
<span class="warn">with a scorer</span> see one that the baseline does not see: on a simulated
model it knows the truth in part.</p>
<p><label>find <input id="words" type="search"></label></p>
"""


def write_page(path: Path, rows: Sequence[Row], left_out: Mapping[str, Mapping[str, str]]) -> None:
    """Write the page with all settings."""
    path.write_text(
        "".join(page("The gallery at equal cost", _body(rows, left_out), script=_SCRIPT))
    )


def _body(rows: Sequence[Row], left_out: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    yield _NOTE
    for setting in dict.fromkeys(row.setting for row in rows):
        chosen = [row for row in rows if row.setting == setting]
        rows = summaries(chosen)
        problems = max(row.problems for row in rows)
        yield f"<h2>{text(setting)}</h2>\n<p>{len(rows)} systems, {problems} problems.</p>\n"
        yield _plot([row for row in rows if row.problems], baseline_curve(chosen))
        yield from _table([row for row in rows if row.problems])
        yield from _absent(rows, left_out.get(setting, {}))


def _table(rows: Sequence[Summary]) -> Iterator[str]:
    heads = ("strategy", "right", "tokens", "calls", "gain", "problems", "failed")
    yield '<div class="wide"><table><thead><tr>'
    yield "".join(f'<th scope="col"><button>{head}</button></th>' for head in heads)
    yield "</tr></thead><tbody>\n"
    yield from map(_row, rows)
    yield "</tbody></table></div>\n"


def _row(summary: Summary) -> str:
    low, high = summary.interval
    right = f'{summary.accuracy:.1%} <span class="dim">{low:.0%} to {high:.0%}</span>'
    cells = [
        (summary.accuracy, right),
        (summary.tokens, f"{summary.tokens:,.0f}"),
        (summary.calls, f"{summary.calls:.1f}"),
        (-9 if summary.gain is None else summary.gain, _gain(summary)),
        (summary.problems, str(summary.problems)),
        (summary.failed, str(summary.failed)),
    ]
    strategy = find_strategy(summary.strategy)
    name = f'<td data-value="{text(summary.strategy)}" title="{text(strategy.summary)}">'
    needs = (
        f' <span class="warn">with a {", ".join(strategy.needs)}</span>' if strategy.needs else ""
    )
    shown = f"{name}<b>{text(summary.strategy)}</b> {text(strategy.title)}{needs}</td>"
    rest = "".join(f'<td class="n" data-value="{value}">{cell}</td>' for value, cell in cells)
    searched = text(f"{summary.strategy} {strategy.title}".lower())
    return f'<tr data-name="{searched}">{shown}{rest}</tr>\n'


def _gain(summary: Summary) -> str:
    if summary.gain is None or summary.gain_interval is None:
        return "baseline" if summary.strategy == BASELINE else "–"
    low, high = summary.gain_interval
    style = "good" if low > 0 else "bad" if high < 0 else "dim"
    span = f'<span class="dim">{low:+.0%} to {high:+.0%}</span>'
    return f'<span class="{style}">{summary.gain:+.1%}</span> {span}'


def _plot(rows: Sequence[Summary], curve: Sequence[CurvePoint]) -> str:
    """Return a plot of accuracy against tokens: a point per system, and the baseline's curve."""
    largest = max((row.tokens for row in rows), default=1.0) * 1.05 or 1.0
    inner_x, inner_y = _WIDTH - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN

    def place(tokens: float, accuracy: float) -> tuple[float, float]:
        across = _MARGIN + inner_x * (tokens / largest) ** 0.5
        return across, _HEIGHT - _MARGIN - inner_y * accuracy

    line = " ".join(
        f"{x:.1f},{y:.1f}" for x, y in (place(point.tokens, point.accuracy) for point in curve)
    )
    marks = [f'<polyline class="whisker" fill="none" points="{line}"/>']
    for row in rows:
        x, y = place(row.tokens, row.accuracy)
        ring = ' stroke="currentColor" stroke-width="2"' if row.strategy == BASELINE else ""
        name = text(row.strategy)
        label = text(f"{row.strategy}: {row.accuracy:.0%}, {row.tokens:,.0f} tokens")
        marks.append(
            f'<circle class="dot" data-name="{name}" cx="{x:.1f}" cy="{y:.1f}" r="5"{ring}>'
            f"<title>{label}</title></circle>"
        )
    levels = [(share, _HEIGHT - _MARGIN - inner_y * share / 100) for share in (0, 25, 50, 75, 100)]
    lines = "".join(
        f'<line class="grid" x1="{_MARGIN}" x2="{_WIDTH - _MARGIN}" y1="{y}" y2="{y}"/>'
        f'<text x="8" y="{y + 4}">{share}%</text>'
        for share, y in levels
    )
    ticks = "".join(
        f'<text x="{_MARGIN + inner_x * part**0.5:.0f}" y="{_HEIGHT - 20}" '
        f'text-anchor="middle">{part * largest:,.0f}</text>'
        for part in (0.05, 0.25, 0.5, 1.0)
    )
    axis = f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 4}" text-anchor="middle">tokens a problem</text>'
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="accuracy against tokens">'
        f"{lines}{ticks}{axis}{''.join(marks)}</svg>\n"
    )


def _absent(rows: Sequence[Summary], left_out: Mapping[str, str]) -> Iterator[str]:
    """Yield the systems without a result, each with the reason."""
    reasons = {row.strategy: row.reason for row in rows if not row.problems} | dict(left_out)
    if reasons:
        yield f"<details><summary>{len(reasons)} systems have no result here</summary><ul>\n"
        yield from (f"<li>{text(name)}: {text(why)}</li>\n" for name, why in reasons.items())
        yield "</ul></details>\n"
