"""Assemble one program from sections of source: the lead section and what it still needs."""

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
    """Assemble a program from the sections of an answer, or return None if none can lead."""
    lead = choose(sections, entry_point)
    if lead is None:
        return None
    joined = join(sections, lead, entry_point)
    return adapt_method(complete(joined, entry_point, preamble), entry_point)


def assemble_script(sections: list[Section], preamble: str) -> Section | None:
    """Assemble a program without definitions, or return None if no section does anything."""
    lead = choose_script(sections)
    return complete(join(sections, lead, None), None, preamble) if lead is not None else None


def choose(sections: list[Section], entry_point: str | None) -> int | None:
    """Return the index of the lead section.

    It is the last section that defines the entry point with more than a stub, or else the last one
    with a class that has it as a method, or else the last one that defines it as a stub. Without an
    entry point, it is the longest section that defines a function or a class.
    """
    if entry_point is None:
        able = [i for i, section in enumerate(sections) if defines_something(section.module)]
        return max(able, key=lambda i: len(sections[i].source), default=None)
    best: tuple[int, int] | None = None
    for index, section in enumerate(sections):
        rank = _rank(section, entry_point)
        if rank and (best is None or (rank, index) > best):
            best = (rank, index)
    return best[1] if best else None


def _rank(section: Section, entry_point: str) -> int:
    definition = find_definition(section.module, entry_point)
    if definition is not None:
        return 1 if is_stub(definition) else 3
    return 2 if find_method(section.module, entry_point) else 0


def choose_script(sections: list[Section]) -> int | None:
    """Return the index of the longest section that does anything when it is run."""
    able = [i for i, section in enumerate(sections) if is_meaningful(section.module)]
    return max(able, key=lambda i: len(sections[i].source), default=None)


def join(sections: list[Section], lead: int, entry_point: str | None) -> Section:
    """Join the lead section with those that bind names which it reads but does not bind."""
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
    """Prepend the definitions of the preamble that a section lacks, and the imports it needs.

    Imports come from the preamble; well-known names are also imported from `typing`.
    """
    source = longest_valid_prefix(preamble).source
    module = parse_module(source)
    statements = module.body if module is not None else []
    imports = [node for node in statements if isinstance(node, ast.Import | ast.ImportFrom)]
    others = [node for node in statements if node not in imports]
    extended = _insert(section, _texts(source, _lacking(others, section, entry_point)))
    missing = missing_names(extended.module)
    needed = [node for node in imports if bound_by(node) & (missing | {"*"})]
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
    """Insert statements after the imports from `__future__`, which must stay first."""
    if not statements:
        return section
    future = [node for node in section.module.body if _is_future(node)]
    line = (future[-1].end_lineno or 0) if future else 0
    lines = section.source.split("\n")
    added = "\n".join(statements)
    source = "\n".join([*lines[:line], added, *([] if line else ["", ""]), *lines[line:]])
    return read_section(source) or section


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def adapt_method(section: Section, entry_point: str | None) -> Section:
    """Add a function that calls the method of the same name, if the entry point is a method."""
    if entry_point is None or find_definition(section.module, entry_point) is not None:
        return section
    owner = find_method(section.module, entry_point)
    if owner is None:
        return section
    call = f"return {owner}().{entry_point}(*args, **kwargs)"
    line = f"def {entry_point}(*args, **kwargs): {call}"
    return read_section(f"{section.source.rstrip()}\n\n\n{line}\n") or section
