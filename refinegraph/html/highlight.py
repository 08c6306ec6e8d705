"""Syntax colours for programs and patches."""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Literal

from pygments.lexer import Lexer
from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, String

from refinegraph.html.page import text

Language = Literal["python", "patch", "words"]
"""The language of a text; `words` has no colours."""

LONGEST = 20_000
"""The maximum number of characters that are coloured, compared or shown. Pages with longer texts
can no longer be opened."""

# Few classes keep pages small: most tokens of a program are names and punctuation without one.
_CLASSES: dict[object, str] = {
    Comment: "c",
    String: "s",
    Number: "m",
    Keyword: "k",
    Operator.Word: "k",
    Name.Function: "f",
    Name.Class: "f",
    Name.Decorator: "f",
    Name.Builtin: "b",
    Name.Exception: "b",
}


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
    lines = tuple("".join(pieces) for pieces in _python_lines(content))
    # Pygments takes a lone carriage return for the end of a line; nothing else here does.
    return lines if len(lines) == content.count("\n") + 1 else code_lines(content, "words")


def _patch_line(line: str) -> str:
    style = {"+": "come", "-": "gone"}.get(line[:1])
    if line.startswith(("--- ", "+++ ")):
        style = "c"
    return f'<span class="{style}">{text(line)}</span>' if style else text(line)


def _python_lines(content: str) -> Iterator[list[str]]:
    pieces: list[str] = []
    for kind, value in _python_lexer().get_tokens(content):
        style = _style(kind)
        for place, part in enumerate(value.split("\n")):
            if place:
                yield pieces
                pieces = []
            if part:
                pieces.append(f'<span class="{style}">{text(part)}</span>' if style else text(part))
    yield pieces


@cache
def _python_lexer() -> Lexer:
    return PythonLexer(stripnl=False, ensurenl=False)


@cache
def _style(kind: object) -> str:
    """Return the class of a token type: its own, or that of the nearest ancestor."""
    while kind is not None:
        if kind in _CLASSES:
            return _CLASSES[kind]
        kind = getattr(kind, "parent", None)
    return ""


def _cut_note(count: int) -> str:
    return f'\n<span class="fold">… {count:,} more characters</span>'
