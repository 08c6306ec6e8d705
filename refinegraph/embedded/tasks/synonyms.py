"""Expand one phrase into many wordings by replacing words in angle brackets and braces.

For example,

    {smallest|lowest} <number> of ~

becomes "smallest number of ~", "lowest element of ~" or one of ten other phrases.
"""

import math
import random
import re

_NUMBERS = "numbers|numbers|values|elements|integers|items|entries"
_NUMBER = "number|number|value|element|integer|item|entry"
_WORDS: dict[str, str] = {
    "keep": "keep|keep|keep only|retain|select|pick out|leave only|filter for",
    "drop": "drop|remove|delete|discard|exclude|leave out|throw away|filter out|get rid of",
    "numbers": _NUMBERS,
    "number": _NUMBER,
    "words": "words|words|strings",
    "word": "word|word|string",
    "characters": "characters|characters|letters|chars",
    "character": "character|character|letter|char",
    "those": "those|the ones|the numbers",
    "among": "in|in|of|among|from",
    "above": "above|greater than|larger than|bigger than|over|more than",
    "below": "below|less than|smaller than|under|lower than",
    "up": "in ascending order|from smallest to largest|in increasing order|from small to big|"
    "from low to high",
    "down": "in descending order|from largest to smallest|in decreasing order|from big to small|"
    "from high to low",
    "each": "each|every",
    "give": "return|return|return|give|give back|compute|find|get|produce|output|calculate|"
    "work out|determine",
    "make": "make|turn",
    "replace": "replace|exchange|substitute",
}
_SLOT = re.compile(r"<(\w+)>|\{([^{}<>]*)\}")
_PLAIN = {
    "numbers": (
        (r"^keep ", "<keep> "),
        (
            r"^(drop|remove|leave out) (?=(the|all|every|each|zeros|what|numbers|repeats))",
            "<drop> ",
        ),
        (r"\b(each|every) (number|value)\b", "<each> <number>"),
        (r"\bnumbers\b", "<numbers>"),
        (r"\bin ascending order\b", "<up>"),
        (r"\bin descending order\b", "<down>"),
        (r"\b(greater than|above) @", "<above> @"),
        (r"\b(less than|below) @", "<below> @"),
        (r"^return ", "<give> "),
        (r"^(tell|check) whether ", "{tell|check|say|decide|find out} whether "),
        (r"^count ", "{count|count up|work out the number of} "),
        (r"^take the ", "{take|compute|calculate|determine} the "),
    ),
    "words": (
        (r"^keep ", "<keep> "),
        (r"^(drop|remove) (?=(the|all|every|each|repeated))", "<drop> "),
        (r"\b(each|every) word\b", "<each> <word>"),
        (r"\bwords\b", "<words>"),
        (r"^return ", "<give> "),
        (r"^count ", "{count|work out the number of} "),
    ),
    "text": (
        (r"^keep ", "<keep> "),
        (r"^(drop|remove) (?=(the|all|every|each))", "<drop> "),
        (r"\bcharacters\b", "<characters>"),
        (r"\bthe text\b", "{the text|the string|it}"),
        (r"^return ", "<give> "),
        (r"^count ", "{count|work out the number of} "),
    ),
    "number": (
        (r"^return ", "<give> "),
        (r"^(tell|check) whether ", "{tell|check|say|decide|find out} whether "),
        (r"^take ", "{take|compute|calculate|determine} "),
    ),
    "table": (
        (r"^keep ", "<keep> "),
        (r"^drop ", "<drop> "),
        (r"^return ", "<give> "),
        (r"^list ", "{list|give|return} "),
        (r"\bentries\b", "{entries|items|pairs}"),
    ),
}


def widen(phrase: str, takes: str) -> str:
    """Return a phrase in which slots replace the common words.

    >>> widen("keep the even numbers", "numbers")
    '<keep> the even <numbers>'
    """
    for pattern, slots in _PLAIN.get(takes, ()):
        phrase = re.sub(pattern, slots, phrase)
    return phrase


def fill(phrase: str, rng: random.Random) -> str:
    """Return one wording of a phrase.

    >>> fill("the {smallest|lowest} one", random.Random(1))
    'the smallest one'
    """
    filled = phrase
    while _SLOT.search(filled):
        filled = _SLOT.sub(lambda slot: rng.choice(_choices(slot)), filled)
    return re.sub(r" {2,}", " ", filled).strip()


def wordings(phrase: str) -> int:
    """Return the number of different wordings of a phrase.

    >>> wordings("the {smallest|lowest} one of {a|b|c}")
    6
    """
    return math.prod(len(set(_choices(slot))) for slot in _SLOT.finditer(phrase))


def _choices(slot: re.Match[str]) -> list[str]:
    return (_WORDS[slot[1]] if slot[1] else slot[2]).split("|")
