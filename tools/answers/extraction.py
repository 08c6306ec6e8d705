"""Read the final answer out of a solution."""

import re

from refinegraph.schema import Kind
from refinegraph.tools.answers.boxes import has_box, last_box
from refinegraph.tools.answers.claims import HEDGES

_THOUGHT = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_SAID = re.compile(r"\b(?:final\s+answer|answer)\b\**\s*(?:is\s*:?|:|=)\s*(.+)", re.IGNORECASE)
_MARKED = re.compile(r"####\s*(.+)|^A:\s*(.+)", re.MULTILINE)
_HEADED = re.compile(
    r"^[#*\s]*(?:the\s+)?(?:final\s+)?(?:answer|result)\s*:?\s*\**\s*:?\s*\n+\s*(.+)",
    re.MULTILINE | re.IGNORECASE,
)
_CONCLUDES = re.compile(
    r"^\W*(?:so|thus|therefore|hence|altogether|consequently|finally|overall|total"
    r"|in\s+(?:total|conclusion|all)|as\s+a\s+result)\b",
    re.IGNORECASE,
)
_BOLD = re.compile(r"\*\*([^*\n]+)\*\*")
_NUMBER = re.compile(r"[-+]?(?:\$\s*)?(?:\d{1,3}(?: \d{3})+|\d[\d,]*)(?:\.\d+)?(?:/\d+)?\s*%?")
_VERB = re.compile(
    r"\b(?:is|are|was|were|be|equals|gets?|has|have|had|makes?|costs?|pays?|spends?|earns?|needs?"
    r"|left|becomes?)\b|=",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"\.(?=\s+[A-Z(]|\s*$)")
_LETTER = re.compile(r"^\W*(?:option\s+|choice\s+)?\(?([A-Z])\)?(?:\W|$)")
_LONE_LETTER = re.compile(r"(?:^|\s)\(?([A-Z])\)?[.)]?\s*$")
_TWO_LETTERS = re.compile(r"\(?\b[A-Z]\b\)?\W+(?:or|and)\W+(?:option\s+|choice\s+)?\(?[A-Z]\b")
_TEXT = re.compile(r"^\\(?:text|mathrm|textbf)\s*\{([^{}]*)\}$")
_LONGEST_LINE = 80


def extract_answer(text: str, *, kind: Kind) -> str | None:
    r"""Return the final answer of a solution, or None where it gives none.

    Looked for in this order, the last of each: `\boxed{}`; `####` or `A:`; "the answer is"; what
    follows a heading such as `### Answer`; in mathematics, the only value of a last line that
    concludes ("Therefore, the total is 12 dollars."), the right side of a last equation, and the
    only bold text of the last line; a last line that stands alone. What stands in thinking tags is
    not looked at. For `choice`, a letter is returned where one is given, else the words.

    >>> extract_answer("Step 1: 2 + 2 = 4\n\\boxed{4}", kind="math")
    '4'
    >>> extract_answer("So the answer is (C) 9.", kind="choice")
    'C'
    """
    text = _THOUGHT.sub("", text)
    found = last_box(text) or _last(_MARKED, text) or _said(text) or _last(_HEADED, text)
    if found is None:
        found = (_concluded(text) if kind == "math" else None) or _bold(text) or _last_line(text)
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


def _concluded(text: str) -> str | None:
    """Return the value that the last line of a calculation comes to, where there is only one."""
    line = _end_of(text)
    if "\\" in line:
        return None
    bold = _bold(text)
    if bold is not None and _NUMBER.search(bold):
        return bold
    equation = line.rpartition("=")[2].strip()
    if "=" in line and len(_NUMBER.findall(equation)) == 1 and _NUMBER.match(equation.lstrip("$ ")):
        return _value(equation)
    if not _CONCLUDES.match(line):
        return None
    said = _VERB.split(line)[-1].strip()
    for part in (line, said):
        values = _NUMBER.findall(part)
        if len(values) == 1:
            return _value(values[0])
    leads = _NUMBER.match(said)
    return _value(leads[0]) if leads and not HEDGES.search(said) else None


def _value(found: str) -> str:
    match = _NUMBER.search(found)
    assert match is not None
    return match[0].replace("$", "").replace(" ", "").rstrip(",")


def _bold(text: str) -> str | None:
    """Return the bold text of the last line, where it has only one that is no heading."""
    bolds = _BOLD.findall(_end_of(text))
    alone = len(bolds) == 1 and not bolds[0].rstrip().endswith(":")
    return bolds[0] if alone else None


def _end_of(text: str) -> str:
    return next((line.strip() for line in reversed(text.split("\n")) if line.strip()), "")


def _last(pattern: re.Pattern[str], text: str) -> str | None:
    found = [match[match.lastindex or 0] for match in pattern.finditer(text)]
    return found[-1] if found else None


def _last_line(text: str) -> str | None:
    lines = text.strip().splitlines()
    alone = len(lines) == 1 or (len(lines) > 1 and not lines[-2].strip())
    whole = alone and len(lines[-1]) <= _LONGEST_LINE and not has_box(lines[-1])
    return lines[-1] if whole else None
