"""The frame of every page: one file that needs no network, with light and dark colours."""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from html import escape
from importlib.resources import files
from itertools import zip_longest
from typing import NamedTuple


class Section(NamedTuple):
    """A part of a page that the contents list links to."""

    id: str
    title: str
    body: Iterable[str]
    """HTML, in pieces."""


@cache
def asset(name: str) -> str:
    """Return a style sheet or script of this package as text."""
    return files("refinegraph.html").joinpath(name).read_text(encoding="utf-8")


def page(
    title: str,
    body: Iterable[str],
    *,
    header: str | None = None,
    script: str = "",
    data: Iterable[str] = (),
) -> Iterator[str]:
    """Yield a whole page in pieces.

    The content security policy of the page allows `script` by its hash and nothing else, so that
    text that a model wrote could not run even if it were not escaped.

    Args:
        title: Plain text; the name of the page in the browser's tab.
        body: HTML, in pieces.
        header: HTML above the body; by default the title as a heading.
        script: JavaScript that runs once the body is there.
        data: Elements that nobody sees, behind the script. The page is of use while a browser
            still reads them.
    """
    allowed = f"'sha256-{_digest(script)}'" if script else "'none'"
    heading = f"<h1>{text(title)}</h1>" if header is None else header
    yield (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        f"style-src 'unsafe-inline'; script-src {allowed}\">\n"
        f"<title>{text(title)}</title>\n<style>\n{asset('page.css')}</style></head>"
        f'<body class="rg">\n<main>\n<header>{heading}</header>\n'
    )
    yield from body
    yield "</main>\n"
    if script:
        yield f"<script>{script}</script>\n"
    yield from data
    yield "</body></html>\n"


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def contents(sections: Sequence[Section]) -> Iterator[str]:
    """Yield a list of links to the sections, and then the sections."""
    links = "".join(f'<li><a href="#{part.id}">{text(part.title)}</a></li>' for part in sections)
    yield f'<nav class="contents" aria-label="Contents"><ol>{links}</ol></nav>\n'
    for part in sections:
        yield from section(part)


def section(part: Section, *, key: str = "") -> Iterator[str]:
    """Yield one section; `key` makes ids unique if a page contains several runs."""
    yield f'<section class="card" id="{key}{part.id}"><h2>{text(part.title)}</h2>\n'
    yield from part.body
    yield "</section>\n"


def deferred(body: str) -> str:
    """Return HTML that a browser with scripts parses only when its `details` element is opened.

    This makes a page with a thousand candidates open three times as fast. Without scripts, the HTML
    is parsed immediately.
    """
    return f'<noscript class="later">{body}</noscript>'


def text(value: object) -> str:
    """Escape text for HTML.

    >>> text("<script>")
    '&lt;script&gt;'
    """
    shown = str(value)
    if not shown.isprintable():
        shown = "".join(
            letter if letter.isprintable() or letter in "\n\t" else "\ufffd" for letter in shown
        )
    return escape(shown)


def dotted(facts: Iterable[str]) -> str:
    """Return the facts of a heading as HTML; their separators stay at the ends of lines."""
    return "&nbsp;· ".join(map(text, facts))


def date_words(moment: float) -> str:
    """Return a time in seconds since 1970 as readable text.

    >>> date_words(0)
    '1 January 1970, 00:00 UTC'
    """
    date = datetime.fromtimestamp(moment, tz=UTC)
    return f"{date.day} {date:%B %Y, %H:%M} UTC"


def percent(share: float | None) -> str:
    """Return a share as a percentage, or a dash if it is undefined.

    >>> percent(0.5), percent(None)
    ('50.0%', '–')
    """
    return "–" if share is None else f"{share:.1%}"


def table(
    headings: Iterable[str],
    rows: Iterable[Iterable[str]],
    *,
    label: str,
    row_headings: bool = False,
) -> Iterator[str]:
    """Yield a table that scrolls separately if it is too wide for the page.

    Args:
        headings: Plain text, one for every column.
        rows: Cells as HTML. Those that begin with a digit or a sign are aligned to the right.
        label: What the table shows, for screen readers.
        row_headings: Whether the first cell of a row names the row.
    """
    all_rows = [tuple(row) for row in rows]
    first = all_rows[0] if all_rows else ()
    classes = [' class="n"' if _is_number(cell) else "" for cell in first]
    yield (
        f'<div class="wide" tabindex="0" role="region" aria-label="{text(label)}"><table>'
        "<thead><tr>"
    )
    yield "".join(
        f'<th scope="col"{kind}>{text(heading)}</th>'
        for heading, kind in zip_longest(headings, classes, fillvalue="")
    )
    yield "</tr></thead><tbody>\n"
    for row in all_rows:
        cells = list(map(_cell, row))
        if row_headings:
            cells[0] = f'<th scope="row">{row[0]}</th>'
        yield f"<tr>{''.join(cells)}</tr>\n"
    yield "</tbody></table></div>\n"


def _cell(content: str) -> str:
    return f'<td class="n">{content}</td>' if _is_number(content) else f"<td>{content}</td>"


def _is_number(content: str) -> bool:
    return content[:1].isdigit() or content[:1] in ("+", "-", "−") or content in ("–", "?")
