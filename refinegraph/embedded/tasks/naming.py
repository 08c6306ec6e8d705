"""Random names of functions and arguments."""

import builtins
import keyword
import random
from typing import NamedTuple

from refinegraph.embedded.tasks.operation import Shape

_VERBS = (
    "get", "find", "make", "do", "work", "run", "solve", "build", "pick", "take", "form", "give",
)  # fmt: skip
_NOUNS = (
    "values", "result", "list", "parts", "items", "data", "out", "total", "words", "answer",
    "it", "score",
)  # fmt: skip
_ANY: dict[Shape, tuple[str, ...]] = {
    "numbers": ("xs", "nums", "numbers", "values", "items", "data", "scores", "lst", "ns"),
    "number": ("n", "num", "number", "value", "count", "k_value", "amount"),
    "text": ("s", "text", "line", "word", "name", "string", "sentence"),
    "words": ("ws", "words", "names", "items", "lines", "strings", "tokens"),
    "table": ("d", "table", "counts", "prices", "stock", "mapping", "scores"),
}
_ONSETS = ("b", "br", "c", "ch", "d", "f", "fl", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "pr",
           "qu", "r", "s", "sh", "st", "t", "th", "tr", "v", "w", "y", "z")  # fmt: skip
_RIMES = ("a", "ad", "al", "an", "ar", "e", "ed", "el", "en", "er", "est", "i", "id", "in", "ing",
          "ion", "is", "it", "o", "on", "or", "ot", "u", "um", "un", "us", "ure", "ay")  # fmt: skip


class Header(NamedTuple):
    """The name of a function and of its argument."""

    name: str
    argument: str


def plain_name(rng: random.Random) -> str:
    """Return one of a few common names, such as `find_parts`."""
    verb = rng.choice(_VERBS)
    return verb if rng.random() < 0.3 else f"{verb}_{rng.choice(_NOUNS)}"


def free_header(takes: Shape, rng: random.Random) -> Header:
    """Return a random name: common words, invented words or a single letter.

    >>> free_header("text", random.Random(3)) == free_header("text", random.Random(3))
    True
    """
    argument = "x" if rng.random() < 0.4 else rng.choice(_ANY[takes])
    name = plain_name(rng) if rng.random() < 0.2 else _free_name(rng)
    taken = keyword.iskeyword(name) or hasattr(builtins, name) or name == argument
    return Header(f"{name}_of" if taken else name, argument)


def _free_name(rng: random.Random) -> str:
    if rng.random() < 0.1:
        return rng.choice("fghpqr")
    parts = [_word(rng) for _ in range(rng.choice((1, 2, 2, 3)))]
    return "_".join(parts)


def _word(rng: random.Random) -> str:
    """Return a common word, or one built from syllables."""
    if rng.random() < 0.35:
        return rng.choice((*_VERBS, *_NOUNS, "of", "and", "without", "sum", "even", "first"))
    return "".join(rng.choice(_ONSETS) + rng.choice(_RIMES) for _ in range(rng.choice((1, 2, 2))))
