r"""Split an answer into the values that it claims.

`5 = 7` and `either 5 or 7` claim two values, `x = 7` claims one. A computer algebra system that
parses such text picks one of the values, often the last, so an answer that names several values
would count as correct for any of them.
"""

import re

HEDGES = re.compile(
    r"(?<![\\A-Za-z])(?:or|and|either|neither|nor|maybe|perhaps|possibly|probably|alternatively"
    r"|otherwise|instead|rather|than|but|not|versus|vs)(?![A-Za-z])",
    re.IGNORECASE,
)
"""Words that separate alternative values."""

_BETWEEN = re.compile(
    r"\\\\|\\(?:lor|vee|land|wedge|to|mapsto|(?:long)?(?:right|left|leftright)arrow|implies|iff"
    r"|Rightarrow|Longrightarrow|Leftrightarrow|mid|approx|sim|equiv|quad|qquad)(?![A-Za-z])"
    r"|→|⇒|≈|∨|[=;,&]"
)
_COMMAND = re.compile(r"\\[A-Za-z]+")
_OPEN, _CLOSE = "([{", ")]}"


def claims(text: str, *, unions: bool = False) -> tuple[str, ...]:
    r"""Return the values that a mathematical answer claims, in order.

    Separators inside brackets are ignored, so a pair or an interval is one value; words such as
    `or` always separate values. The side of an equation that only names the value, as in
    `x + y = 7`, is not a value. With `unions`, `\cup` separates values too.

    >>> claims("2 + 5 = 7")
    ('2 + 5', '7')
    >>> claims("(1, 2)")
    ('(1, 2)',)
    """
    parts = [part for piece in HEDGES.split(text) for part in _split(piece, unions)]
    values = [part for part in parts if re.search(r"[^\s()\[\]{}.:]", part)]
    return tuple(values) or (text,)


def _split(text: str, unions: bool) -> list[str]:
    parts, begin = [], 0
    for start, end in _separators(text, unions):
        names_value = text[start:end] == "=" and _has_variable(text[begin:start])
        if not names_value:
            parts.append(text[begin:start].strip())
        begin = end
    return [*parts, text[begin:].strip()]


def _separators(text: str, unions: bool) -> list[tuple[int, int]]:
    spans = [match.span() for match in _BETWEEN.finditer(text)]
    if unions:
        spans += [match.span() for match in re.finditer(r"\\cup(?![A-Za-z])|∪", text)]
    if text.count("|") % 2:  # bars in pairs mark absolute values
        spans += [match.span() for match in re.finditer(r"\|", text)]
    return [span for span in sorted(spans) if _depth(text[: span[0]]) <= 0]


def _depth(text: str) -> int:
    return sum((character in _OPEN) - (character in _CLOSE) for character in text)


def _has_variable(text: str) -> bool:
    return re.search(r"[A-Za-z]", _COMMAND.sub("", text)) is not None
