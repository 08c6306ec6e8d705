"""Syntax colours for programs and patches."""

import builtins
import keyword
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from refinegraph.html.page import text

Language = Literal["python", "patch", "words"]
"""The language of a text; `words` has no colours."""

LONGEST = 20_000
"""The maximum number of characters that are coloured, compared or shown. Pages with longer texts
can no longer be opened."""

_KEYWORDS = "|".join(keyword.kwlist)
_BUILTINS = "|".join(
    name for name in dir(builtins) if name.isalpha() and name not in keyword.kwlist
)
# One expression, because a general lexer takes five times as long, and a page has thousands of
# programs. Few classes keep pages small: most tokens are names and punctuation without one.
_COLOURED = re.compile(
    r"""(?P<c>\#[^\n]*)
    |(?P<s>(?:(?<!\w)[rRbBuUfF]{1,2})?(?:
        \"{3}(?:\\.|[^\\])*?(?:\"{3}|\Z) | '{3}(?:\\.|[^\\])*?(?:'{3}|\Z)
        |"(?:\\.|[^"\\\n])*"? | '(?:\\.|[^'\\\n])*'?))
    |(?P<f>(?<=\bdef\ )\w+ | (?<=\bclass\ )\w+ | (?m:^)[ \t]*@[\w.]+)
    |(?<![\w.])(?:(?P<k>KEYWORDS)|(?P<b>BUILTINS)|(?P<m>\d[\w.]*))(?!\w)
    """.replace("KEYWORDS", _KEYWORDS).replace("BUILTINS", _BUILTINS),
    re.VERBOSE | re.DOTALL,
)


_WINDOWS_ENDS = re.compile(r"\r+\n")
_BLOCK_ENDS = re.compile(r'(<span class="(?:come|gone)">[^\n]*)</span>\n')


def language_of(content: str, *, is_program: bool) -> Language:
    """Return the language of a candidate's content."""
    if content.startswith(("diff --git ", "--- ")):
        return "patch"
    return "python" if is_program else "words"


def code_block(content: str, language: Language) -> str:
    """Return a text in syntax colours as a block that keeps its line breaks."""
    lines = code_lines(content[:LONGEST].rstrip("\n"), language)
    more = "" if len(content) <= LONGEST else _cut_note(len(content) - LONGEST)
    kind = ' class="words"' if language == "words" else ""
    # A coloured line is a block of its own, and a line break between blocks would be a blank line.
    shown = "\n".join(lines)
    if language == "patch":
        shown = _BLOCK_ENDS.sub(r"\1\n</span>", shown)
    return f"<pre{kind}>{shown}{more}</pre>\n"


def plain_block(content: str) -> str:
    """Return text by a model or a person as a block without colours."""
    return code_block(content, "words")


# A chosen program is shown several times in a page: as the answer, as a candidate, in differences.
@lru_cache(maxsize=256)
def code_lines(content: str, language: Language) -> tuple[str, ...]:
    """Return the lines of a text as HTML in syntax colours, one item per line."""
    content = _WINDOWS_ENDS.sub("\n", content)
    if language == "words":
        return tuple(text(line) for line in content.split("\n"))
    if language == "patch":
        return tuple(_patch_line(line) for line in content.split("\n"))
    return tuple(_python_lines(content))


def _patch_line(line: str) -> str:
    style = {"+": "come", "-": "gone"}.get(line[:1])
    if line.startswith(("--- ", "+++ ")):
        style = "c"
    return f'<span class="{style}">{text(line)}</span>' if style else text(line)


def _python_lines(content: str) -> Iterator[str]:
    """Yield the lines of a program; a coloured piece of several lines is coloured in each."""
    line: list[str] = []
    for style, piece in _pieces(content):
        first, *others = piece.split("\n")
        line.append(_coloured(first, style))
        for other in others:
            yield "".join(line)
            line = [_coloured(other, style)]
    yield "".join(line)


def _pieces(content: str) -> Iterator[tuple[str | None, str]]:
    """Yield the text in pieces with their classes; None for a piece without colour."""
    position = 0
    for match in _COLOURED.finditer(content):
        yield None, content[position : match.start()]
        yield match.lastgroup, match.group()
        position = match.end()
    yield None, content[position:]


def _coloured(piece: str, style: str | None) -> str:
    return f'<span class="{style}">{text(piece)}</span>' if style and piece else text(piece)


def _cut_note(count: int) -> str:
    return f'\n<span class="fold">… {count:,} more characters</span>'
