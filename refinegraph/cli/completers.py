"""What the shell may complete an argument with, looked up only when the shell asks."""

from collections.abc import Iterable, Sequence
from typing import Any


class Completer:
    """Completes an argument from a named source, or with one of some words.

    The last of several words joined by commas is completed.

    >>> Completer(["refine", "accept"])("refine,a")
    ['refine,accept']
    """

    def __init__(self, source: str | Sequence[str]) -> None:
        self.source = source

    def __call__(self, prefix: str, **_: Any) -> list[str]:
        """Return the words that begin with the typed text."""
        before, comma, last = prefix.rpartition(",")
        return [f"{before}{comma}{word}" for word in self._words() if word.startswith(last)]

    def _words(self) -> Iterable[str]:
        if not isinstance(self.source, str):
            return self.source
        from refinegraph.options import suggestions

        sources = {
            "strategies": suggestions.strategies,
            "models": suggestions.models,
            "runs": suggestions.runs,
        }
        return sources[self.source]()
