"""Programs out of what models write, and what makes two programs the same."""

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from refinegraph.tools.programs.assembly import adapt_method, choose, choose_script, complete, join
from refinegraph.tools.programs.definitions import module_names
from refinegraph.tools.programs.fences import fenced_blocks, without_fence_lines
from refinegraph.tools.programs.python_source import Fault, clean_text, find_fault, parse_module
from refinegraph.tools.programs.sections import (
    Section,
    continue_preamble,
    read_section,
    starts_indented,
    valid_sections,
    whole_section,
)

MAX_ANSWER = 200_000
"""Characters of an answer beyond which no program is looked for."""


_Documented = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Program(NamedTuple):
    """What could be read from an answer; one of the two fields is None."""

    source: str | None
    """The whole program."""
    problem: str | None
    """Why there is none, in one sentence."""


def extract_program(text: str, *, entry_point: str | None = None, preamble: str = "") -> Program:
    r"""Find the program in a model's answer.

    Several fences are weighed against each other: the last that defines the entry point, else the
    longest that defines a function, joined with those that hold what it needs. Unclosed fences,
    no fence, prose around, doctest transcripts, a body without its header (completed by the
    preamble) and trailing junk are read. What the preamble defines and the program lacks is put
    in front, as are well-known names of `typing`. A method of a class is reached through one
    added line. Top-level code (`input()`, `print`, an `if __name__` block) is kept as it is.

    Never raises and never executes anything; answers of more than 200,000 characters are refused
    unread. A program is cut only behind a whole definition or where the answer breaks off, so
    that a mistake inside a function stays visible as a problem.

    >>> extract_program("Sure!\n```python\ndef add(a, b):\n    return a + b\n```\nDone.").source
    'def add(a, b):\n    return a + b'
    >>> extract_program("I cannot help with that.").problem
    'The answer holds no Python program.'
    """
    if len(text) > MAX_ANSWER:
        size = f"{len(text):,} characters, more than the {MAX_ANSWER:,} that are read"
        return Program(None, f"The answer has {size}; ask for the program alone.")
    try:
        return _extract(clean_text(text), entry_point, clean_text(preamble))
    except (RecursionError, MemoryError):
        return Program(None, "The program is nested too deeply to be read.")


def complete_program(source: str, *, entry_point: str | None = None, preamble: str = "") -> str:
    """Return a program that stands alone with what it lacks, as `extract_program` adds it.

    Source that does not parse is returned as it is.

    >>> complete_program("def f(x: List[int]): return x").splitlines()[0]
    'from typing import List'
    """
    section = read_section(clean_text(source))
    if section is None:
        return source
    return adapt_method(complete(section, entry_point, clean_text(preamble)), entry_point).source


def _extract(text: str, entry_point: str | None, preamble: str) -> Program:
    if not text.strip():
        return Program(None, "The answer is empty.")
    stub: Section | None = None
    for sections in _attempts(text, entry_point, preamble):
        lead = choose(sections, entry_point)
        if lead is None:
            continue
        program = _finish(sections, lead, entry_point, preamble)
        if not program.is_stub_of(entry_point):
            return Program(program.source, None)
        stub = stub or program
    return Program(stub.source, None) if stub else _script(text, entry_point, preamble)


def _readings(text: str) -> list[list[str]]:
    """Which parts of the answer may be code, likeliest first."""
    blocks = [block for block in fenced_blocks(text) if block.source.strip()]
    likely = [block.source for block in blocks if block.may_be_python]
    every = [block.source for block in blocks] if len(likely) < len(blocks) else []
    unfenced = without_fence_lines(text) if "```" in text or "~~~" in text else text
    return [reading for reading in (likely, every, [unfenced]) if reading]


def _attempts(text: str, entry_point: str | None, preamble: str) -> Iterator[list[Section]]:
    """Ever more forgiving ways to read the answer, each as the sections that it holds."""
    for texts in _readings(text):
        if entry_point is not None:
            yield [section for each in texts if (section := whole_section(each))]
            yield from _continued(filter(starts_indented, texts), entry_point, preamble)
        yield [section for each in texts for section in valid_sections(each)]
        if entry_point is not None:
            yield from _continued(texts, entry_point, preamble)


def _continued(texts: Iterable[str], entry_point: str, preamble: str) -> Iterator[list[Section]]:
    for text in texts if preamble.strip() else ():
        section = continue_preamble(text, preamble, entry_point)
        if section is not None:
            yield [section]


def _finish(sections: list[Section], lead: int, entry_point: str | None, preamble: str) -> Section:
    joined = join(sections, lead, entry_point)
    return adapt_method(complete(joined, entry_point, preamble), entry_point)


def _script(text: str, entry_point: str | None, preamble: str) -> Program:
    """Settle for code that defines nothing, where nothing in particular must be defined."""
    first: list[Section] = []
    for texts in _readings(text):
        sections = [section for each in texts for section in valid_sections(each)]
        lead = choose_script(sections)
        if lead is not None and entry_point is None:
            return Program(_finish(sections, lead, None, preamble).source, None)
        first = first or sections
    return Program(None, _explain(text, first, entry_point))


def _explain(text: str, sections: list[Section], entry_point: str | None) -> str:
    names = sorted({name for each in sections for name in module_names(each.module)})
    fault = _first_fault(text, entry_point)
    if fault is not None:
        return f"The program does not compile: {fault}."
    if names:
        return f"The program defines no function {entry_point!r}; it defines {', '.join(names)}."
    return "The answer holds no Python program."


def _first_fault(text: str, entry_point: str | None) -> Fault | None:
    """What is wrong with the likeliest code of the answer, where it is meant as code."""
    wanted = re.compile(rf"^\s*(?:async\s+)?(?:def|class)\s+{entry_point or ''}", re.MULTILINE)
    for texts in _readings(text):
        meant = [each for each in texts if wanted.search(each)]
        if meant:
            return find_fault(meant[-1])
    return None


def normalise_program(source: str) -> str:
    """Return the program without comments, docstrings and its own way of spacing.

    Two programs that differ in nothing else become the same text. What does not parse is
    returned stripped.

    >>> normalise_program("def f( x ):  # twice\\n    'Docs.'\\n    return 2*x")
    'def f(x):\\n    return 2 * x'
    """
    module = parse_module(source)
    if module is None:
        return source.strip()
    for node in ast.walk(module):
        if isinstance(node, _Documented):
            _drop_docstring(node)
    try:
        return ast.unparse(module)
    except (RecursionError, ValueError):
        return source.strip()


def _drop_docstring(node: _Documented) -> None:
    if ast.get_docstring(node, clean=False) is not None:
        node.body = node.body[1:] or ([] if isinstance(node, ast.Module) else [ast.Pass()])


def program_fingerprint(source: str) -> str:
    """Return the SHA-256 of the normalised program: equal for programs that differ in form only.

    >>> program_fingerprint("x=1") == program_fingerprint("x = 1  # one")
    True
    """
    normal = normalise_program(source).encode("utf-8", "surrogatepass")
    return hashlib.sha256(normal).hexdigest()
