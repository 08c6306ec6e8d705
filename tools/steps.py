"""Split a solution into steps, as offsets into its text.

Scorers, reviewers and displays share these steps, so that the score of step 3 belongs to the text
displayed as step 3.
"""

import ast
import re
from itertools import pairwise

from refinegraph.schema import Kind, Step

_MARKED = re.compile(r"^[ \t]*(?:#+[ \t]*)?(?:\*\*)?step[ \t]*\d+\b", re.IGNORECASE | re.MULTILINE)
_NUMBERED = re.compile(r"^[ \t]{0,3}\d{1,3}[.)][ \t]+\S", re.MULTILINE)
_LINE_END = re.compile(r"\r\n|\r|\n")
_BLANK = re.compile(r"\n[ \t]*\n\s*")


def split_steps(text: str, *, kind: Kind) -> tuple[Step, ...]:
    r"""Return the steps of a solution in order; no step is empty and no two overlap.

    Only whitespace separates steps. Reasoning is split at lines that begin with "Step n", or else
    at a numbered list of at least two items, or else at blank lines, or else at every line. Text
    before the first mark is a step of its own. Code is split at its top-level statements and at the
    statements of its functions and classes, or at every line if it does not parse.

    >>> text = "Step 1: 2 + 2 = 4\nStep 2: 4 * 2 = 8"
    >>> [text[step.start : step.end] for step in split_steps(text, kind="math")]
    ['Step 1: 2 + 2 = 4', 'Step 2: 4 * 2 = 8']
    """
    starts = _code_starts(text) if kind == "code" else _text_starts(text)
    return _between(text, starts)


def step_texts(text: str, *, kind: Kind) -> list[str]:
    """Return the texts of a solution's steps."""
    return [text[step.start : step.end] for step in split_steps(text, kind=kind)]


def _text_starts(text: str) -> list[int]:
    for marks in (_MARKED, _NUMBERED):
        starts = [match.start() for match in marks.finditer(text)]
        if len(starts) > 1:
            return starts
    if starts := [match.end() for match in _BLANK.finditer(text)]:
        return starts
    return _line_starts(text)


def _line_starts(text: str) -> list[int]:
    return [match.end() for match in _LINE_END.finditer(text)]


def _code_starts(text: str) -> list[int]:
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _line_starts(text)
    lines = [0, *_line_starts(text)]
    return [lines[number - 1] for number in _statement_lines(body)]


def _statement_lines(body: list[ast.stmt]) -> list[int]:
    lines: list[int] = []
    for statement in body:
        decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
        lines.append(min([statement.lineno, *(decorator.lineno for decorator in decorators)]))
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            lines += _statement_lines(statement.body)
    return lines


def _between(text: str, starts: list[int]) -> tuple[Step, ...]:
    """Return the spans between these offsets, without surrounding whitespace."""
    steps: list[Step] = []
    bounds = sorted({0, *(start for start in starts if 0 <= start < len(text)), len(text)})
    for start, end in pairwise(bounds):
        part = text[start:end]
        if part.strip():
            begin = start + len(part) - len(part.lstrip())
            steps.append(Step(start=begin, end=begin + len(part.strip())))
    return tuple(steps)
