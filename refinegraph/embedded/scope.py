"""The words that the model in the package knows, to tell which problems are outside its scope."""

import re
from collections.abc import Iterator
from functools import cache

_WORD = re.compile(r"[a-z]+")
_NOT_PROSE = re.compile(
    r"\b\w+\((?:[^()\n]|\([^()\n]*\))*\)(?:\s*(?:==|=>|->|→)[^\n]*)?|'[^'\n]*'|\"[^\"\n]*\"|`[^`\n]*`"
)
"""Signatures, examples and quoted values, which say nothing about the operations."""
_COMMON = """
a an the of to and or in on at by for from with as is are be it its that this then each every all
any one you i we my me please write define implement create make function functions program code
python method return returns returning give gives given get gets take takes argument parameter input
output value values result call called name so if when which what how do does can should must not no
only just
"""
_ANY_TASK = frozenset(_COMMON.split())
"""Words that occur in statements of every kind."""
_ENDINGS = ("ing", "ed", "es", "s", "ly")


def knows_words_of(statement: str) -> bool:
    """Return whether the statement has a word of the operations that the model was trained on.

    A statement without any is certainly outside its scope; one with some may be, too. Of the
    model's own kind of tasks, all 3,000 that were tried have one; of `outside_statements`, 31 %.
    Costs no model call and less than a millisecond.

    >>> knows_words_of("Write f(x) for a list x. Keep the even numbers.")
    True
    >>> knows_words_of("Write is_leap(year).")
    False
    """
    prose = _NOT_PROSE.sub(" ", statement)
    return not _vocabulary().isdisjoint(map(_stem, _words(prose)))


@cache
def _vocabulary() -> frozenset[str]:
    """Return the stems of all words in the phrases of the operations."""
    from refinegraph.embedded.tasks.vocabulary import ALL_OPERATIONS

    phrases = (
        phrase for operation in ALL_OPERATIONS for phrase in (*operation.phrases, *operation.vague)
    )
    return frozenset(_stem(word) for phrase in phrases for word in _words(phrase))


def _words(text: str) -> Iterator[str]:
    """Yield the words of a text that do not occur in statements of every kind."""
    found = (match[0] for match in _WORD.finditer(text.lower()))
    return (word for word in found if word not in _ANY_TASK)


def _stem(word: str) -> str:
    """Return a word without a frequent ending, so that inflections are the same word."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word
