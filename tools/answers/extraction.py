"""Read the final answer out of a solution."""

import re

from refinegraph.schema import Kind
from refinegraph.tools.answers.boxes import has_box, last_box

_THOUGHT = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_SAID = re.compile(r"\b(?:final\s+answer|answer)\b\**\s*(?:is\s*:?|:|=)\s*(.+)", re.IGNORECASE)
_MARKED = re.compile(r"####\s*(.+)|^A:\s*(.+)", re.MULTILINE)
_SENTENCE_END = re.compile(r"\.(?=\s+[A-Z(]|\s*$)")
_LETTER = re.compile(r"^\W*(?:option\s+|choice\s+)?\(?([A-Z])\)?(?:\W|$)")
_LONE_LETTER = re.compile(r"(?:^|\s)\(?([A-Z])\)?[.)]?\s*$")
_TWO_LETTERS = re.compile(r"\(?\b[A-Z]\b\)?\W+(?:or|and)\W+(?:option\s+|choice\s+)?\(?[A-Z]\b")
_TEXT = re.compile(r"^\\(?:text|mathrm|textbf)\s*\{([^{}]*)\}$")
_LONGEST_LINE = 80


def extract_answer(text: str, *, kind: Kind) -> str | None:
    r"""Return the final answer of a solution, or None where it gives none.

    Looked for in this order, the last of each: `\boxed{}`; `####` or `A:`; "the answer is"; a last
    line that stands alone. What stands in thinking tags is not looked at. For `choice`, a letter
    is returned where one is given, else the words.

    >>> extract_answer("Step 1: 2 + 2 = 4\n\\boxed{4}", kind="math")
    '4'
    >>> extract_answer("So the answer is (C) 9.", kind="choice")
    'C'
    """
    text = _THOUGHT.sub("", text)
    found = last_box(text) or _last(_MARKED, text) or _said(text) or _last_line(text)
    if found is None:
        return None
    answer = _bare(found)
    if kind == "choice":
        letter = _LETTER.search(answer) or _LONE_LETTER.search(answer)
        certain = letter and not _TWO_LETTERS.search(answer)
        return letter[1] if letter and certain else answer or None
    return answer or None


def _bare(found: str) -> str:
    """Return an answer without what only surrounds it."""
    answer = found.strip().strip("*`").strip()
    answer = _TEXT.sub(r"\1", answer).removesuffix(".").strip()
    for opening, closing in (("$", "$"), (r"\(", r"\)"), (r"\[", r"\]")):
        inner = answer.removeprefix(opening).removesuffix(closing)
        if len(answer) > len(opening) + len(closing) and len(inner) == len(answer) - len(
            opening
        ) - len(closing):
            answer = inner
    return last_box(answer) or answer.strip().strip("*").strip()


def _said(text: str) -> str | None:
    found = _last(_SAID, text)
    return _SENTENCE_END.split(found, maxsplit=1)[0] if found else None


def _last(pattern: re.Pattern[str], text: str) -> str | None:
    found = [match[match.lastindex or 0] for match in pattern.finditer(text)]
    return found[-1] if found else None


def _last_line(text: str) -> str | None:
    lines = text.strip().splitlines()
    alone = len(lines) == 1 or (len(lines) > 1 and not lines[-2].strip())
    whole = alone and len(lines[-1]) <= _LONGEST_LINE and not has_box(lines[-1])
    return lines[-1] if whole else None
