"""The runs of an evaluation as a table that a reader can search, sort and open.

A page may contain tens of thousands of runs. The first ones are HTML, which works without scripts.
The others are data that the page's script shows one screen at a time: rows as JSON, and whole runs
compressed, because a browser would take minutes to parse them as HTML.
"""

import base64
import gzip
from collections.abc import Iterable, Iterator
from itertools import islice
from textwrap import shorten
from typing import IO

from refinegraph.evaluation.records import RunLine
from refinegraph.html.page import deferred, text
from refinegraph.html.run import run_parts
from refinegraph.html.tree import json_for_html
from refinegraph.wording import outcome_word

PLAIN_RUNS = 50
"""The number of runs that are readable without scripts."""
_CHUNK = 25
"""The number of runs that are compressed together: more compress better, fewer open faster."""
_MOST_CHARACTERS = 40_000_000
"""The maximum of compressed characters of whole runs in a page, enough for about 10,000 runs.
Further runs are rows that cannot be opened, because browsers slow down at a hundred megabytes."""
_LONGEST_PROMPT = 90
_OUTCOMES = {True: "right", False: "wrong", None: "unknown"}
_COLUMNS = ("Problem", "Strategy", "Outcome", "Visible tests", "Rounds", "Tokens", "Stopped by")


class RunTable:
    """The table of an evaluation's runs.

    Args:
        runs: They are read once and not kept.
        strategies: Their names, for the filter.
        spool: An empty file that holds the compressed runs until the page comes to them.
    """

    def __init__(
        self, runs: Iterable[RunLine], *, strategies: Iterable[str], spool: IO[str]
    ) -> None:
        self._runs = runs
        self._strategies = strategies
        self._spool = spool

    def parts(self) -> Iterator[str]:
        """Yield the filters, the rows of all runs, and the first runs as HTML."""
        remaining = iter(self._runs)
        plain = list(islice(remaining, PLAIN_RUNS))
        yield _filters(self._strategies)
        yield from _plain_rows(plain)
        yield _pager()
        for number, run in enumerate(plain):
            yield _plain_run(number, run)
        yield from self._pack(remaining, first=len(plain))
        yield _VIEWER

    def data(self) -> Iterator[str]:
        """Yield the compressed runs, after all parts have been read."""
        self._spool.seek(0)
        yield from self._spool

    def _pack(self, runs: Iterator[RunLine], *, first: int) -> Iterator[str]:
        """Yield the rows of further runs, and store the runs themselves for later."""
        number = first
        while chunk := list(islice(runs, _CHUNK)):
            rows = json_for_html([_row(run) for run in chunk])
            yield f'<script type="application/json" class="rows">{rows}</script>\n'
            if self._spool.tell() < _MOST_CHARACTERS:
                parts = [_parts(number + place, run) for place, run in enumerate(chunk)]
                kind = f'type="text/plain" class="chunk" data-first="{number}"'
                self._spool.write(f"<script {kind}>{_packed(json_for_html(parts))}</script>\n")
            number += len(chunk)
        if number > first:
            yield (
                f"<noscript><p>Without scripts the first {first} of {number:,} runs are shown; "
                "runs.jsonl holds all of them.</p></noscript>\n"
            )


_VIEWER = (
    '<dialog class="viewer" aria-label="Run"><div class="bar"><strong></strong>'
    '<button type="button" data-move="-1">← Previous</button>'
    '<button type="button" data-move="1">Next →</button>'
    '<button type="button" data-move="0">Close</button></div><div class="run"></div></dialog>\n'
)


def _filters(strategies: Iterable[str]) -> str:
    options = "".join(f"<option>{text(name)}</option>" for name in strategies)
    outcomes = "".join(f"<option>{outcome}</option>" for outcome in _OUTCOMES.values())
    return (
        '<div class="filters" hidden><label>Find <input id="words" type="search"></label>'
        '<label>Strategy <select id="strategy"><option value="">all</option>'
        f'{options}</select></label><label>Outcome <select id="outcome"><option value="">all'
        f"</option>{outcomes}</select></label></div>\n"
    )


def _plain_rows(runs: Iterable[RunLine]) -> Iterator[str]:
    yield '<div class="wide" tabindex="0" role="region" aria-label="runs"><table id="all-runs">'
    yield "<thead><tr>"
    for place, name in enumerate(_COLUMNS):
        style = ' class="n"' if name in ("Rounds", "Tokens") else ""
        yield f'<th scope="col" data-column="{place}"{style}>{name}</th>'
    yield "</tr></thead><tbody>\n"
    for number, run in enumerate(runs):
        yield _plain_row(number, run)
    yield "</tbody></table></div>\n"


def _plain_row(number: int, run: RunLine) -> str:
    problem, strategy, outcome, execution, rounds, tokens, rule, detail, prompt = _row(run)
    style = {True: "good", False: "bad", None: "dim"}[run.correct]
    return (
        f'<tr data-run="{number}"><th scope="row"><a href="#run-{number}">{text(problem)}</a>'
        f"<small>{text(prompt)}</small></th><td>{text(strategy)}</td>"
        f'<td class="{style}">{outcome}</td><td>{text(execution)}</td>'
        f'<td class="n">{rounds}</td><td class="n">{int(tokens):,}</td>'
        f'<td title="{text(detail)}">{text(rule)}</td></tr>\n'
    )


def _row(run: RunLine) -> tuple[str | int, ...]:
    """Return the cells of a row, in the order in which the page's script reads them."""
    result = run.result
    return (
        run.problem_id,
        run.strategy,
        _OUTCOMES[run.correct],
        outcome_word(result),
        result.rounds,
        result.usage.total_tokens,
        result.stop_reason.rule,
        result.stop_reason.detail,
        shorten(run.prompt[: 2 * _LONGEST_PROMPT], _LONGEST_PROMPT, placeholder=" …"),
    )


def _pager() -> str:
    return (
        '<div class="pager filters" hidden><button type="button" data-page="-1">← Previous'
        '</button><span id="shown" role="status"></span>'
        '<button type="button" data-page="1">Next →</button></div>\n'
    )


def _plain_run(number: int, run: RunLine) -> str:
    """Return a run as a separate element, which a browser without scripts shows."""
    title = text(f"{run.problem_id} · {run.strategy} · {_OUTCOMES[run.correct]}")
    body = (
        f'<details class="plain" id="run-{number}"><summary>{title}</summary>'
        f"{_parts(number, run)}</details>"
    )
    row = json_for_html(_row(run))
    return f'<script type="application/json" class="row">{row}</script>{deferred(body)}\n'


def _parts(number: int, run: RunLine) -> str:
    return "".join(run_parts(run.result, prompt=run.prompt, judged=run.judged, key=f"r{number}-"))


def _packed(content: str) -> str:
    # Level 6 takes half the time of level 9 for pages that are 2 % larger. A time of 0 makes equal
    # runs equal pages.
    return base64.b64encode(gzip.compress(content.encode(), compresslevel=6, mtime=0)).decode()
