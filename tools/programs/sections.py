"""Find sections of valid Python in text that mixes code with prose."""

import ast
import re
import textwrap
from collections.abc import Iterator
from typing import NamedTuple

from refinegraph.tools.programs.definitions import (
    attributes_set_by,
    bound_by,
    find_definition,
    first_line,
    is_stub,
    missing_names,
    redefines_itself,
    text_of,
)
from refinegraph.tools.programs.python_source import (
    Prefix,
    ascii_punctuation,
    find_fault,
    longest_valid_prefix,
    parse_module,
)

# These limits bound the time spent on long answers that are mostly prose.
_MAX_STARTS = 24
_MAX_HELPERS = 8
"""Rounds of adding the later statements that a function needs, directly or indirectly."""
_MAX_SEARCHED = 2_000_000
_START = re.compile(
    r"(?:async\s+def|def|class|import|from|for|while|if|with)\b|try:|print\(|@\w"
    r"|[A-Za-z_]\w*(?:\s*,\s*\w+)*\s*(?::[^=\n]+)?=(?!=)"
)
_PROMPT_LINE = re.compile(r"^[ \t]*(?:>>>|\.\.\.)(?: |$)")
_BREAKS_OFF = ("was never closed", "unterminated triple-quoted")


class Section(NamedTuple):
    """A piece of source that compiles, with its syntax tree."""

    source: str
    module: ast.Module

    def is_stub_of(self, name: str | None) -> bool:
        """Return whether this section defines the name as a stub."""
        definition = find_definition(self.module, name) if name else None
        return definition is not None and is_stub(definition)


def read_section(source: str) -> Section | None:
    """Return the source as a section, or None if it does not compile or is empty."""
    if not source.strip() or find_fault(source) is not None:
        return None
    module = parse_module(source)
    return Section(source, module) if module is not None and module.body else None


def whole_section(text: str) -> Section | None:
    """Read the whole text as Python: as it is, dedented, as a doctest transcript, or as ASCII."""
    return next(filter(None, map(read_section, _readings(text))), None)


def _readings(text: str) -> Iterator[str]:
    yield text
    yield textwrap.dedent(text)
    if ">>>" in text:
        yield _transcript(text)
    plain = ascii_punctuation(text)
    if plain != text:
        yield plain
        yield textwrap.dedent(plain)


def _transcript(text: str) -> str:
    """Return the source of the lines that begin with a doctest prompt."""
    lines = [line for line in text.split("\n") if _PROMPT_LINE.match(line)]
    return "\n".join(_PROMPT_LINE.sub("", line, count=1) for line in lines) + "\n"


def valid_sections(text: str) -> list[Section]:
    """Return the text as one section if all of it is valid, or else its valid parts."""
    whole = whole_section(text)
    if whole is not None:
        return [whole]
    salvaged = _salvage(textwrap.dedent(text))
    return salvaged or _salvage(textwrap.dedent(ascii_punctuation(text)))


def _salvage(text: str) -> list[Section]:
    lines = text.split("\n")
    sections: list[Section] = []
    position = 0
    for _ in range(min(_MAX_STARTS, 1 + _MAX_SEARCHED // (len(text) + 1))):
        position = _next_start(lines, position)
        if position >= len(lines):
            break
        prefix = _without_broken_end(longest_valid_prefix("\n".join(lines[position:])))
        section = read_section(prefix.source)
        if section is not None:
            sections.append(section)
        position += max(1, prefix.source.count("\n") + 1 if prefix.source else 0)
    return sections


def _next_start(lines: list[str], position: int) -> int:
    while position < len(lines) and not _START.match(lines[position]):
        position += 1
    return position


def _without_broken_end(prefix: Prefix) -> Prefix:
    """Drop the last statement if a mistake inside it, not the end of the text, truncated it."""
    if prefix.fault is None or not _cut_by_mistake(prefix):
        return prefix
    module = parse_module(prefix.source)
    if module is None or not module.body:
        return prefix
    kept = prefix.source.split("\n")[: first_line(module.body[-1]) - 1]
    return Prefix("\n".join(kept), prefix.rest, prefix.fault)


def _cut_by_mistake(prefix: Prefix) -> bool:
    assert prefix.fault is not None
    if any(sign in prefix.fault.message for sign in _BREAKS_OFF):
        return False
    dropped = [line for line in prefix.rest.split("\n") if line.strip()][:2]
    return len(dropped) == 2 and all(line[0] in " \t" for line in dropped)


def starts_indented(text: str) -> bool:
    """Return whether the first non-blank line is indented."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    return first[:1] in (" ", "\t")


def continue_preamble(text: str, preamble: str, entry_point: str) -> Section | None:
    """Read the text as the missing body of the preamble's last function.

    Statements after the function are kept only if it needs them.
    """
    best: _Continuation | None = None
    for body in _bodies(text, preamble):
        candidate = _continuation(body, preamble, entry_point)
        if candidate is not None and (best is None or candidate.rank > best.rank):
            best = candidate
    return best.section if best else None


class _Continuation(NamedTuple):
    rank: tuple[bool, bool]
    """Whether the function is more than a stub, and whether the whole body was used."""
    section: Section


def _continuation(body: str, preamble: str, entry_point: str) -> _Continuation | None:
    prefix = _without_broken_end(longest_valid_prefix(preamble + body))
    if len(prefix.source) <= len(preamble.rstrip()) + 1:
        return None
    section = read_section(prefix.source)
    definition = find_definition(section.module, entry_point) if section else None
    if section is None or definition is None or redefines_itself(definition):
        return None
    section = _without_needless_end(section, entry_point)
    whole = not prefix.rest.strip()
    return _Continuation((not section.is_stub_of(entry_point), whole), section)


def _bodies(text: str, preamble: str) -> Iterator[str]:
    body = text.lstrip("\n")
    gap = "" if preamble.endswith("\n") else "\n"
    indent = _body_indent(preamble)
    yield gap + body
    yield gap + _until_unindented(body)
    if not starts_indented(text):
        yield gap + textwrap.indent(body, indent)
        yield gap + indent + body
        yield gap + indent + _until_unindented(body)


def _body_indent(preamble: str) -> str:
    indented = re.findall(r"^([ \t]+)\S", preamble, re.MULTILINE)
    return indented[-1] if indented else "    "


def _until_unindented(body: str) -> str:
    first, *rest = body.split("\n")
    kept = [first]
    for line in rest:
        if line.strip() and line[0] not in " \t":
            break
        kept.append(line)
    return "\n".join(kept) + "\n"


def _without_needless_end(section: Section, entry_point: str) -> Section:
    statements = section.module.body
    index = next(i for i, node in enumerate(statements) if entry_point in bound_by(node))
    kept = statements[: index + 1]
    later = [(node, bound_by(node) | attributes_set_by(node)) for node in statements[index + 1 :]]
    for _ in range(_MAX_HELPERS):
        needed = missing_names(ast.Module(body=kept, type_ignores=[])) | {f"{entry_point}."}
        more = [node for node, names in later if names & needed and entry_point not in names]
        if not more:
            break
        kept = kept + more
        later = [(node, names) for node, names in later if node not in more]
    if len(kept) == len(statements):
        return section
    kept.sort(key=lambda node: node.lineno)
    return read_section("\n\n".join(text_of(section.source, node) for node in kept)) or section
