"""Stretches of valid Python inside text that is partly something else."""

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

_MAX_STARTS = 24
_MAX_HELPERS = 8
_MAX_SEARCHED = 2_000_000
_START = re.compile(
    r"(?:async\s+def|def|class|import|from|for|while|if|with)\b|try:|print\(|@\w"
    r"|[A-Za-z_]\w*(?:\s*,\s*\w+)*\s*(?::[^=\n]+)?=(?!=)"
)
_PROMPT_LINE = re.compile(r"^[ \t]*(?:>>>|\.\.\.)(?: |$)")
_BREAKS_OFF = ("was never closed", "unterminated triple-quoted")


class Section(NamedTuple):
    """A stretch of source that compiles."""

    source: str
    module: ast.Module

    def is_stub_of(self, name: str | None) -> bool:
        """Return whether the name is defined here and does nothing."""
        found = find_definition(self.module, name) if name else None
        return found is not None and is_stub(found)


def read_section(source: str) -> Section | None:
    """Return the source as a section, None where it does not compile or holds nothing."""
    if not source.strip() or find_fault(source) is not None:
        return None
    module = parse_module(source)
    return Section(source, module) if module is not None and module.body else None


def whole_section(text: str) -> Section | None:
    """Read all of the text as Python: as it stands, dedented, or as a doctest transcript."""
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
    """The source of the lines with a prompt, from the first one that starts a statement."""
    lines = [line for line in text.split("\n") if _PROMPT_LINE.match(line)]
    return "\n".join(_PROMPT_LINE.sub("", line, count=1) for line in lines) + "\n"


def valid_sections(text: str) -> list[Section]:
    """Return the text as one section where all of it is valid, else the stretches that are."""
    whole = whole_section(text)
    if whole is not None:
        return [whole]
    found = _salvage(textwrap.dedent(text))
    return found or _salvage(textwrap.dedent(ascii_punctuation(text)))


def _salvage(text: str) -> list[Section]:
    lines = text.split("\n")
    found: list[Section] = []
    position = 0
    for _ in range(min(_MAX_STARTS, 1 + _MAX_SEARCHED // (len(text) + 1))):
        position = _next_start(lines, position)
        if position >= len(lines):
            break
        prefix = _without_broken_end(longest_valid_prefix("\n".join(lines[position:])))
        section = read_section(prefix.source)
        if section is not None:
            found.append(section)
        position += max(1, prefix.source.count("\n") + 1 if prefix.source else 0)
    return found


def _next_start(lines: list[str], position: int) -> int:
    while position < len(lines) and not _START.match(lines[position]):
        position += 1
    return position


def _without_broken_end(prefix: Prefix) -> Prefix:
    """Drop the last statement where a mistake inside it, and not the text's end, cut it short."""
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
    """Return whether the first line that holds anything is indented."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    return first[:1] in (" ", "\t")


def continue_preamble(text: str, preamble: str, entry_point: str) -> Section | None:
    """Read the text as the body that the preamble's last function still lacks.

    Statements behind the function are kept only where it needs them.
    """
    best: _Continuation | None = None
    for body in _bodies(text, preamble):
        found = _continuation(body, preamble, entry_point)
        if found is not None and (best is None or found.rank > best.rank):
            best = found
    return best.section if best else None


class _Continuation(NamedTuple):
    rank: tuple[bool, bool]
    """Whether it does something, and whether all of the body was used."""
    section: Section


def _continuation(body: str, preamble: str, entry_point: str) -> _Continuation | None:
    prefix = _without_broken_end(longest_valid_prefix(preamble + body))
    if len(prefix.source) <= len(preamble.rstrip()) + 1:
        return None
    section = read_section(prefix.source)
    found = find_definition(section.module, entry_point) if section else None
    if section is None or found is None or redefines_itself(found):
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
    index = next(i for i, each in enumerate(statements) if entry_point in bound_by(each))
    kept = statements[: index + 1]
    later = [(each, bound_by(each) | attributes_set_by(each)) for each in statements[index + 1 :]]
    for _ in range(_MAX_HELPERS):
        needed = missing_names(ast.Module(body=kept, type_ignores=[])) | {f"{entry_point}."}
        more = [each for each, names in later if names & needed and entry_point not in names]
        if not more:
            break
        kept = kept + more
        later = [(each, names) for each, names in later if each not in more]
    if len(kept) == len(statements):
        return section
    kept.sort(key=lambda each: each.lineno)
    return read_section("\n\n".join(text_of(section.source, each) for each in kept)) or section
