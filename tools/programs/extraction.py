"""Extract the program from a model's answer.

The extraction takes four steps:

1. `fences` and `_readings` list the parts of the answer that may be code, likeliest first.
2. `sections` finds the sections of valid Python in them, with increasing tolerance (`_attempts`).
3. `assembly` chooses the lead section, joins the sections that it needs, and adds definitions from
   the preamble.
4. `_extract` returns the first program that is not a stub, or else a stub, or else a script, or
   else the reason why there is no program.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from refinegraph.tools.programs.assembly import (
    adapt_method,
    assemble,
    assemble_script,
    complete,
)
from refinegraph.tools.programs.definitions import module_names
from refinegraph.tools.programs.fences import fenced_blocks, without_fence_lines
from refinegraph.tools.programs.python_source import clean_text, find_fault
from refinegraph.tools.programs.sections import (
    Section,
    continue_preamble,
    read_section,
    starts_indented,
    valid_sections,
    whole_section,
)

MAX_ANSWER = 200_000
"""Longest answer to search for a program, in characters: a choice that bounds the time spent on
degenerate output, far above the length of real answers."""


class Program(NamedTuple):
    """The program of an answer, or the reason why there is none; one of the fields is None."""

    source: str | None
    """The whole program."""
    problem: str | None
    """Why there is no program, in one sentence."""


def extract_program(text: str, *, entry_point: str | None = None, preamble: str = "") -> Program:
    r"""Extract the program from a model's answer.

    If the answer has several fenced blocks, the last one that defines the entry point leads, or the
    longest one that defines a function if there is no entry point; blocks that define what it needs
    are joined to it. Unclosed and missing fences, surrounding prose, doctest transcripts, a body
    without its header (which the preamble supplies) and trailing junk are all accepted. Definitions
    of the preamble that the program lacks and well-known names of `typing` are prepended. If the
    entry point is a method, a function that calls it is added. Top-level code (`input()`, `print`,
    an `if __name__` block) is kept.

    Never raises and never executes anything. Answers of more than 200,000 characters are refused
    unread. A program is truncated only after a whole definition or where the answer breaks off, so
    that a mistake inside a function is reported as the problem.

    >>> extract_program("Sure!\n```python\ndef add(a, b):\n    return a + b\n```\nDone.").source
    'def add(a, b):\n    return a + b'
    >>> extract_program("I cannot help with that.").problem
    'The answer contains no Python program.'
    """
    if len(text) > MAX_ANSWER:
        size = f"{len(text):,} characters, more than the limit of {MAX_ANSWER:,}"
        return Program(None, f"The answer has {size}; ask for the program alone.")
    try:
        return _extract(clean_text(text), _Wanted(entry_point, clean_text(preamble)))
    except (RecursionError, MemoryError):
        return Program(None, "The program is nested too deeply to be read.")


def complete_program(source: str, *, entry_point: str | None = None, preamble: str = "") -> str:
    """Add to a program the definitions and imports that it lacks, as `extract_program` does.

    Source that does not parse is returned unchanged.

    >>> complete_program("def f(x: List[int]): return x").splitlines()[0]
    'from typing import List'
    """
    section = read_section(clean_text(source))
    if section is None:
        return source
    return adapt_method(complete(section, entry_point, clean_text(preamble)), entry_point).source


class _Wanted(NamedTuple):
    entry_point: str | None
    preamble: str


def _extract(text: str, wanted: _Wanted) -> Program:
    stub: Section | None = None
    for program in _assembled(text, wanted):
        if not program.is_stub_of(wanted.entry_point):
            return Program(program.source, None)
        stub = stub or program
    fallback = stub or _script(text, wanted)
    if fallback is not None:
        return Program(fallback.source, None)
    return Program(None, _explain(text, wanted))


def _assembled(text: str, wanted: _Wanted) -> Iterator[Section]:
    """Yield the programs that define the entry point, likeliest first."""
    for texts in _readings(text):
        for sections in _attempts(texts, wanted):
            program = assemble(sections, wanted.entry_point, wanted.preamble)
            if program is not None:
                yield program


def _readings(text: str) -> list[list[str]]:
    """Return the parts of the answer that may be code, likeliest first."""
    blocks = [block for block in fenced_blocks(text) if block.source.strip()]
    likely = [block.source for block in blocks if block.may_be_python]
    every = [block.source for block in blocks] if len(likely) < len(blocks) else []
    unfenced = without_fence_lines(text) if "```" in text or "~~~" in text else text
    return [reading for reading in (likely, every, [unfenced]) if reading]


def _attempts(texts: list[str], wanted: _Wanted) -> Iterator[list[Section]]:
    """Yield the sections of texts, read with increasing tolerance."""
    if wanted.entry_point is None:
        yield _valid(texts)
        return
    yield [section for text in texts if (section := whole_section(text))]
    yield from _continued(filter(starts_indented, texts), wanted.entry_point, wanted.preamble)
    yield _valid(texts)
    yield from _continued(texts, wanted.entry_point, wanted.preamble)


def _valid(texts: list[str]) -> list[Section]:
    return [section for text in texts for section in valid_sections(text)]


def _continued(texts: Iterable[str], entry_point: str, preamble: str) -> Iterator[list[Section]]:
    for text in texts if preamble.strip() else ():
        section = continue_preamble(text, preamble, entry_point)
        if section is not None:
            yield [section]


def _script(text: str, wanted: _Wanted) -> Section | None:
    """Return a program without definitions, if no entry point is required."""
    if wanted.entry_point is not None:
        return None
    scripts = (assemble_script(_valid(texts), wanted.preamble) for texts in _readings(text))
    return next(filter(None, scripts), None)


def _explain(text: str, wanted: _Wanted) -> str:
    """Return the reason why there is no program, in one sentence."""
    if not text.strip():
        return "The answer is empty."
    fault = _first_fault(text, wanted.entry_point)
    if fault:
        return f"The program does not compile: {fault}."
    valid = next((sections for texts in _readings(text) if (sections := _valid(texts))), None)
    names = sorted({name for section in valid or () for name in module_names(section.module)})
    if names:
        defined = ", ".join(names)
        return f"The program defines no function {wanted.entry_point!r}; it defines {defined}."
    return "The answer contains no Python program."


def _first_fault(text: str, entry_point: str | None) -> str:
    """Return the fault of the last part with a matching header, or an empty string."""
    header = re.compile(rf"^\s*(?:async\s+)?(?:def|class)\s+{entry_point or ''}", re.MULTILINE)
    for texts in _readings(text):
        defining = [part for part in texts if header.search(part)]
        if defining:
            return str(find_fault(defining[-1]) or "")
    return ""
