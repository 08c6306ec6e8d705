"""Normalise answers: cheap, symmetric, and the same on every machine."""

import re
from fractions import Fraction
from functools import lru_cache

from refinegraph.schema import Kind
from refinegraph.tools.answers.claims import HEDGES

_MAX_CHARACTERS = 1_000
"""Longer answers are compared by their first characters: a choice that bounds the regular
expressions."""
_DROPPED = re.compile(
    r"\\(?:left|right)(?![a-z])|\\[!,;: ]|\\displaystyle"
    r"|\\(?:text|mathrm|mbox|textbf)\s*\{\s*\}"
)
_WORDS = re.compile(r"\\(?:text|mathrm|mbox|textbf|mathbf)\s*\{([^{}]*)\}")
_DEGREES = re.compile(r"\^\s*\{?\s*\\circ\s*\}?|°|\bdegrees?\b", re.IGNORECASE)
_FRACTION = re.compile(r"\\[dt]?frac\s*(?:\{([^{}]*)\}|(\d))\s*(?:\{([^{}]*)\}|(\d))")
_LONE_CHARACTER = re.compile(r"(?<!\\)\{([A-Za-z\d])\}")
_NAMED = re.compile(r"^[A-Za-z](?:_?\w)?\s*(?:\(\w\))?\s*=(?!=)\s*")
_GROUPED = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?"
_PLAIN = re.compile(rf"^({_NUMBER})$")
_QUOTIENT = re.compile(rf"^({_NUMBER})\s*/\s*({_NUMBER})$")
_MIXED = re.compile(r"^([-+]?)(\d+)\s+(\d+)\s*/\s*(\d+)$")
_SCIENTIFIC = re.compile(
    rf"^({_NUMBER})\s*(?:\\times|\\cdot|[x×*])\s*10\s*\^\s*\{{?([-+]?\d{{1,3}})\}}?$"
)
_UNIT = re.compile(
    rf"^({_NUMBER}(?:\s*/\s*\d+)?)"
    r"\s*(?:[A-Za-z]{2,}[A-Za-z ./²³^]*(?:(?<=[A-Za-z^])\d)?|[%°])\.?$"
)
_UNIT_SPACED = re.compile(r"^(.*\d)\s+(?:[A-Za-z]{2,})(?:[ /][A-Za-z²³^][A-Za-z²³^\d]*)*\.?$")
_LABEL = re.compile(r"(?:^|(?<=[\s(]))\(?([A-J])[).:]\s*(?=\S)")
_LETTER = re.compile(r"^\(?([A-Za-z])[).]?$")


@lru_cache(maxsize=4096)  # every scoring pass requests the keys of the whole pool again
def answer_key(answer: str, *, kind: Kind, prompt: str = "") -> str:
    r"""Return a normal form of an answer, which answers that mean the same share.

    Numbers compare by value, regardless of separators, currency, unit or form; a percent sign
    counts as a unit. Choices compare by letter, or by value if the prompt lists the options.

    >>> answer_key("1,200.0", kind="math") == answer_key("$1200", kind="math")
    True
    >>> answer_key(r"\frac{1}{2}", kind="math") == answer_key("0.5", kind="math")
    True
    >>> answer_key("9", kind="choice", prompt="(A) 2 (B) 9") == answer_key("(B)", kind="choice")
    True
    """
    if kind == "choice":
        return _choice_key(answer, prompt)
    if kind != "math":
        return _words_key(answer)
    text = plain_math(answer)
    value = _value(text)
    return f"= {value}" if value is not None else _compact(text)


def _compact(text: str) -> str:
    r"""Return LaTeX without spaces and without braces around one character: `\sqrt2`.

    TeX takes a single character as an argument, so `\sqrt{2}` and `\sqrt2` mean the same.
    """
    text = re.sub(r"\\[dt]frac(?![A-Za-z])", r"\\frac", text)
    return _LONE_CHARACTER.sub(r"\1", "".join(text.split())).casefold()


def plain_math(answer: str) -> str:
    r"""Return a mathematical answer without markup, name, unit or separators.

    >>> plain_math(r"x = 5\text{ cm}")
    '5'
    """
    text = answer[:_MAX_CHARACTERS].strip().strip("$").strip()
    text = _DROPPED.sub("", text)
    text = _WORDS.sub(r" \1 ", text)
    text = _DEGREES.sub("", text)
    text = text.replace("\\%", "%").replace("\\$", "").replace("−", "-")
    text = _GROUPED.sub("", text.replace("{,}", ","))
    text = re.sub(r"^[$€£]\s*(?=[-+.\d])|(?<=^-)[$€£](?=\d)", "", text.strip())
    text = _NAMED.sub("", text)
    text = re.sub(r"\s+", " ", text).strip().rstrip(".").strip()
    unit = _UNIT.match(text) or _UNIT_SPACED.match(text)
    if unit and not HEDGES.search(text) and _value(unit[1].strip()) is not None:
        text = unit[1].strip()
    return text.removesuffix("%").strip()


def choice_options(prompt: str) -> dict[str, str]:
    """Return the options that a prompt lists, by letter.

    >>> choice_options("What is 1 + 1?\\n(A)2 (B)4 (C)9")
    {'A': '2', 'B': '4', 'C': '9'}
    """
    labels = list(_LABEL.finditer(prompt))
    first = max((index for index, label in enumerate(labels) if label[1] == "A"), default=None)
    if first is None:
        return {}
    listed: dict[str, str] = {}
    for index, label in enumerate(labels[first:], first):
        if label[1] != chr(ord("A") + len(listed)):
            break
        end = labels[index + 1].start() if index + 1 < len(labels) else len(prompt)
        listed[label[1]] = prompt[label.end() : end].split("\n", 1)[0].strip(" (")
    return listed if len(listed) > 1 else {}


def _choice_key(answer: str, prompt: str) -> str:
    letter = _LETTER.match(answer.strip())
    if letter:
        return letter[1].upper()
    key = answer_key(answer, kind="math")
    for name, text in choice_options(prompt).items():
        if answer_key(text, kind="math") == key:
            return name
    return _words_key(answer)


def _words_key(answer: str) -> str:
    return " ".join(answer[:_MAX_CHARACTERS].split()).casefold().strip(" .\"'`*")


def _value(text: str) -> Fraction | None:
    """Return the exact number that a text denotes, or None."""
    fraction = _FRACTION.search(text)
    if fraction:
        parts = [part for part in fraction.groups() if part is not None]
        before = text[: fraction.start()].strip()
        joined = f"{before} {parts[0].strip()}/{parts[1].strip()}".strip()
        text = joined.replace("- ", "-", 1) if before == "-" else joined
        text += "" if fraction.end() == len(fraction.string) else " ?"
    try:
        return _fraction(text)
    except (ValueError, ZeroDivisionError, OverflowError):
        return None


def _fraction(text: str) -> Fraction | None:
    if match := _PLAIN.match(text):
        return Fraction(match[1])
    if match := _QUOTIENT.match(text):
        return Fraction(match[1]) / Fraction(match[2])
    if match := _MIXED.match(text):
        value = Fraction(int(match[2])) + Fraction(int(match[3]), int(match[4]))
        return -value if match[1] == "-" else value
    if match := _SCIENTIFIC.match(text):
        return Fraction(match[1]) * Fraction(10) ** int(match[2])
    return None
