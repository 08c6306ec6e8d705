"""The runs of an evaluation as a table that a reader can search, sort and open."""

from collections.abc import Iterable, Iterator

from refinegraph.evaluation.records import RunLine
from refinegraph.html.page import text
from refinegraph.html.run import run_parts
from refinegraph.wording import outcome_word

MOST_RUNS = 3_000
"""Runs that are shown whole; a page with more would not open on a phone."""

RUN_TABLE_SCRIPT = """\
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
"""What makes the table respond; it has to stand once in the page."""


def run_table(runs: Iterable[RunLine], *, strategies: Iterable[str]) -> Iterator[str]:
    """Yield the table with its filters; runs are read once and not kept."""
    yield from _filters(strategies)
    yield from _runs(runs)


def _filters(strategies: Iterable[str]) -> Iterator[str]:
    options = "".join(f"<option>{text(name)}</option>" for name in strategies)
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
