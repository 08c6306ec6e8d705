"""Measure how natural a line of source is; faulty lines are less natural (Ray et al., 2016)."""

import io
import math
import tokenize
from collections import Counter
from collections.abc import Iterable

_START = ("", "")
_HIDDEN = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
_WEIGHTS = (0.6, 0.3, 0.1)
"""Weights of trigrams, bigrams and unigrams: a choice. Most of the regularity of source code is
local and captured by trigrams (Hindle et al., 2012)."""
_UNSEEN = 1e-6
"""Probability of a token that was never seen, so that its surprise is finite."""


class Naturalness:
    """An interpolated trigram model of the tokens in a project's files."""

    def __init__(self, sources: Iterable[str]) -> None:
        self._counts: tuple[Counter[tuple[str, ...]], ...] = (Counter(), Counter(), Counter())
        self._before: tuple[Counter[tuple[str, ...]], ...] = (Counter(), Counter(), Counter())
        for source in sources:
            self._learn(tokens_of(source))

    def _learn(self, tokens: list[str]) -> None:
        padded = [*_START, *tokens]
        for index in range(2, len(padded)):
            for length in (1, 2, 3):
                ngram = tuple(padded[index - length + 1 : index + 1])
                self._counts[length - 1][ngram] += 1
                self._before[length - 1][ngram[:-1]] += 1

    def surprise(self, text: str) -> float:
        """Return the mean surprise of a text's tokens, in nats; 0 without tokens.

        >>> model = Naturalness(["for x in xs:\\n    print(x)\\n"] * 5)
        >>> model.surprise("for x in xs:") < model.surprise("for xs in x:")
        True
        """
        padded = [*_START, *tokens_of(text)]
        if len(padded) == len(_START):
            return 0.0
        total = sum(self._surprise(padded, index) for index in range(2, len(padded)))
        return total / (len(padded) - len(_START))

    def _surprise(self, padded: list[str], index: int) -> float:
        probability = _UNSEEN
        for weight, length in zip(_WEIGHTS, (3, 2, 1), strict=True):
            ngram = tuple(padded[index - length + 1 : index + 1])
            seen = self._before[length - 1][ngram[:-1]]
            probability += weight * self._counts[length - 1][ngram] / seen if seen else 0.0
        return -math.log(probability)


def tokens_of(source: str) -> list[str]:
    """Return the tokens of a program or a part of one, without comments."""
    tokens: list[str] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type not in _HIDDEN and token.string:
                tokens.append(token.string)
    except (tokenize.TokenError, SyntaxError, IndentationError):
        pass  # a single line may end inside brackets; keep the tokens before its end
    return tokens
