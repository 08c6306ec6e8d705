"""How usual a line of source is among the others: faulty lines are less so (Ray et al., 2016)."""

import io
import math
import tokenize
from collections import Counter
from collections.abc import Iterable

_START = ("", "")
_HIDDEN = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
_WEIGHTS = (0.6, 0.3, 0.1)
"""Of three tokens, two tokens and one in a row: what is usual for a programming language is
mostly a matter of the two tokens before (Hindle et al., 2012)."""


class Naturalness:
    """A model of three tokens in a row over the files of a project."""

    def __init__(self, sources: Iterable[str]) -> None:
        self._counts: tuple[Counter[tuple[str, ...]], ...] = (Counter(), Counter(), Counter())
        self._before: tuple[Counter[tuple[str, ...]], ...] = (Counter(), Counter(), Counter())
        for source in sources:
            self._learn(tokens_of(source))

    def _learn(self, tokens: list[str]) -> None:
        padded = [*_START, *tokens]
        for place in range(2, len(padded)):
            for length in (1, 2, 3):
                row = tuple(padded[place - length + 1 : place + 1])
                self._counts[length - 1][row] += 1
                self._before[length - 1][row[:-1]] += 1

    def surprise(self, text: str) -> float:
        """Return the mean surprise of the tokens of a text, in nats; 0 for none.

        >>> model = Naturalness(["for x in xs:\\n    print(x)\\n"] * 5)
        >>> model.surprise("for x in xs:") < model.surprise("for xs in x:")
        True
        """
        padded = [*_START, *tokens_of(text)]
        if len(padded) == len(_START):
            return 0.0
        total = sum(self._surprise(padded, place) for place in range(2, len(padded)))
        return total / (len(padded) - len(_START))

    def _surprise(self, padded: list[str], place: int) -> float:
        likely = 1e-6  # a token that was never seen
        for weight, length in zip(_WEIGHTS, (3, 2, 1), strict=True):
            row = tuple(padded[place - length + 1 : place + 1])
            seen = self._before[length - 1][row[:-1]]
            likely += weight * self._counts[length - 1][row] / seen if seen else 0.0
        return -math.log(likely)


def tokens_of(source: str) -> list[str]:
    """Return the tokens of a text that need not be a whole program, without comments."""
    found: list[str] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type not in _HIDDEN and token.string:
                found.append(token.string)
    except (tokenize.TokenError, SyntaxError, IndentationError):
        pass  # the end of a line may lie inside brackets; what came before counts
    return found
