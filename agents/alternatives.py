"""The tokens that a model could have written instead, from the log-probabilities of its answer."""

from collections.abc import Iterable, Sequence

from refinegraph.agents.models.types import Choice, TokenLogprob
from refinegraph.schema import Alternative, Candidate

_LARGEST_GAP = 4.0
"""Largest gap of an alternative that is kept, a factor of 55: a choice. Less likely ones are rarely
worth even a line."""
_KEPT = 24
"""Alternatives kept for each program, likeliest first."""


def alternatives_of(choice: Choice, program: str | None) -> tuple[Alternative, ...]:
    """Return the likeliest tokens that an answer could have had within its program instead.

    They are ordered by how much less likely they were than the tokens that were written. Returns an
    empty tuple if the answer has no log-probabilities, or if the program does not occur in it
    unchanged. Tokens that begin a new line are left out.

    >>> from refinegraph.agents.models import TokenLogprob, TopLogprob
    >>> plus = TokenLogprob(token="+", logprob=-0.7, top=(TopLogprob("-", -0.9),))
    >>> words = [TokenLogprob(token="x ", logprob=0.0), plus, TokenLogprob(token=" 1", logprob=0.0)]
    >>> [found] = alternatives_of(Choice(text="x + 1", logprobs=tuple(words)), "x + 1")
    >>> found.start, found.token, round(found.gap, 3)
    (2, '-', 0.2)
    """
    tokens = choice.logprobs or ()
    first = choice.text.find(program) if program else -1
    spelled = "".join(token.token for token in tokens)
    if first < 0 or not tokens or not choice.text.endswith(spelled):
        return ()
    inside = range(first, first + len(program or ""))
    return likeliest(
        Alternative(start=start, token=other.token, gap=token.logprob - other.logprob)
        for start, token in _placed(choice)
        if start in inside
        for other in token.top
        if other.token not in ("", token.token) and "\n" not in other.token
    )


def likeliest(alternatives: Iterable[Alternative]) -> tuple[Alternative, ...]:
    """Return the likeliest alternatives, likeliest first."""
    likely = [other for other in alternatives if other.gap <= _LARGEST_GAP]
    return tuple(sorted(likely, key=lambda other: (other.gap, other.start, other.token))[:_KEPT])


def unused_alternatives(parent: Candidate, pool: Sequence[Candidate]) -> list[Alternative]:
    """Return the alternatives with which no candidate of the pool was written yet."""
    texts = [other.text for other in pool]
    return [other for other in parent.alternatives if not _is_used(parent.text, other, texts)]


def line_end(text: str, start: int) -> int:
    """Return the offset at which the line around an offset ends."""
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _is_used(text: str, alternative: Alternative, texts: Sequence[str]) -> bool:
    begin = f"{text[: alternative.start]}{alternative.token}"
    end = text[line_end(text, alternative.start) :]
    return any(other.startswith(begin) and other.endswith(end) for other in texts)


def _placed(choice: Choice) -> list[tuple[int, TokenLogprob]]:
    """Return the tokens with their offsets; tokens spell the end of the text."""
    tokens = choice.logprobs or ()
    start = len(choice.text) - sum(len(token.token) for token in tokens)
    placed: list[tuple[int, TokenLogprob]] = []
    for token in tokens:
        placed.append((start, token))
        start += len(token.token)
    return placed
