"""Read final answers out of solutions, and tell which answers are the same."""

import re

from refinegraph.schema import Kind

_SAID = re.compile(r"(?:final answer|answer)\s*(?:is|:)\s*\**\s*(.+)", re.IGNORECASE)
_MARKED = re.compile(r"####\s*(.+)")
_LETTER = re.compile(r"\(?\b([A-Z])\b\)?")


def extract_answer(text: str, *, kind: Kind) -> str | None:
    r"""Return the final answer of a solution, or None where it gives none.

    Looked for in this order, the last of each: `\boxed{}`, `####`, "the answer is", and a last
    line that stands alone.

    >>> extract_answer("Step 1: 2 + 2 = 4\n\\boxed{4}", kind="math")
    '4'
    """
    found = _boxed(text) or _last(_MARKED, text) or _last(_SAID, text) or _last_line(text)
    if found is None:
        return None
    answer = found.strip().rstrip(".").strip("$* ").strip()
    letter = _LETTER.search(answer) if kind == "choice" else None
    return (letter[1] if letter else answer) or None


def answer_key(answer: str, *, kind: Kind) -> str:
    """Return a key that is equal for answers that read the same.

    >>> answer_key("1,200.0", kind="math") == answer_key("1200", kind="math")
    True
    """
    plain = " ".join(answer.split()).casefold()
    if kind != "math":
        return plain
    number = plain.replace(",", "").replace("$", "").replace("\\", "").replace(" ", "")
    try:
        return repr(float(number) + 0.0)
    except ValueError:
        return number


def _boxed(text: str) -> str | None:
    start = text.rfind("\\boxed{")
    if start < 0:
        return None
    depth = 0
    for position in range(start + 6, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return text[start + 7 : position]
    return None


def _last(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.findall(text)
    return found[-1] if found else None


def _last_line(text: str) -> str | None:
    lines = text.strip().splitlines()
    alone = len(lines) == 1 or (len(lines) > 1 and not lines[-2].strip())
    return lines[-1] if lines and alone and len(lines[-1]) <= 80 else None
