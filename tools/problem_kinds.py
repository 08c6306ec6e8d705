"""Judge from its wording what sort of answer a problem asks for."""

import re
from typing import NamedTuple

from refinegraph.schema import Kind


class KindGuess(NamedTuple):
    """The kind that a statement seems to be of, and the reason in a few words."""

    kind: Kind
    reason: str

    @property
    def is_plain(self) -> bool:
        """Whether it goes without saying: code, for a reason that the statement gives."""
        return self.kind == "code" and self != _BY_DEFAULT


_OPENING = r"(?:^|[.:!?]\s+|\n)\s*(?:please\s+|now\s+|can you\s+|could you\s+)?"
"""Where a sentence begins, with the courtesies that may stand there."""


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


_SHOWS_CODE = re.compile(
    r"^\s*(?:def|class|async def|import|from)\s+\w+|>>>|```|\bassert\s|\w\([^()\n]*\)\s*==", re.M
)
_CALLS = re.compile(r"(?<![\w\\$])[a-z_]\w+\([^()\n]*\)")
"""A call such as `is_leap(year)`. `f(x)` occurs in mathematics as well and does not count."""
_DRAWING = re.compile(r"\[asy\].*?\[/asy\]", re.S)
"""A picture in the language Asymptote, as in the dataset MATH."""
_OPTION_LINES = re.compile(r"^\s*\(?A[).:]\s*\S.*?^\s*\(?B[).:]\s*\S", re.M | re.S)
_OPTIONS_INLINE = re.compile(r"\(?\bA\)\s*\S.*\(?\bB\)\s*\S", re.S)
_PROSE = _pattern(
    _OPENING + r"(?:write|compose|draft|create)\s+(?:me\s+)?(?:an?|the|some|two|three)\s+"
    r"(?:\w+[\s-]+){0,4}(?:poem|haiku|story|essay|letter|email|e-mail|paragraph|joke|song|speech|"
    r"limerick|tweet|sentence)s?\b"
)
_ASKS_FOR_NUMBER = _pattern(_OPENING + r"(?:write|express)\s+[\d$\\(]")
_ASKS_FOR_PROGRAM = _pattern(
    _OPENING + r"(?:write|implement|create|define|code|program|build|develop|complete|refactor|"
    r"fix|sort|reverse|parse|return)\b"
)
_NAMES_CODE = _pattern(
    r"\b(?:python|script|subroutine|source code|regex|regular expression|api|"
    r"lists? of|array|dictionary|dict|tuple|strings?|a function|the function named|method)\b"
)
_FORMULA = re.compile(
    r"\$[^$\n]*[=^\\{][^$\n]*\$|\\(?:frac|sqrt|sum|int|cdot|boxed|times|pi)\b|\\\(|\\\["
)
_COMPUTES = _pattern(
    _OPENING + r"(?:what|how|find|compute|calculate|evaluate|solve|simplify|determine|factor|"
    r"differentiate|integrate|round|convert)\b|\b(?:how many|how much|calculate)\b"
)
_QUANTITY = _pattern(
    r"\d|\bhow (?:many|much|long|far|old|often)\b|\b(?:sum|product|value|probability|area|volume|"
    r"perimeter|average|percentage|percent|remainder|derivative|integral|square root|prime)\b"
)
_QUESTION = _pattern(
    _OPENING + r"(?:who|whom|whose|what|when|where|why|which|how|is|are|was|were|do|does|did|"
    r"explain|describe|summari[sz]e|translate|name|tell)\b"
)


def infer_kind(statement: str, *, tests: str = "") -> KindGuess:
    r"""Judge the kind of a problem from its wording; in doubt it is code.

    Costs no model call. Tests, headers, calls and options count for more than single words.

    >>> infer_kind("Write is_leap(year).").kind, infer_kind("What is 7 * 8?").kind
    ('code', 'math')
    >>> infer_kind("Which is a mammal?\n(A) trout\n(B) whale").kind
    'choice'
    """
    if tests.strip():
        return KindGuess("code", "it comes with tests")
    if _SHOWS_CODE.search(statement):
        return KindGuess("code", "it shows code")
    if _OPTION_LINES.search(statement) or _OPTIONS_INLINE.search(statement):
        return KindGuess("choice", "it lists options")
    if _PROSE.search(statement):
        return KindGuess("text", "it asks for prose")
    return _by_words(_DRAWING.sub("", statement))


def _by_words(statement: str) -> KindGuess:
    number = _ASKS_FOR_NUMBER.search(statement)
    if not number and not _FORMULA.search(statement) and _ASKS_FOR_PROGRAM.search(statement):
        return KindGuess("code", "it asks for a program")
    if _FORMULA.search(statement):
        return KindGuess("math", "it holds a formula")
    if _CALLS.search(statement) or (_NAMES_CODE.search(statement) and not number):
        return KindGuess("code", "it speaks of programs")
    if number or (_COMPUTES.search(statement) and _QUANTITY.search(statement)):
        return KindGuess("math", "it asks for a number")
    if statement.rstrip().endswith("?"):
        has_number = _QUANTITY.search(statement) and re.search(r"\d", statement)
        return KindGuess("math", "it asks for a number") if has_number else _QUESTIONS
    return _QUESTIONS if _QUESTION.search(statement) else _BY_DEFAULT


_QUESTIONS = KindGuess("text", "it asks a question")
_BY_DEFAULT = KindGuess("code", "its wording leaves that open")
