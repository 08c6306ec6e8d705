"""Extract the final answer from a solution."""

import re

from refinegraph.schema import Kind
from refinegraph.tools.answers.boxes import has_box, last_box
from refinegraph.tools.answers.claims import HEDGES

_THOUGHT = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_STATED = re.compile(r"\b(?:final\s+answer|answer)\b\**\s*(?:is\s*:?|:|=)\s*(.+)", re.IGNORECASE)
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
_MAX_LINE = 80
"""A longer last line is a sentence rather than an answer."""


def extract_answer(text: str, *, kind: Kind) -> str | None:
    r"""Return the final answer of a solution, or None if it states none.

    These forms are tried in order, and the last match of the first form that matches wins:

    1. `\boxed{}`;
    2. a line with `####` or `A:`;
    3. "the answer is";
    4. the text below a heading such as `### Answer`;
    5. for `math`, the bold number of the last line, the right side of an equation on it, or the
       only number of a conclusion ("Therefore, the total is 12 dollars.");
    6. the only bold text of the last line;
    7. a last line that stands alone.

    Text in thinking tags is ignored. For `choice`, the letter is returned if the answer names one,
    otherwise its words.

    >>> extract_answer("Step 1: 2 + 2 = 4\n\\boxed{4}", kind="math")
    '4'
    >>> extract_answer("So the answer is (C) 9.", kind="choice")
    'C'
    """
    text = _THOUGHT.sub("", text)
    raw = last_box(text) or _last(_MARKED, text) or _stated(text) or _last(_HEADED, text)
    if raw is None:
        raw = (_concluded(text) if kind == "math" else None) or _bold(text) or _last_line(text)
    if raw is None:
        return None
    answer = _bare(raw)
    if kind == "choice":
        letter = _LETTER.search(answer) or _LONE_LETTER.search(answer)
        ambiguous = _TWO_LETTERS.search(answer)
        return letter[1] if letter and not ambiguous else answer or None
    return answer or None


def _bare(raw: str) -> str:
    """Return an answer without surrounding markup."""
    answer = raw.strip().strip("*`").strip()
    answer = _TEXT.sub(r"\1", answer).removesuffix(".").strip()
    for opening, closing in (("$", "$"), (r"\(", r"\)"), (r"\[", r"\]")):
        inner = answer.removeprefix(opening).removesuffix(closing)
        if inner and len(answer) - len(inner) == len(opening) + len(closing):
            answer = inner
    return last_box(answer) or answer.strip().strip("*").strip()


def _stated(text: str) -> str | None:
    statement = _last(_STATED, text)
    return _SENTENCE_END.split(statement, maxsplit=1)[0] if statement else None


def _concluded(text: str) -> str | None:
    """Return the value that the last line of a calculation arrives at, if there is only one."""
    line = _last_filled_line(text)
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
    predicate = _VERB.split(line)[-1].strip()
    for part in (line, predicate):
        values = _NUMBER.findall(part)
        if len(values) == 1:
            return _value(values[0])
    leading = _NUMBER.match(predicate)
    return _value(leading[0]) if leading and not HEDGES.search(predicate) else None


def _value(text: str) -> str:
    match = _NUMBER.search(text)
    assert match is not None
    return match[0].replace("$", "").replace(" ", "").rstrip(",")


def _bold(text: str) -> str | None:
    """Return the bold text of the last line if there is exactly one and it is not a heading."""
    bolds = _BOLD.findall(_last_filled_line(text))
    alone = len(bolds) == 1 and not bolds[0].rstrip().endswith(":")
    return bolds[0] if alone else None


def _last_filled_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.split("\n")) if line.strip()), "")


def _last(pattern: re.Pattern[str], text: str) -> str | None:
    matches = [match[match.lastindex or 0] for match in pattern.finditer(text)]
    return matches[-1] if matches else None


def _last_line(text: str) -> str | None:
    lines = text.strip().splitlines()
    alone = len(lines) == 1 or (len(lines) > 1 and not lines[-2].strip())
    is_answer = alone and len(lines[-1]) <= _MAX_LINE and not has_box(lines[-1])
    return lines[-1] if is_answer else None
