"""Phrases that describe candidates and usage, safe to print on a terminal."""

from rich.cells import cell_len, set_cell_size

from refinegraph.schema import Candidate, Usage
from refinegraph.wording import plural, was_executed

_CELLS_READ = 20
_LONGEST_CALL = 60
_LONGEST_VALUE = 80


def printable(text: str, *, lines: bool = False) -> str:
    r"""Escape control characters, so that no text can steer the terminal.

    >>> printable("a\x1b[31mb\nc")
    'a\\x1b[31mb\\nc'
    """
    kept = "\n\t" if lines else ""
    return "".join(sign if sign.isprintable() or sign in kept else _escape(sign) for sign in text)


def cut(text: str, width: int) -> str:
    """Return one line that is at most `width` columns wide.

    >>> cut("one  two three", 8)
    'one two…'
    """
    head = text[: (width + 1) * _CELLS_READ]
    line = " ".join(printable(head, lines=True).split())
    if cell_len(line) <= width and len(head) == len(text):
        return line
    return set_cell_size(line, min(width - 1, cell_len(line))).rstrip() + "…"


def verdict_words(candidate: Candidate) -> str:
    """Describe in a few words how far a candidate got."""
    if candidate.unusable:
        return "unusable"
    if candidate.verdict and not was_executed(candidate):
        return "not run"
    if candidate.verdict and not candidate.verdict.tests:
        return "right" if candidate.verdict.passed else "wrong"
    if candidate.verdict:
        return f"{len(candidate.verdict.passed_ids)}/{len(candidate.verdict.tests)}"
    if candidate.generated_passed is not None:
        return f"passes {plural(len(candidate.generated_passed), 'generated test')}"
    return "unchecked" if candidate.revision else "new"


def patch_words(candidate: Candidate) -> str:
    """Describe a patch in one line: its first file, and its first added or removed line.

    Returns an empty string for anything else.
    """
    lines = (candidate.program or "").splitlines()
    if not lines or not lines[0].startswith("diff --git "):
        return ""
    path = next((line[6:] for line in lines if line.startswith("+++ b/")), "")
    changed = [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    added = [line[1:].strip() for line in changed if line[0] == "+" and line[1:].strip()]
    removed = [f"without {line[1:].strip()}" for line in changed if line[0] == "-"]
    return f"{path}: {next(iter(added + removed), '')}"


def evidence_words(candidate: Candidate) -> str:
    """Describe the first failing test, or why nothing could be run; empty for other candidates."""
    if candidate.unusable:
        return candidate.unusable
    verdict = candidate.verdict
    if verdict is None or verdict.passed:
        return ""
    failure = verdict.first_failure
    if failure is None or not was_executed(candidate):
        return verdict.detail or verdict.status
    call = cut(failure.call or failure.id, _LONGEST_CALL)
    if failure.got is not None:
        got, expected = (
            cut(value or "", _LONGEST_VALUE) for value in (failure.got, failure.expected)
        )
        return f"{call} gave {got}, not {expected}"
    return f"{call}: {failure.error or failure.status.replace('_', ' ')}"


def usage_words(usage: Usage) -> str:
    """Describe usage: calls, tokens, cost and retries.

    >>> usage_words(Usage(llm_calls=1, prompt_tokens=1200, unpriced_calls=1))
    '1 model call, 1,200 tokens, price unknown'
    """
    parts = [
        plural(usage.llm_calls, "model call"),
        f"{usage.total_tokens:,} tokens",
        price_words(usage),
    ]
    if usage.retries:
        parts.append(plural(usage.retries, "retry", "retries"))
    return ", ".join(parts)


def price_words(usage: Usage) -> str:
    """Describe the cost, which is unknown if the price of any call is.

    >>> price_words(Usage(priced_usd=0.25, unpriced_calls=1))
    'at least 0.2500 USD, some prices unknown'
    """
    if usage.unpriced_calls and usage.priced_usd:
        return f"at least {usage.priced_usd:.4f} USD, some prices unknown"
    if usage.unpriced_calls:
        return "price unknown"
    return f"{usage.priced_usd:.4f} USD" if usage.priced_usd else "0 USD"


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
