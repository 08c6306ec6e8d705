"""Check and parse untrusted Python source: whether it compiles, where it fails, and how far.

These functions neither execute the source nor raise because of it: source that is broken, hostile
or nested too deeply for the compiler yields an ordinary return value.
"""

import ast
import re
import threading
import warnings
from typing import NamedTuple

from refinegraph.support.syntax import parse_source

_WARNINGS_LOCK = threading.Lock()
"""`warnings.catch_warnings` changes global state, so threads must not compile at the same time."""
# These limits bound the time spent on a long answer without any valid prefix.
_MAX_CUTS = 64
_MAX_COMPILED = 600_000
_INVISIBLE = re.compile("[\x00\ufeff\u200b\u200c\u200d\u2060]")
_LOOKALIKES = str.maketrans(
    {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
    | dict.fromkeys(map(ord, "\u00a0\u2002\u2003\u2009\u202f\u3000"), " ")
    | dict.fromkeys(map(ord, "\u2018\u2019\u201a\u201b"), "'")
    | dict.fromkeys(map(ord, "\u201c\u201d\u201e"), '"')
)


class Fault(NamedTuple):
    """The first error that the compiler reports."""

    line: int
    """Counted from 1; 0 if the compiler names no line."""
    message: str

    def __str__(self) -> str:
        """Return the message, preceded by its line."""
        prefix = f"line {self.line}: " if self.line else ""
        return prefix + self.message


def clean_text(text: str) -> str:
    r"""Normalise line ends to `\n` and remove byte order marks, NULs and zero-width characters.

    >>> clean_text("\ufeffa\r\nb\x00")
    'a\nb'
    """
    return _INVISIBLE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


def ascii_punctuation(text: str) -> str:
    """Replace full-width characters, typographic quotes and special spaces by ASCII characters.

    >>> ascii_punctuation("print（“a”）")
    'print("a")'
    """
    return text.translate(_LOOKALIKES)


def find_fault(source: str) -> Fault | None:
    """Compile the source without running it and return its first error, or None.

    >>> find_fault("x = (1,")
    Fault(line=1, message="'(' was never closed")
    >>> find_fault("x = 1") is None
    True
    """
    try:
        with _WARNINGS_LOCK, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, "<program>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return Fault(error.lineno or 0, error.msg)
    except (RecursionError, MemoryError):
        return Fault(0, "it is nested too deeply")
    except (ValueError, OverflowError) as error:
        return Fault(0, str(error))
    return None


def parse_module(source: str) -> ast.Module | None:
    """Return the syntax tree of the source, or None if it does not parse."""
    try:
        with _WARNINGS_LOCK, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return parse_source(source)
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
        return None


def parse_expression(source: str) -> ast.expr | None:
    """Return the syntax tree of an expression, or None if the source is anything else."""
    module = parse_module(f"({source.strip()}\n)")
    if module is None or len(module.body) != 1:
        return None
    statement = module.body[0]
    return statement.value if isinstance(statement, ast.Expr) else None


class Prefix(NamedTuple):
    """The part of a source that compiles, from its start, and the rest."""

    source: str
    rest: str
    fault: Fault | None
    """The first error of the whole source; None if all of it compiles."""


def longest_valid_prefix(source: str) -> Prefix:
    r"""Remove whole lines from the end until the remaining source compiles.

    The compiler names the line to cut at, so a few compilations usually suffice. At most 64
    compilations of about 600,000 characters in total are made; if they do not suffice, the prefix
    is empty.

    >>> longest_valid_prefix("x = 1\ny = (2\nprose")[:2]
    ('x = 1', 'y = (2\nprose')
    """
    lines = source.split("\n")
    count, step = len(lines), 1
    first: Fault | None = None
    attempts = min(_MAX_CUTS, 1 + _MAX_COMPILED // (len(source) + 1))
    for _ in range(attempts):
        fault = find_fault("\n".join(lines[:count]))
        if fault is None:
            return Prefix("\n".join(lines[:count]), "\n".join(lines[count:]), first)
        first = first or fault
        named = 0 < fault.line < count
        step = 1 if named else step * 2
        count = fault.line - 1 if named else count - max(1, step // 2)
        if count <= 0:
            break
    return Prefix("", source, first)
