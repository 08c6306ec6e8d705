r"""Read boxed final answers in all the forms that LaTeX allows.

`\boxed{5}` is the usual form. The solutions of the MATH dataset also contain `\fbox{5}`, `\boxed 5`
and `\boxed{\text{A}}`; models also write `\framebox{5}`, `\boxed {5}` and escaped or unbalanced
braces.
"""

import re

_BOX = re.compile(r"\\(?:boxed|fbox|framebox)(?![A-Za-z])\s*(?:\[[^\]]*\]\s*)*")
_UNBRACED_END = re.compile(r"\$|\\\)|\\\]|\n|\.(?=\s|$)")


def last_box(text: str) -> str | None:
    r"""Return the content of the last box, or None if there is no box or it is empty or unclosed.

    >>> last_box(r"so it is \boxed{\frac{1}{2}}.")
    '\\frac{1}{2}'
    >>> last_box(r"so $\boxed 5$ it is")
    '5'
    """
    boxes = list(_BOX.finditer(text))
    if not boxes:
        return None
    start = boxes[-1].end()
    inside = _braced(text, start) if text[start : start + 1] == "{" else _unbraced(text, start)
    return (inside or "").strip() or None


def has_box(text: str) -> bool:
    """Return whether a box begins anywhere in the text."""
    return _BOX.search(text) is not None


def _braced(text: str, start: int) -> str | None:
    r"""Return the text between matching braces; `\{` and `\}` do not count as braces."""
    depth, index = 0, start
    while index < len(text):
        if text[index] == "\\":
            index += 2
            continue
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth == 0:
            return text[start + 1 : index]
        index += 1
    return None


def _unbraced(text: str, start: int) -> str:
    end = _UNBRACED_END.search(text, start)
    return text[start : end.start() if end else len(text)]
