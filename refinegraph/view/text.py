"""Words for what a run says of itself; all of it safe to print."""

from refinegraph.schema import Candidate, Usage


def printable(text: str, *, lines: bool = False) -> str:
    r"""Escape control characters, so that no text can steer the terminal.

    >>> printable("a\x1b[31mb\nc")
    'a\\x1b[31mb\\nc'
    """
    kept = "\n\t" if lines else ""
    return "".join(each if each.isprintable() or each in kept else _escape(each) for each in text)


def cut(text: str, width: int) -> str:
    """Return one line of at most that many characters.

    >>> cut("one  two three", 8)
    'one two…'
    """
    line = " ".join(printable(text, lines=True).split())
    return line if len(line) <= width else f"{line[: width - 1]}…"


def verdict_words(candidate: Candidate) -> str:
    """Say how far a candidate got, in a few words."""
    if candidate.unusable:
        return f"unusable: {candidate.unusable}"
    if candidate.verdict:
        count, passed = len(candidate.verdict.tests), len(candidate.verdict.passed_ids)
        return f"{passed}/{count} visible tests"
    if candidate.generated_passed is not None:
        return f"agrees with {len(candidate.generated_passed)} guessed tests"
    if candidate.revision == 0:
        return "not run yet"
    return "nothing to check it with"


def failure_words(candidate: Candidate) -> str:
    """Say what the first failing test showed; empty where none failed."""
    failure = candidate.verdict.first_failure if candidate.verdict else None
    if failure is None:
        return ""
    if failure.got is not None:
        return f"{failure.call} gave {failure.got}, not {failure.expected}"
    return f"{failure.call}: {failure.error or failure.status}"


def usage_words(usage: Usage) -> str:
    """Say what was spent; an unknown price is said to be unknown.

    >>> usage_words(Usage(llm_calls=1, prompt_tokens=1200, unpriced_calls=1))
    '1 model call, 1,200 tokens, price unknown'
    """
    cost = usage.cost_usd
    parts = [
        _count(usage.llm_calls, "model call"),
        f"{usage.total_tokens:,} tokens",
        "price unknown" if cost is None else f"{cost:.4f} USD" if cost else "0 USD",
    ]
    if usage.retries:
        parts.append(_count(usage.retries, "retry", "retries"))
    return ", ".join(parts)


def _count(number: int, word: str, plural: str | None = None) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {plural or word + 's'}"


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
