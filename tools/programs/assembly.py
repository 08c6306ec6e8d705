"""One program out of several stretches of source: which one leads, and what it still needs."""

import ast
from collections.abc import Sequence

from refinegraph.tools.programs.definitions import (
    TYPING_NAMES,
    bound_by,
    defines_something,
    find_definition,
    find_method,
    is_meaningful,
    is_stub,
    missing_names,
    module_names,
    text_of,
)
from refinegraph.tools.programs.python_source import longest_valid_prefix, parse_module
from refinegraph.tools.programs.sections import Section, read_section


def assemble(sections: list[Section], entry_point: str | None, preamble: str) -> Section | None:
    """Put a program together from the sections of an answer, None where none of them can lead."""
    lead = choose(sections, entry_point)
    if lead is None:
        return None
    joined = join(sections, lead, entry_point)
    return adapt_method(complete(joined, entry_point, preamble), entry_point)


def assemble_script(sections: list[Section], preamble: str) -> Section | None:
    """Put a program together that defines nothing, None where no section does anything."""
    lead = choose_script(sections)
    return complete(join(sections, lead, None), None, preamble) if lead is not None else None


def choose(sections: list[Section], entry_point: str | None) -> int | None:
    """Return the position of the section that leads.

    The last that defines the entry point and does something, else the last that defines it, else
    the last with a class whose method it is; without an entry point the longest that defines a
    function or class.
    """
    if entry_point is None:
        able = [i for i, each in enumerate(sections) if defines_something(each.module)]
        return max(able, key=lambda i: len(sections[i].source), default=None)
    best: tuple[int, int] | None = None
    for index, section in enumerate(sections):
        rank = _rank(section, entry_point)
        if rank and (best is None or (rank, index) > best):
            best = (rank, index)
    return best[1] if best else None


def _rank(section: Section, entry_point: str) -> int:
    found = find_definition(section.module, entry_point)
    if found is not None:
        return 1 if is_stub(found) else 3
    return 2 if find_method(section.module, entry_point) else 0


def choose_script(sections: list[Section]) -> int | None:
    """Return the position of the longest section that does anything when it is run."""
    able = [i for i, each in enumerate(sections) if is_meaningful(each.module)]
    return max(able, key=lambda i: len(sections[i].source), default=None)


def join(sections: list[Section], lead: int, entry_point: str | None) -> Section:
    """Put the sections beside the lead that bind a name which the lead reads and nobody binds."""
    chosen = {lead}
    joined = sections[lead]
    for _ in sections:
        needed = missing_names(joined.module)
        more = {
            index
            for index, section in enumerate(sections)
            if index not in chosen and _helps(section, needed, entry_point)
        }
        source = "\n\n".join(sections[index].source.strip("\n") for index in sorted(chosen | more))
        wider = read_section(source + "\n") if more else None
        if wider is None:
            break
        chosen |= more
        joined = wider
    return joined


def _helps(section: Section, needed: frozenset[str], entry_point: str | None) -> bool:
    names = module_names(section.module)
    return bool(names & needed) and entry_point not in names


def complete(section: Section, entry_point: str | None, preamble: str) -> Section:
    """Put in front what the preamble defines and the section does not, and what both import.

    Imports of the preamble, and names of `typing`, are added where they are needed.
    """
    source = longest_valid_prefix(preamble).source
    module = parse_module(source)
    statements = module.body if module is not None else []
    imports = [each for each in statements if isinstance(each, ast.Import | ast.ImportFrom)]
    others = [each for each in statements if each not in imports]
    extended = _insert(section, _texts(source, _lacking(others, section, entry_point)))
    missing = missing_names(extended.module)
    needed = [each for each in imports if bound_by(each) & (missing | {"*"})]
    extended = _insert(extended, _texts(source, needed))
    unknown = sorted(missing_names(extended.module) & TYPING_NAMES)
    return _insert(extended, [f"from typing import {', '.join(unknown)}"] if unknown else [])


def _lacking(
    statements: list[ast.stmt], section: Section, entry_point: str | None
) -> list[ast.stmt]:
    present = module_names(section.module) | {entry_point}
    return [
        statement
        for statement in statements
        if bound_by(statement) and not bound_by(statement) <= present and not is_stub(statement)
    ]


def _texts(source: str, statements: Sequence[ast.stmt]) -> list[str]:
    return [text_of(source, statement) for statement in statements]


def _insert(section: Section, statements: list[str]) -> Section:
    """Insert behind the imports from `__future__`, which must stay first."""
    if not statements:
        return section
    future = [each for each in section.module.body if _is_future(each)]
    line = (future[-1].end_lineno or 0) if future else 0
    lines = section.source.split("\n")
    added = "\n".join(statements)
    source = "\n".join([*lines[:line], added, *([] if line else ["", ""]), *lines[line:]])
    return read_section(source) or section


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def adapt_method(section: Section, entry_point: str | None) -> Section:
    """Add one line that makes a method reachable as the function that the problem asks for."""
    if entry_point is None or find_definition(section.module, entry_point) is not None:
        return section
    owner = find_method(section.module, entry_point)
    if owner is None:
        return section
    call = f"return {owner}().{entry_point}(*args, **kwargs)"
    line = f"def {entry_point}(*args, **kwargs): {call}"
    return read_section(f"{section.source.rstrip()}\n\n\n{line}\n") or section
