"""Syntax colours for programs and patches."""

import builtins
import keyword
import re
from functools import lru_cache
from typing import Literal

from refinegraph.html.page import text

Language = Literal["python", "patch", "words"]
"""The language of a text; `words` has no colours."""

LONGEST = 20_000
"""The maximum number of characters that are coloured, compared or shown. Pages with longer texts
can no longer be opened."""

# An evaluation's page shows tens of thousands of programs, so one expression finds all tokens: a
# lexer that follows every rule of the language takes ten times as long. Few classes keep pages
# small: most tokens of a program are names and punctuation without one.
_TOKENS = re.compile(
    r"""
    (?P<c> \#[^\n]* )
    | (?P<s> [rbfuRBFU]{0,2} (?:
        \"{3} (?:\\.|[^\\])*? (?:\"{3}|\\?\Z)
        | '{3} (?:\\.|[^\\])*? (?:'{3}|\\?\Z)
        | " (?:\\.|[^"\\\n])* "?
        | ' (?:\\.|[^'\\\n])* '? ) )
    | (?P<m> (?: \d\w* (?:\.\w*)? | \.\d\w* ) (?: (?<=[eE]) [+-]\d+ )? )
    | (?P<f> (?: (?<=\bdef[ ]) | (?<=\bclass[ ]) ) \w+ | (?<![^\n]) [ \t]* @[\w.]+ )
    | (?P<word> (?<![.\w]) [^\W\d]\w* )
    | (?P<name> \w+ )
    | (?P<other> [^\w\s\#'"@.]+ | [^\w \t\n] )
    """,
    re.VERBOSE | re.DOTALL,
)
_WORDS = {
    **{name: "b" for name in dir(builtins) if not name.startswith("_")},
    **dict.fromkeys(("self", "cls"), "b"),
    **dict.fromkeys(keyword.kwlist, "k"),
}


_WINDOWS_ENDS = re.compile(r"\r+\n")


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
    return f"<pre{kind}>{chr(10).join(lines)}{more}</pre>\n"


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
    return tuple(_TOKENS.sub(_coloured, content).split("\n"))


def _coloured(token: re.Match[str]) -> str:
    value, kind = token[0], token.lastgroup
    if kind == "word":
        style = _WORDS.get(value)
        return f'<span class="{style}">{value}</span>' if style else value
    if kind in ("name", "other"):
        return text(value)
    spans = (
        f'<span class="{kind}">{text(part)}</span>' if part else "" for part in value.split("\n")
    )
    return "\n".join(spans)


def _patch_line(line: str) -> str:
    style = {"+": "come", "-": "gone"}.get(line[:1])
    return f'<span class="{style}">{text(line)}</span>' if style else text(line)


def _cut_note(count: int) -> str:
    return f'\n<span class="fold">… {count:,} more characters</span>'
