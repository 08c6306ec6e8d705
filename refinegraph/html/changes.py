"""The changes from one text to another, line by line."""

from collections.abc import Iterator
from difflib import SequenceMatcher

from refinegraph.html.highlight import LONGEST, Language, code_lines

_CONTEXT = 3
"""The number of unchanged lines around a change, as in a patch."""
_MOST_LINES = 600
"""The maximum number of compared lines, because matching takes quadratic time."""


def changes_block(before: str, after: str, language: Language) -> str:
    """Return a block with the lines of two texts, marked as removed, added or unchanged."""
    if before == after:
        return '<p class="dim">Nothing was changed.</p>\n'
    lines = list(_lines(before, after, language))
    cut = max(len(before), len(after)) > LONGEST or _too_many(before) or _too_many(after)
    more = '<span class="fold">… cut: only the beginnings are compared</span>' if cut else ""
    return f'<pre class="changes">{"".join(lines)}{more}</pre>\n'


def _too_many(content: str) -> bool:
    return content.count("\n") >= _MOST_LINES


def _lines(before: str, after: str, language: Language) -> Iterator[str]:
    old, new = before[:LONGEST].rstrip("\n"), after[:LONGEST].rstrip("\n")
    old_lines, new_lines = old.split("\n")[:_MOST_LINES], new.split("\n")[:_MOST_LINES]
    old_html, new_html = code_lines(old, language), code_lines(new, language)
    matcher = SequenceMatcher(None, old_lines, new_lines, autojunk=False)
    position = 0
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        yield _fold(group[0][1] - position)
        for tag, old_start, old_end, new_start, new_end in group:
            if tag == "equal":
                yield from (f"  {line}\n" for line in old_html[old_start:old_end])
                continue
            yield from (
                f'<span class="gone">- {line}</span>' for line in old_html[old_start:old_end]
            )
            yield from (
                f'<span class="come">+ {line}</span>' for line in new_html[new_start:new_end]
            )
        position = group[-1][2]
    yield _fold(len(old_lines) - position)


def _fold(count: int) -> str:
    if not count:
        return ""
    return f'<span class="fold">⋯ {count:,} unchanged {"line" if count == 1 else "lines"}</span>\n'
