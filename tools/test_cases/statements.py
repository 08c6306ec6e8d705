"""Extract the examples in a problem statement as tests."""

import ast
import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from refinegraph.schema import CallCase, VisibleTest
from refinegraph.tools.programs.entry_points import infer_entry_point
from refinegraph.tools.programs.python_source import clean_text, parse_expression, parse_module
from refinegraph.tools.test_cases.asserts import call_case
from refinegraph.tools.test_cases.literal_text import closing, read_literal
from refinegraph.tools.test_cases.numbering import numbered
from refinegraph.tools.test_cases.sessions import session_tests

# These limits bound the time spent on degenerate prompts.
_MAX_PROMPT = 50_000
_MAX_CALLS = 200
_GIVES = re.compile(
    r"[ \t]*`*[ \t]*(?:=+>|==+|=|-+>|➞|→|⇒|⟹|➔|➜|#[ \t]*(?:returns?\b|[=-]+>|==)?:?"
    r"|(?:should[ \t\n]+)?(?:returns?|be|evaluates?[ \t]+to|gives?)\b[ \t]*:?)\s*`?"
)
_CHAIN = re.compile(r"[\d \t+*/().-]+=[ \t]*([-+]?\d+(?:\.\d+)?)[ \t]*$", re.MULTILINE)
_END = re.compile(
    r"[ \t`]*(?:[.,;!]|and\b|while\b|but\b|since\b|because\b|#|//|\(|$)", re.MULTILINE
)
_DECIMAL = re.compile(r"\.\d")
_FOR = re.compile(r"\b(?:For|With|Given|If)[ \t]+(?=\w+[ \t]*=[^=])", re.IGNORECASE)
_RESULT = re.compile(
    r"[^=\n]*?\b(?:output|result|answer|function)[ \t]+(?:should|must|will)[ \t]+"
    r"(?:be|return)[ \t]+"
)
_INPUT = re.compile(r"^[ \t*]*Input[ \t*]*:[ \t*`]*\s*", re.IGNORECASE | re.MULTILINE)
_OUTPUT = re.compile(r"[ \t*`]*\s*Output[ \t*]*:[ \t*`]*", re.IGNORECASE)
_NAME = re.compile(r"[`]*([A-Za-z_]\w*)[`]*[ \t]*[=:][ \t]*")
_SEPARATOR = re.compile(r"[ \t]*(?:,|\band\b|\n|,[ \t]*and\b)?[ \t\n]*")


class _Example(NamedTuple):
    case: CallCase
    by_equals: bool = False
    """Whether a single `=` separates call and result, as in a recurrence."""


def statement_examples(prompt: str, *, entry_point: str | None = None) -> tuple[VisibleTest, ...]:
    """Return the unambiguous examples of a statement, as tests.

    Supported are `>>>` sessions with any indentation; a call and its result separated by `==`, `=`,
    `=>`, `==>`, `->`, `➞`, `#`, `returns` or `should return`; `For x = 1 the output should be 2`;
    and `Input: x = 1`, `Output: 2`. Examples that are malformed, ambiguous or not made of literals
    are left out, and so are examples of the same call with different results. Other contradictions
    in a statement are not detected. Never raises. At most 200 calls in the first 50,000 characters
    are considered.

    >>> statement_examples("double(x): double(2) => 4", entry_point="double")[0].expected
    '4'
    """
    text = clean_text(prompt)[:_MAX_PROMPT]
    name = entry_point or infer_entry_point(text)
    if name is None:
        return ()
    prose = "\n".join(line for line in text.split("\n") if not line.lstrip().startswith(">>>"))
    calls = _consistent(list(_calls(prose, name)))
    described = _described(prose, name, _parameters(text, name))
    return numbered(_distinct([*session_tests(text, name), *calls, *described]), "statement")


def _distinct(tests: list[VisibleTest]) -> list[VisibleTest]:
    """Drop repetitions, and examples of one call with different results."""
    results: dict[str, set[str]] = {}
    unique: dict[str, VisibleTest] = {}
    for test in tests:
        key = test.arguments if isinstance(test, CallCase) else repr(test)
        results.setdefault(key, set()).add(test.expected if isinstance(test, CallCase) else "")
        unique.setdefault(key, test)
    return [test for key, test in unique.items() if len(results[key]) == 1]


def _consistent(examples: list[_Example]) -> list[CallCase]:
    """Drop the examples with a single `=` if their results differ in type."""
    equated = [example.case.expected for example in examples if example.by_equals]
    kinds = {type(ast.literal_eval(expected)).__name__ for expected in equated}
    return [example.case for example in examples if not example.by_equals or len(kinds) == 1]


def _calls(text: str, name: str) -> Iterator[_Example]:
    openings = re.finditer(rf"(?<![\w.]){re.escape(name)}[ \t]*\(", text)
    for match in islice(openings, _MAX_CALLS):
        end = closing(text, match.end() - 1)
        line = text.rfind("\n", 0, match.start()) + 1
        if end is None or not _stands_alone(text[line : match.start()]):
            continue
        call = parse_expression(text[match.start() : end])
        example = _result_of(call, text, end, name) if call is not None else None
        if example is not None:
            yield example


def _stands_alone(before: str) -> bool:
    """Return whether a call is no part of a larger expression, given the text before it."""
    line = before.strip()
    if re.fullmatch(r"[*•\-–\d.)`]*", line):
        return True
    return line[-1] not in "+-*/%=<>!,[({" and not re.search(r"\b(?:not|def|in)$", line)


def _result_of(call: ast.expr, text: str, end: int, name: str) -> _Example | None:
    gives = _GIVES.match(text, end)
    if gives is None:
        return None
    by_equals = gives[0].strip(" \t`") == "="
    chain = None if by_equals else _CHAIN.match(text, gives.end())
    start = chain.start(1) if chain else gives.end()
    expected = _final_literal(text, start)
    case = call_case(call, expected, name) if expected is not None else None
    return _Example(case, by_equals) if case is not None else None


def _final_literal(text: str, start: int) -> ast.expr | None:
    """Return a literal that ends the sentence or the line."""
    literal = read_literal(text, start)
    if literal is None or not _END.match(text, literal.end) or _DECIMAL.match(text, literal.end):
        return None
    return literal.value


def _described(text: str, name: str, parameters: list[str]) -> Iterator[CallCase]:
    """Yield the examples that name their arguments, and those with `Input:` and `Output:`."""
    for opening, result in ((_FOR, _RESULT), (_INPUT, _OUTPUT)):
        for match in opening.finditer(text):
            arguments = _arguments(text, match.end(), parameters)
            prefix = result.match(text, arguments.end) if arguments else None
            if arguments is None or prefix is None:
                continue
            expected = _final_literal(text, prefix.end())
            call = ast.Call(ast.Name(name, ast.Load()), arguments.values, [])
            case = call_case(call, expected, name) if expected is not None else None
            if case is not None:
                yield case


class _Arguments(NamedTuple):
    values: list[ast.expr]
    end: int


def _arguments(text: str, start: int, parameters: list[str]) -> _Arguments | None:
    if len(parameters) == 1 and (bare := read_literal(text, start)) is not None:
        return _Arguments([bare.value], bare.end)
    values: list[ast.expr] = []
    end = start
    for parameter in parameters:
        between = _SEPARATOR.match(text, end) if values else None
        named = _NAME.match(text, between.end() if between else start)
        if named is None or not _same_name(parameter, named[1]):
            return None
        literal = read_literal(text, named.end())
        if literal is None:
            return None
        values.append(literal.value)
        end = literal.end
    return _Arguments(values, end) if values else None


def _same_name(parameter: str, name: str) -> bool:
    return name == parameter or name.endswith(f"_{parameter}")


def _parameters(text: str, name: str) -> list[str]:
    """Return the parameters in the function's last header except `self`; empty without a header."""
    headers = list(re.finditer(rf"\bdef[ \t]+{re.escape(name)}[ \t]*\(", text))
    end = closing(text, headers[-1].end() - 1) if headers else None
    module = parse_module(f"{text[headers[-1].start() : end]}: pass") if end else None
    function = module.body[0] if module is not None and module.body else None
    if not isinstance(function, ast.FunctionDef):
        return []
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    return names[1:] if names[:1] == ["self"] else names
