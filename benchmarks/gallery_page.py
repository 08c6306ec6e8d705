"""The page of the gallery's benchmark: a table to sort and filter, and a plot."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import get_args

from gallery_notes import ABOUT, note_on
from gallery_rows import BASELINE, Row, Summary, baseline_curve, summaries
from gallery_summary import problem_counts, with_scorer

from refinegraph.evaluation.budget_curves import CurvePoint
from refinegraph.graphs.strategies import find_strategy
from refinegraph.graphs.strategies.strategy import Idea
from refinegraph.html.page import Section, contents, page, text

_WIDTH, _HEIGHT, _MARGIN = 720, 380, 50
_SCRIPT = """\
const words = document.getElementById('words'), idea = document.getElementById('idea');
const verdict = document.getElementById('verdict');
function filter() {
  const wanted = words.value.toLowerCase();
  for (const item of document.querySelectorAll('[data-name]')) {
    const fits = item.dataset.name.includes(wanted)
      && (!idea.value || item.dataset.ideas.split(' ').includes(idea.value))
      && (!verdict.value || item.dataset.verdict === verdict.value);
    item.style.display = fits ? '' : 'none';
  }
}
for (const input of [words, idea, verdict]) input.addEventListener('input', filter);
for (const button of document.querySelectorAll('th button')) {
  button.addEventListener('click', () => {
    const cell = button.closest('th'), body = cell.closest('table').tBodies[0];
    const column = [...cell.parentNode.children].indexOf(cell);
    const ascending = cell.getAttribute('aria-sort') !== 'ascending';
    for (const other of cell.parentNode.children) other.removeAttribute('aria-sort');
    cell.setAttribute('aria-sort', ascending ? 'ascending' : 'descending');
    const value = row => row.children[column].dataset.value;
    const rows = [...body.rows];
    rows.sort((a, b) => (ascending ? 1 : -1) * (isNaN(value(a) || NaN) ?
      value(a).localeCompare(value(b)) : Number(value(a)) - Number(value(b))));
    body.append(...rows);
  });
}
"""
# On a phone the drawing is half as large, and its words and points would be too small to read.
_NARROW = (
    "<style>@media (max-width: 600px) { .plot text { font-size: 22px !important } "
    ".plot circle { r: 8px } }</style>"
)
_NOTE = f"""\
<p>The line shows <b>{BASELINE}</b> as more and more samples are allowed. The gain of a system is
its accuracy less that of <b>{BASELINE}</b> with the same tokens per problem, with a 95&nbsp;%
interval over the problems; there is none if the system costs less than one sample. Intervals of
accuracies are Wilson's. A problem on which a system raises an error counts as not solved. One in
forty systems without any effect has an interval wholly above 0 by chance. A system <span
class="warn">with a scorer</span> is compared with samples weighed by the same scorer, the dashed
line. Points are green above the baseline, red below it, blue where the interval includes 0, and
grey without a gain. {ABOUT}</p>
"""


def write_page(
    path: Path,
    rows: Sequence[Row],
    about: Mapping[str, str],
    left_out: Mapping[str, Mapping[str, str]],
) -> None:
    """Write the page of all settings."""
    body = _body(rows, about, left_out)
    path.write_text("".join(page("The gallery at equal cost", body, script=_SCRIPT)))


def _body(
    rows: Sequence[Row], about: Mapping[str, str], left_out: Mapping[str, Mapping[str, str]]
) -> Iterator[str]:
    yield _NOTE
    yield _filters()
    names = list(dict.fromkeys(row.setting for row in rows))
    yield from contents(
        [
            Section(
                f"setting{number}",
                name[:1].upper() + name[1:],
                _setting(
                    [row for row in rows if row.setting == name],
                    about.get(name, ""),
                    left_out.get(name, {}),
                ),
            )
            for number, name in enumerate(names)
        ]
    )


def _setting(rows: Sequence[Row], about: str, left_out: Mapping[str, str]) -> Iterator[str]:
    found = summaries(rows, scored=with_scorer())
    measured = [row for row in found if row.problems]
    yield f"<p>{text(about)} {len(measured)} systems, {problem_counts(measured)} problems.</p>\n"
    yield _plot(measured, _curves(rows, measured))
    yield from _table(measured, rows[0].setting)
    yield from _absent(found, left_out)


def _filters() -> str:
    ideas = "".join(f"<option>{idea}</option>" for idea in get_args(Idea))
    verdicts = "".join(f"<option>{verdict}</option>" for verdict in _VERDICTS)
    return (
        '<p class="filters"><label>Find <input id="words" type="search"></label> '
        f'<label>Idea <select id="idea"><option value="">all</option>{ideas}</select></label> '
        '<label>Gain <select id="verdict"><option value="">all</option>'
        f"{verdicts}</select></label></p>\n"
    )


_COLOURS = {"above": "good", "unclear": "mark", "below": "bad", "none": "dim"}
_VERDICTS = ("above", "unclear", "below", "none")


def _verdict(row: Summary) -> str:
    """Return where the interval of a gain lies; `none` where there is no gain."""
    if row.gain_interval is None:
        return "none"
    low, high = row.gain_interval
    return "above" if low > 0 else "below" if high < 0 else "unclear"


def _data(row: Summary) -> str:
    """Return the attributes by which the filters choose."""
    strategy = find_strategy(row.strategy)
    name = f"{row.strategy} {strategy.title} {strategy.summary}".lower()
    ideas = " ".join(strategy.ideas)
    return f'data-name="{text(name)}" data-ideas="{ideas}" data-verdict="{_verdict(row)}"'


def _table(found: Sequence[Summary], setting: str) -> Iterator[str]:
    heads = ("strategy", "right", "tokens", "calls", "gain", "problems", "notes")
    yield '<div class="wide"><table><thead><tr>'
    for head in heads:
        place = "" if head in ("strategy", "notes") else ' class="n"'
        yield f'<th scope="col"{place}><button>{head}</button></th>'
    yield "</tr></thead><tbody>\n"
    yield from (_row(row, setting) for row in found)
    yield "</tbody></table></div>\n"


def _row(row: Summary, setting: str) -> str:
    low, high = row.interval
    right = f'{row.accuracy:.0%} <span class="dim">{low:.0%} to {high:.0%}</span>'
    cells = [
        (row.accuracy, right),
        (row.tokens, f"{row.tokens:,.0f}"),
        (row.calls, f"{row.calls:.1f}"),
        (-9 if row.gain is None else row.gain, _gain(row)),
        (row.problems, str(row.problems)),
    ]
    strategy = find_strategy(row.strategy)
    name = f'<td data-value="{text(row.strategy)}" title="{text(strategy.summary)}">'
    needs = f' <span class="warn">with {", ".join(strategy.needs)}</span>' if strategy.needs else ""
    shown = f"{name}<b>{text(row.strategy)}</b> {text(strategy.title)}{needs}</td>"
    rest = "".join(f'<td class="n" data-value="{value}">{cell}</td>' for value, cell in cells)
    words = text(note_on(row, setting))
    note = f'<td style="min-width: 9rem" data-value="{words}">{words}</td>'
    return f"<tr {_data(row)}>{shown}{rest}{note}</tr>\n"


def _gain(row: Summary) -> str:
    if row.gain is None or row.gain_interval is None:
        return "baseline" if row.strategy == BASELINE else "–"
    low, high = row.gain_interval
    style = {"above": "good", "below": "bad"}.get(_verdict(row), "dim")
    span = f'<span class="dim">{100 * low:+.0f} to {100 * high:+.0f}</span>'
    return f'<span class="{style}">{100 * row.gain:+.0f} points</span> {span}'


def _curves(rows: Sequence[Row], found: Sequence[Summary]) -> list[Sequence[CurvePoint]]:
    """Return the curve of the baseline, and that with the scorer where a system has one."""
    scored = with_scorer()
    plain = baseline_curve(rows)
    if not any(row.strategy in scored for row in found):
        return [plain]
    return [plain, baseline_curve(rows, by_score=True)]


def _plot(found: Sequence[Summary], curves: Sequence[Sequence[CurvePoint]]) -> str:
    """Return accuracy against tokens: a point for every system, and the curves of the baseline."""
    most = max((row.tokens for row in found), default=1.0) * 1.05 or 1.0
    inner_x, inner_y = _WIDTH - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN

    def place(tokens: float, accuracy: float) -> tuple[float, float]:
        across = _MARGIN + inner_x * (min(tokens, most) / most) ** 0.5
        return across, _HEIGHT - _MARGIN - inner_y * accuracy

    marks: list[str] = []
    for curve, dashes in zip(curves, ("", ' stroke-dasharray="5 4"'), strict=False):
        spots = (place(point.tokens, point.accuracy) for point in curve)
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        marks.append(
            f'<polyline style="stroke: var(--fg); stroke-width: 2" fill="none"{dashes} '
            f'points="{line}"/>'
        )
    for row in found:
        x, y = place(row.tokens, row.accuracy)
        ring = ' stroke="currentColor" stroke-width="2"' if row.strategy == BASELINE else ""
        shown = text(f"{row.strategy}: {row.accuracy:.0%}, {row.tokens:,.0f} tokens")
        marks.append(
            f'<circle style="fill: var(--{_COLOURS[_verdict(row)]}); fill-opacity: .7" '
            f'{_data(row)} cx="{x:.1f}" cy="{y:.1f}" r="5"{ring}>'
            f"<title>{shown}</title></circle>"
        )
    levels = [(share, _HEIGHT - _MARGIN - inner_y * share / 100) for share in (0, 25, 50, 75, 100)]
    lines = "".join(
        f'<line class="grid" x1="{_MARGIN}" x2="{_WIDTH - _MARGIN}" y1="{y}" y2="{y}"/>'
        f'<text x="0" y="{y + 4}">{share}%</text>'
        for share, y in levels
    )
    ticks = "".join(
        f'<text x="{_MARGIN + inner_x * part**0.5:.0f}" y="{_HEIGHT - 28}" '
        f'text-anchor="middle">{part * most:,.0f}</text>'
        for part in (0.05, 0.25, 0.5, 1.0)
    )
    axis = (
        f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 4}" text-anchor="middle">tokens per problem</text>'
    )
    return (
        f'<div style="max-width: 60rem"><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="accuracy against tokens" class="plot">{_NARROW}'
        f"{lines}{ticks}{axis}{''.join(marks)}</svg></div>\n"
    )


def _absent(found: Sequence[Summary], left_out: Mapping[str, str]) -> Iterator[str]:
    """Yield the systems without a result, with the reason."""
    reasons = {row.strategy: row.reason for row in found if not row.problems} | dict(left_out)
    if reasons:
        yield f"<details><summary>{len(reasons)} systems have no result</summary><ul>\n"
        yield from (f"<li>{text(name)}: {text(why)}</li>\n" for name, why in reasons.items())
        yield "</ul></details>\n"
