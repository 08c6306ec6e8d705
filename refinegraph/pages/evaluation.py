"""An evaluation as one page: the comparison, and every run behind it."""

from collections.abc import Iterable, Iterator

from refinegraph.evaluation.figures import StrategySummary, Summary
from refinegraph.evaluation.records import RunLine
from refinegraph.pages.charts import reliability_plot, token_histogram
from refinegraph.pages.page import page, table, text
from refinegraph.pages.plot import Point, accuracy_plot
from refinegraph.pages.run import run_parts
from refinegraph.view.outcome import outcome_word
from refinegraph.view.text import plural

MOST_RUNS = 3_000
"""Runs that are shown whole; a page with more would not open on a phone."""

_SCRIPT = """\
const rows = [...document.querySelectorAll('tr[data-run]')];
const words = document.getElementById('words'), strategy = document.getElementById('strategy'),
  outcome = document.getElementById('outcome'), shown = document.getElementById('shown');
function close(row) {
  const next = row.nextElementSibling;
  if (next && next.classList.contains('open')) next.remove();
}
function sift() {
  let count = 0;
  for (const row of rows) {
    const fits = row.textContent.toLowerCase().includes(words.value.toLowerCase()) &&
      (!strategy.value || row.dataset.strategy === strategy.value) &&
      (!outcome.value || row.dataset.outcome === outcome.value);
    row.hidden = !fits;
    if (!fits) close(row);
    count += fits;
  }
  shown.textContent = count + ' of ' + rows.length + ' runs';
}
for (const each of [words, strategy, outcome]) each.addEventListener('input', sift);
for (const row of rows) {
  const button = row.querySelector('button');
  button.addEventListener('click', () => {
    const next = row.nextElementSibling;
    const isOpen = next && next.classList.contains('open');
    button.setAttribute('aria-expanded', String(!isOpen));
    if (isOpen) { next.remove(); return; }
    const line = document.createElement('tr'), cell = document.createElement('td');
    line.className = 'open';
    cell.colSpan = row.children.length;
    const kept = document.getElementById(row.dataset.run);
    if (kept) cell.append(kept.content.cloneNode(true));
    else cell.textContent = 'This run is in runs.jsonl only: the page keeps the first ones.';
    line.append(cell);
    row.after(line);
  });
}
for (const head of document.querySelectorAll('th button[data-column]')) {
  head.addEventListener('click', () => {
    const column = Number(head.dataset.column), up = head.dataset.up !== 'yes';
    head.dataset.up = up ? 'yes' : 'no';
    head.closest('th').setAttribute('aria-sort', up ? 'ascending' : 'descending');
    const value = row => row.children[column].dataset.value ?? row.children[column].textContent;
    rows.forEach(close);
    rows.sort((a, b) => (up ? 1 : -1) *
      value(a).localeCompare(value(b), undefined, {numeric: true}));
    rows.forEach(row => row.parentNode.append(row));
  });
}
sift();
"""


def evaluation_page(summary: Summary, runs: Iterable[RunLine], *, title: str) -> Iterator[str]:
    """Yield the page, piece by piece; runs are read once and not kept."""
    yield from page(f"Evaluation {title}", _body(summary, runs), script=_SCRIPT)


def _body(summary: Summary, runs: Iterable[RunLine]) -> Iterator[str]:
    yield f"<p>{summary.problems} problems, {len(summary.strategies)} strategies.</p>\n"
    yield from _not_counted(summary)
    yield from comparison_parts(summary)
    yield "<h2>Runs</h2>\n"
    yield from _filters(summary)
    yield from _runs(runs)


def _not_counted(summary: Summary) -> Iterator[str]:
    """Yield what no figure counts: runs that failed, and problems that cannot judge an answer."""
    for name, found in summary.strategies.items():
        if found.failed:
            count = plural(found.failed, "run")
            yield f'<p class="warn">{count} of {text(name)} failed: see results.jsonl.</p>\n'
    if summary.left_out:
        rows = [(text(each.problem_id), text(each.reason)) for each in summary.left_out]
        yield "<h2>Left out</h2>\n<p>The hidden tests of these problems judge nothing.</p>\n"
        yield from table(("problem", "reason"), rows, label="problems left out")


def comparison_parts(summary: Summary) -> Iterator[str]:
    """Yield the tables and pictures that compare strategies."""
    yield accuracy_plot([_point(*each) for each in summary.strategies.items() if each[1].n])
    yield from table(
        ("strategy", "right", "95 % interval", "tokens", "calls", "USD", "seconds", "fooled"),
        (_row(name, found) for name, found in summary.strategies.items()),
        label="strategies",
    )
    yield (
        '<p class="dim">Tokens, calls, USD and seconds a problem. Fooled: of the answers that '
        "visible tests proved, those that the hidden ones refute.</p>\n"
    )
    yield from _differences(summary)
    yield from _equal_cost(summary)
    yield "<h2>What refinement did</h2>\n"
    yield from _transitions(summary)
    yield from _by_round(summary)
    yield "<h2>Why runs ended</h2>\n"
    yield from _stops(summary)
    yield "<h2>What runs took</h2>\n"
    yield from _costs(summary)
    yield from _calibration(summary)


def _point(name: str, found: StrategySummary) -> Point:
    return Point(
        name,
        found.total_tokens / (found.runs or 1),
        found.accuracy or 0.0,
        found.ci_low or 0.0,
        found.ci_high or 0.0,
    )


def _row(name: str, found: StrategySummary) -> tuple[str, ...]:
    runs = found.runs or 1
    interval = (
        f"{found.ci_low:.1%} to {found.ci_high:.1%}"
        if found.ci_low is not None and found.ci_high is not None
        else "–"
    )
    return (
        f"<b>{text(name)}</b>",
        percent(found.accuracy),
        interval,
        f"{found.total_tokens / runs:,.0f}",
        f"{found.llm_calls / runs:.1f}",
        "?" if found.cost_usd is None else f"{found.cost_usd / runs:.2g}",
        f"{found.wall_seconds / runs:.2f}",
        percent(found.fooled),
    )


def _differences(summary: Summary) -> Iterator[str]:
    rows = [
        (
            f"{text(each.second)} against {text(each.first)}",
            f"{each.difference:+.1%}",
            f"{each.ci_low or 0:+.1%} to {each.ci_high or 0:+.1%}",
            f"{each.only_second} won, {each.only_first} lost",
            "–" if each.p_value is None else f"{each.p_value:.3g}",
        )
        for each in summary.comparisons
        if each.difference is not None
    ]
    if rows:
        yield "<h2>Problem by problem</h2>\n"
        headings = ("pair", "difference", "95 % bootstrap", "problems", "McNemar's p")
        yield from table(headings, rows, label="paired differences")


def _equal_cost(summary: Summary) -> Iterator[str]:
    rows = [
        (
            f"{text(each.strategy)} against {text(each.baseline)}",
            f"{each.tokens:,.0f}",
            percent(each.accuracy),
            percent(each.baseline_accuracy),
            "–" if each.baseline_tokens is None else f"{each.baseline_tokens:,.0f}",
        )
        for each in summary.equal_cost
    ]
    if not rows:
        return
    yield "<h2>At the same price</h2>\n"
    headings = ("pair", "tokens", "right", "the other, same tokens", "its tokens, as right")
    yield from table(headings, rows, label="equal cost")
    yield (
        '<p class="dim">From fewer samples of the other’s own runs; a dash where they do not '
        "reach. Nothing is extrapolated.</p>\n"
    )


def _by_round(summary: Summary) -> Iterator[str]:
    rows = [
        (
            text(name),
            str(each.round),
            str(each.candidates),
            percent(each.proxy),
            percent(each.gold),
        )
        for name, found in summary.strategies.items()
        for each in found.proxy
        if len(found.proxy) > 1
    ]
    if rows:
        yield "<h3>What stood for being right, and being right, round by round</h3>\n"
        headings = ("strategy", "round", "candidates", "visible tests or score", "right")
        yield from table(headings, rows, label="proxy and gold")


def _costs(summary: Summary) -> Iterator[str]:
    for name, found in summary.strategies.items():
        yield token_histogram(name, found.token_histogram)
    rows = [
        (
            text(name),
            _seconds(found.seconds_median),
            _seconds(found.seconds_95),
            str(found.retries),
            text(", ".join(f"{kind} {count}" for kind, count in found.failures.items()) or "–"),
        )
        for name, found in summary.strategies.items()
    ]
    headings = ("strategy", "median seconds", "95 % within", "retries", "failed branches")
    yield from table(headings, rows, label="time and failures")


def _calibration(summary: Summary) -> Iterator[str]:
    scored = {name: found for name, found in summary.strategies.items() if found.reliability}
    if not scored:
        return
    yield "<h2>How far scores can be trusted</h2>\n"
    for name, found in scored.items():
        yield reliability_plot(name, found.reliability)
    rows = [
        (text(name), f"{found.calibration_error or 0:.3f}", f"{found.brier or 0:.3f}")
        for name, found in scored.items()
    ]
    yield from table(("strategy", "ECE", "Brier"), rows, label="calibration")
    yield (
        '<p class="dim">The score of each answer against how often it was right. ECE: arXiv '
        "1706.04599; Brier 1950.</p>\n"
    )


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _transitions(summary: Summary) -> Iterator[str]:
    rows = [
        (
            text(name),
            str(found.transitions.wrong_right),
            str(found.transitions.right_wrong),
            str(found.transitions.right_right),
            str(found.transitions.wrong_wrong),
            percent(found.confidence_level),
            percent(found.critique_score),
            "–" if found.self_correction is None else f"{found.self_correction:.2f}",
            percent(found.critique_accuracy),
            str(found.reverted),
            percent(found.hard_share),
            percent(found.regret),
            percent(found.stop_regret),
            percent(found.friction),
        )
        for name, found in summary.strategies.items()
    ]
    headings = (
        "strategy",
        "fixed",
        "damaged",
        "stayed right",
        "stayed wrong",
        "CL",
        "CS",
        "RSS",
        "reviews true",
        "reverted",
        "hard",
        "regret",
        "stop regret",
        "friction",
    )
    yield from table(headings, rows, label="transitions")
    yield (
        '<p class="dim">CL: right answers that stay right; CS: wrong ones that become right '
        "(arXiv 2412.19513), RSS: 0.5 where refinement changes nothing. Reverted: refinements that "
        "lost a test. Regret: lost against the best candidate that was made, and against stopping "
        "after the best round. Friction: "
        "refinements still wrong after a failing test was shown.</p>\n"
    )


def _stops(summary: Summary) -> Iterator[str]:
    reasons = sorted({each for found in summary.strategies.values() for each in found.stop_reasons})
    rows = [
        (text(name), *(str(found.stop_reasons.get(each, 0)) for each in reasons))
        for name, found in summary.strategies.items()
    ]
    yield from table(("strategy", *reasons), rows, label="stop reasons")


def _filters(summary: Summary) -> Iterator[str]:
    options = "".join(f"<option>{text(name)}</option>" for name in summary.strategies)
    yield (
        '<p><label>find <input id="words" type="search"></label>'
        f'<label>strategy <select id="strategy"><option value="">all</option>{options}</select>'
        '</label><label>outcome <select id="outcome"><option value="">all</option>'
        "<option>right</option><option>wrong</option><option>unknown</option></select></label>"
        '<span id="shown" class="dim" role="status"></span></p>\n'
    )


_COLUMNS = ("problem", "strategy", "outcome", "execution", "rounds", "tokens", "stopped by")


def _runs(runs: Iterable[RunLine]) -> Iterator[str]:
    yield '<div class="wide" tabindex="0" role="region" aria-label="runs"><table><thead><tr>'
    yield "".join(
        f'<th scope="col"><button data-column="{place}">{name}</button></th>'
        for place, name in enumerate(_COLUMNS)
    )
    yield "</tr></thead><tbody>\n"
    for number, run in enumerate(runs):
        yield _run_row(number, run)
        if number < MOST_RUNS:
            yield f'<template id="r{number}">'
            yield from run_parts(run.result, prompt=run.prompt, judged=run.judged)
            yield "</template>\n"
    yield "</tbody></table></div>\n"


def _run_row(number: int, run: RunLine) -> str:
    outcome = {True: "right", False: "wrong", None: "unknown"}[run.correct]
    style = {True: "good", False: "bad", None: "dim"}[run.correct]
    result = run.result
    return (
        f'<tr data-run="r{number}" data-strategy="{text(run.strategy)}" data-outcome="{outcome}">'
        f'<td><button aria-expanded="false">{text(run.problem_id)}</button></td>'
        f'<td>{text(run.strategy)}</td><td class="{style}">{outcome}</td>'
        f"<td>{outcome_word(result)}</td>"
        f'<td class="n">{result.rounds}</td>'
        f'<td class="n" data-value="{result.usage.total_tokens}">'
        f'{result.usage.total_tokens:,}</td><td title="{text(result.stop_reason.detail)}">'
        f"{text(result.stop_reason.rule)}</td></tr>\n"
    )


def percent(share: float | None) -> str:
    """Return a share as it is shown; a dash where it is undefined."""
    return "–" if share is None else f"{share:.1%}"
