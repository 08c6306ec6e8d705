"""Read datasets of programming problems: statement, tests and reference solution.

Field names are those of the dataset cards on the Hugging Face hub: `openai/openai_humaneval`,
`evalplus/humanevalplus`, `evalplus/mbppplus`, `google-research-datasets/mbpp` (full and sanitized),
`livecodebench/code_generation` and `codeparrot/apps`. EvalPlus's own releases are described in the
README of its repository. APPS wraps results in a list, writes text as lines and turns dictionary
keys into text, as `eval/testing_util.py` of its repository shows.
"""

import ast
import json

from refinegraph.datasets.argument_types import Plain, example_arguments, restore_arguments
from refinegraph.datasets.evalplus_tests import differential_tests, portable_tests
from refinegraph.datasets.fields import (
    json_field,
    lines_field,
    statement_field,
    text_field,
    wrong_field,
)
from refinegraph.datasets.files import Record
from refinegraph.datasets.packed_cases import livecodebench_cases
from refinegraph.schema import Gold, LabelledProblem, Problem
from refinegraph.support.json_text import Json
from refinegraph.tools.programs import complete_program
from refinegraph.tools.programs.definitions import find_definition, text_of
from refinegraph.tools.programs.entry_points import infer_entry_point
from refinegraph.tools.programs.python_source import find_fault, parse_module

_CONTEST_IMPORTS = """\
import bisect
import collections
import copy
import datetime
import functools
import heapq
import itertools
import json
import math
import operator
import random
import re
import string
import sys
import time
from bisect import bisect_left, bisect_right, insort
from collections import Counter, OrderedDict, defaultdict, deque
from copy import deepcopy
from functools import cache, cmp_to_key, lru_cache, partial, reduce
from heapq import heapify, heappop, heappush, heappushpop, heapreplace, nlargest, nsmallest
from itertools import accumulate, chain, combinations, groupby, pairwise, permutations, product
from math import ceil, comb, factorial, floor, gcd, inf, isqrt, lcm, log, log2, pi, sqrt
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits
"""
"""What the judges of LiveCodeBench and APPS import before every program. Solutions rely on these
imports; a program gets those that it uses."""


def reference_program(problem: Problem, solution: str) -> str:
    """Return a reference solution completed into a program, as if it were an answer."""
    if not solution.strip():
        return ""
    return complete_program(solution, entry_point=problem.entry_point, preamble=problem.preamble)


def humaneval(record: Record, default_id: str) -> LabelledProblem:
    """Read HumanEval, and HumanEval+ as published on the hub."""
    name = text_field(record, "entry_point")
    problem = _completion(record, name)
    tests = portable_tests(text_field(record, "test"), entry_point=name)
    if "def check(" in tests:
        tests = f"{tests}\n\ncheck({name})\n"
    reference = reference_program(problem, _solution(record, problem))
    return LabelledProblem(problem, Gold(tests=tests, reference=reference))


def evalplus(record: Record, default_id: str) -> LabelledProblem:
    """Read HumanEval+ and MBPP+ as EvalPlus releases them."""
    name = text_field(record, "entry_point")
    problem = _completion(record, name)
    shown = _assertions(problem.prompt)
    reference = _solution(record, problem)
    examples = example_arguments(text_field(record, "assertion", "") or "\n".join(shown), name)
    rows = [row for field in ("base_input", "plus_input") for row in _inputs(record, field)]
    tests = differential_tests(
        entry_point=name,
        reference=reference,
        inputs=[restore_arguments(row, examples) for row in rows],
        tolerance=float(text_field(record, "atol", "0") or 0),
    )
    problem = problem.model_copy(update={"tests": "\n".join(shown)})
    return LabelledProblem(
        problem, Gold(tests=tests, reference=reference_program(problem, reference))
    )


def _completion(record: Record, entry_point: str) -> Problem:
    prompt = statement_field(record, "prompt")
    return Problem(
        id=text_field(record, "task_id"), prompt=prompt, entry_point=entry_point, preamble=prompt
    )


def _solution(record: Record, problem: Problem) -> str:
    """Return the complete reference solution; HumanEval's only continues the prompt."""
    solution = text_field(record, "canonical_solution", "")
    module = parse_module(solution)
    complete = module is not None and find_definition(module, problem.entry_point or "") is not None
    return solution if complete or not solution.strip() else problem.prompt + solution


def _assertions(prompt: str) -> list[str]:
    """Return the assertions that a statement shows, one per line."""
    lines = (line.strip() for line in prompt.split("\n"))
    return [line for line in lines if line.startswith("assert ") and find_fault(line) is None]


def _inputs(record: Record, name: str) -> list[list[Json]]:
    value = record.fields.get(name, [])
    rows = value if isinstance(value, list) else []
    inputs = [row for row in rows if isinstance(row, list)]
    if not isinstance(value, list) or len(inputs) != len(rows):
        raise wrong_field(record, name, "a list of lists of arguments")
    return inputs


def mbpp(record: Record, default_id: str) -> LabelledProblem:
    """Read MBPP, full and sanitized, and MBPP+ as published on the hub."""
    statement = statement_field(record, "text" if "text" in record.fields else "prompt")
    asserts = lines_field(record, "test_list")
    setup = [*lines_field(record, "test_setup_code"), *lines_field(record, "test_imports")]
    code = text_field(record, "code", "")
    name = _function_under_test("\n".join([*setup, *asserts]), code)
    if name is not None and name not in statement:
        statement = f"{statement.rstrip()}\n\nThe function is called `{name}`."
    problem = Problem(
        id=text_field(record, "task_id"),
        prompt=statement,
        entry_point=name,
        tests="\n".join([*setup, *asserts[:1]]) if asserts else "",
        preamble=_definitions("\n".join(setup)),
    )
    hidden = [*setup, *asserts, *lines_field(record, "challenge_test_list")]
    plus = text_field(record, "test", "")
    if plus.strip() and name is not None:
        hidden.append(portable_tests(plus, entry_point=name))
    return LabelledProblem(
        problem, Gold(tests="\n".join(hidden), reference=reference_program(problem, code))
    )


def _function_under_test(tests: str, code: str) -> str | None:
    """Return the function that the tests call, preferably one that the reference defines."""
    inferred = infer_entry_point("", tests)
    module = parse_module(code)
    statements = module.body if module else ()
    defined = [node.name for node in statements if isinstance(node, _Function)]
    if inferred in defined or not defined:
        return inferred
    return next((name for name in defined if f"{name}(" in tests), inferred)


_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Definition = _Function | ast.ClassDef | ast.Import | ast.ImportFrom


def _definitions(setup: str) -> str:
    """Return the definitions of set-up code, which a program may use.

    The other statements are only for the tests.
    """
    module = parse_module(setup)
    statements = module.body if module is not None else []
    return "\n".join(text_of(setup, node) for node in statements if isinstance(node, _Definition))


def livecodebench(record: Record, default_id: str) -> LabelledProblem:
    """Read LiveCodeBench: standard input and output, or calls of one method."""
    public = livecodebench_cases(record, "public_test_cases")
    private = livecodebench_cases(record, "private_test_cases")
    starter = text_field(record, "starter_code", "")
    problem = Problem(
        id=text_field(record, "question_id", default_id),
        prompt=_with_starter(statement_field(record, "question_content"), starter),
        tests=json.dumps(public, ensure_ascii=False) if public else "",
        entry_point=_function_name(record) or infer_entry_point(starter),
        preamble=_CONTEST_IMPORTS + starter,
    )
    hidden = json.dumps([*public, *private], ensure_ascii=False) if public or private else ""
    return LabelledProblem(problem, Gold(tests=hidden))


def _with_starter(statement: str, starter: str) -> str:
    return f"{statement.rstrip()}\n\n{starter}" if starter.strip() else statement


def _function_name(record: Record) -> str | None:
    metadata = json_field(record, "metadata")
    name = metadata.get("func_name") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) and name else None


def apps(record: Record, default_id: str) -> LabelledProblem:
    """Read APPS: standard input and output, or calls of the function that `fn_name` names."""
    cases = json_field(record, "input_output") or {}
    if not isinstance(cases, dict):
        raise wrong_field(record, "input_output", "an object with 'inputs' and 'outputs'")
    inputs, outputs = (_column(record, cases, name) for name in ("inputs", "outputs"))
    function = cases.get("fn_name")
    name = function if isinstance(function, str) and function else None
    starter = text_field(record, "starter_code", "")
    statement = _with_starter(statement_field(record, "question"), starter)
    if name is not None and name not in statement:
        statement = f"{statement.rstrip()}\n\nThe function is called `{name}`."
    problem = Problem(
        id=text_field(record, "problem_id", text_field(record, "id", default_id)),
        prompt=statement,
        entry_point=name,
        preamble=_CONTEST_IMPORTS + starter,
    )
    tests = _calls(name, inputs, outputs) if name else _streams(inputs, outputs)
    reference = reference_program(problem, _first_solution(record))
    return LabelledProblem(problem, Gold(tests=tests, reference=reference))


def _column(record: Record, cases: dict[str, Json], name: str) -> list[Json]:
    value = cases.get(name) or []
    if not isinstance(value, list):
        raise wrong_field(record, "input_output", f"a list in {name!r}")
    return value


def _streams(inputs: list[Json], outputs: list[Json]) -> str:
    cases = [
        {"stdin": _stream(stdin), "stdout": _stream(stdout)}
        for stdin, stdout in zip(inputs, outputs, strict=False)
    ]
    return json.dumps(cases, ensure_ascii=False) if cases else ""


def _stream(value: Json) -> str:
    """Return the text of a stream, which may be written as a list of lines."""
    if isinstance(value, list):
        return "\n".join(map(str, value))
    return value if isinstance(value, str) else str(value)


def _calls(name: str, inputs: list[Json], outputs: list[Json]) -> str:
    """Return an assertion for every call.

    If every output is a list of one element, the record does not say whether the list is the result
    or wraps it. The assertions then accept both, as the judge of APPS does.
    """
    wrapped = all(isinstance(output, list) and len(output) == 1 for output in outputs)
    lines: list[str] = []
    for row, output in zip(inputs, outputs, strict=False):
        arguments = row if isinstance(row, list) else [row]
        call = f"{name}({', '.join(repr(_with_numbers(value)) for value in arguments)})"
        result = repr(_with_numbers(output))
        check = f"in ({result}, {result}[0])" if wrapped else f"== {result}"
        lines.append(f"assert {call} {check}")
    return "\n".join(lines)


def _with_numbers(value: Json) -> Plain:
    """Return JSON with the keys of dictionaries turned back into numbers."""
    if isinstance(value, list):
        return [_with_numbers(part) for part in value]
    if not isinstance(value, dict):
        return value
    numbers = bool(value) and all(key.lstrip("-").isdecimal() for key in value)
    return {int(key) if numbers else key: _with_numbers(part) for key, part in value.items()}


def _first_solution(record: Record) -> str:
    """Return the first solution that is valid Python 3; some solutions are Python 2."""
    solutions = json_field(record, "solutions") or []
    if not isinstance(solutions, list):
        raise wrong_field(record, "solutions", "a list of programs")
    sources = (solution for solution in solutions if isinstance(solution, str))
    return next((source for source in sources if find_fault(source) is None), "")
