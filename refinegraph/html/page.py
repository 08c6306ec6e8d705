"""The frame of every page: one file, no network, light and dark, readable on a phone and paper."""

from collections.abc import Iterable, Iterator
from html import escape
from itertools import zip_longest

_STYLE = """\
:root{--bg:#fff;--fg:#1b1f24;--dim:#57606a;--line:#d0d7de;--soft:#f6f8fa;--good:#116329;
--bad:#a40e26;--warn:#7d4e00;--mark:#0550ae;--gone:#ffebe9;--come:#dafbe1}
@media (prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--dim:#9da7b3;--line:#30363d;
--soft:#161b22;--good:#56d364;--bad:#ff7b72;--warn:#e3b341;--mark:#79c0ff;--gone:#3c1618;
--come:#12261e}}
*{box-sizing:border-box}body{margin:0 auto;max-width:70rem;padding:1rem;background:var(--bg);
color:var(--fg);font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem}h2{font-size:1.2rem;
margin-top:2rem}a{color:var(--mark)}.dim{color:var(--dim)}.good{color:var(--good)}
.bad{color:var(--bad)}.warn{color:var(--warn)}.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
td.n,th.n{text-align:right;white-space:nowrap}th button{all:unset;cursor:pointer;font-weight:600}
th button:focus-visible,summary:focus-visible,input:focus-visible{outline:2px solid var(--mark)}
pre{background:var(--soft);border:1px solid var(--line);border-radius:6px;padding:.6rem;
margin:.4rem 0;overflow-x:auto;font:13px/1.45 ui-monospace,monospace;white-space:pre-wrap;
overflow-wrap:anywhere}
pre .gone{background:var(--gone);display:block}pre .come{background:var(--come);display:block}
article{border:1px solid var(--line);border-radius:8px;padding:.6rem .9rem;margin:.6rem 0}
article.child{margin-left:1.5rem}details>summary{cursor:pointer}
input,select{font:inherit;color:inherit;background:var(--soft);border:1px solid var(--line);
border-radius:6px;padding:.3rem .5rem;margin:.2rem .4rem .2rem 0;max-width:100%}
svg{max-width:100%;height:auto}svg text{fill:var(--fg);font:12px system-ui,sans-serif}
svg .node{fill:var(--line)}svg .call{fill:var(--mark)}svg .sandbox{fill:var(--good)}
svg .grid{stroke:var(--line)}svg .dot{fill:var(--mark)}svg .whisker{stroke:var(--mark)}
figure{display:inline-block;margin:.4rem .8rem .4rem 0;text-align:center}
.tile{display:inline-block;margin:.2rem 1.2rem .2rem 0}.tile b{display:block;font-size:1.3rem}
@media (max-width:40rem){body{padding:.6rem}article.child{margin-left:.4rem}}
@media print{details>*{display:block}input,select{display:none}}
"""


def page(title: str, body: Iterable[str], *, script: str = "") -> Iterator[str]:
    """Yield a whole page; `body` is HTML, the title is text."""
    yield (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n"
        f"<title>{text(title)}</title>\n<style>\n{_STYLE}</style></head><body>\n"
    )
    yield f"<main>\n<h1>{text(title)}</h1>\n"
    yield from body
    yield "</main>\n"
    if script:
        yield f"<script>\n{script}</script>\n"
    yield "</body></html>\n"


def text(value: object) -> str:
    """Return any text as HTML that shows it and does nothing else.

    >>> text("<script>")
    '&lt;script&gt;'
    """
    shown = "".join(
        each if each.isprintable() or each in "\n\t" else "\ufffd" for each in str(value)
    )
    return escape(shown)


def table(headings: Iterable[str], rows: Iterable[Iterable[str]], *, label: str) -> Iterator[str]:
    """Yield a table; cells are HTML, those that begin with a digit or a sign stand to the right."""
    yield f'<div class="wide" tabindex="0" role="region" aria-label="{text(label)}"><table>\n<tr>'
    known = [tuple(row) for row in rows]
    first = known[0] if known else ()
    classes = [' class="n"' if _is_number(each) else "" for each in first]
    yield "".join(
        f'<th scope="col"{kind}>{text(each)}</th>'
        for each, kind in zip_longest(headings, classes, fillvalue="")
    )
    yield "</tr>\n"
    for row in known:
        yield "<tr>" + "".join(map(_cell, row)) + "</tr>\n"
    yield "</table></div>\n"


def _cell(content: str) -> str:
    return f'<td class="n">{content}</td>' if _is_number(content) else f"<td>{content}</td>"


def _is_number(content: str) -> bool:
    return content[:1].isdigit() or content[:1] in ("+", "-") or content in ("–", "?")
