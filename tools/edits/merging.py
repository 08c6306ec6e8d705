"""Merge an edit into the matched lines without losing lines that the edit omitted."""

from collections.abc import Sequence
from difflib import SequenceMatcher

from refinegraph.tools.edits.lines import Reindent, loose_key
from refinegraph.tools.edits.matching import Span
from refinegraph.tools.programs.python_source import ascii_punctuation


def merge(
    search: Sequence[str], replace: Sequence[str], lines: Sequence[str], span: Span
) -> list[str] | None:
    """Return the new lines of a span, or None if the edit contradicts the text.

    Lines that the edit only repeats keep the text's version, however the edit wrote them. The edit
    contradicts the text if it changes a line that the text does not have, or would silently drop
    one that it does not show.
    """
    window = list(lines[span.start : span.stop])
    if window == list(search):
        return list(replace)
    home = {left: right - span.start for left, right in span.pairs}
    pairs = [(search[left], window[right]) for left, right in home.items()]
    adapt = Reindent(pairs)
    plain = any(_is_typographic(written) and not _is_typographic(real) for written, real in pairs)
    merged: list[str] = []
    done = 0
    for kind, i1, i2, j1, j2 in _changes(search, replace):
        sites = [home[at] for at in range(i1, i2) if at in home]
        if kind == "equal":
            stop = max(sites) + 1 if sites else done
            merged += window[done:stop]
            done = max(done, stop)
            continue
        if not _is_covered(search, range(i1, i2), home, window, sites):
            return None
        if sites:
            merged += window[done : sites[0]]
            done = sites[-1] + 1
        merged += [adapt(ascii_punctuation(line) if plain else line) for line in replace[j1:j2]]
    return merged + window[done:]


def _changes(
    search: Sequence[str], replace: Sequence[str]
) -> Sequence[tuple[str, int, int, int, int]]:
    """Return the lines that the edit keeps, replaces, deletes and inserts, as difflib opcodes."""
    matcher = SequenceMatcher(None, list(search), list(replace), autojunk=False)
    return list(matcher.get_opcodes())


def _is_covered(
    search: Sequence[str],
    changed: range,
    home: dict[int, int],
    window: Sequence[str],
    sites: Sequence[int],
) -> bool:
    """Return whether the text has all changed lines, with no unshown line between them."""
    if any(search[at].strip() and at not in home for at in changed):
        return False
    if not sites:
        return True
    between = set(range(sites[0], sites[-1] + 1)) - set(sites)
    return not any(loose_key(window[at]) for at in between)


def _is_typographic(line: str) -> bool:
    return ascii_punctuation(line) != line
