"""Extraction of programs from answers, and their normal form."""

# ruff: noqa: E501

import ast
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refinegraph.tools.programs import (
    MAX_ANSWER,
    extract_program,
    infer_entry_point,
    normalise_program,
    program_fingerprint,
)
from refinegraph.tools.programs.fences import without_fence_lines

ADD = "def add(a, b):\n    return a + b"
HEADER = 'from typing import List\n\n\ndef total(xs: List[int]) -> int:\n    """Sum."""\n'


@dataclass(frozen=True)
class Case:
    id: str
    text: str
    call: str
    expected: object
    preamble: str = ""


def fenced(source: str, tag: str = "python") -> str:
    return f"```{tag}\n{source}\n```"


CASES = [
    Case("fence", f"Sure!\n{fenced(ADD)}\nDone.", "add(1, 2)", 3),
    Case("tag_py", fenced(ADD, "py"), "add(1, 2)", 3),
    Case("tag_python3", fenced(ADD, "python3"), "add(1, 2)", 3),
    Case("tag_capital", fenced(ADD, "Python"), "add(1, 2)", 3),
    Case("tag_with_title", fenced(ADD, 'python title="a.py"'), "add(1, 2)", 3),
    Case("tag_wrong", fenced(ADD, "javascript"), "add(1, 2)", 3),
    Case("tildes", f"~~~python\n{ADD}\n~~~", "add(1, 2)", 3),
    Case("unclosed", f"Here:\n```python\n{ADD}", "add(1, 2)", 3),
    Case("two_unclosed", f"```python\nimport math\n```python\n{ADD}", "add(1, 2)", 3),
    Case("indented_fence", "1. So:\n   ```python\n   def add(a, b):\n       return a + b\n   ```", "add(1, 2)", 3),
    Case("quoted_fence", "> ```python\n> def add(a, b):\n>     return a + b\n> ```", "add(1, 2)", 3),
    Case("no_fence", ADD, "add(1, 2)", 3),
    Case("prose_around", f"The function is simple.\n\n{ADD}\n\nIt adds the numbers.", "add(1, 2)", 3),
    Case("last_definition", fenced(ADD.replace("+", "-")) + "\nWait, no:\n" + fenced(ADD), "add(1, 2)", 3),
    Case("tests_behind", fenced(ADD) + "\nCheck:\n" + fenced("print(add(1, 2))"), "add(1, 2)", 3),
    Case("stub_behind", fenced(ADD) + "\nfor\n" + fenced("def add(a, b):\n    ..."), "add(1, 2)", 3),
    Case("imports_apart", fenced("import math") + "\nthen\n" + fenced("def add(a, b):\n    return math.floor(a + b)"), "add(1, 2)", 3),
    Case("helper_behind", fenced("def add(a, b):\n    return g(a) + b") + "\nwith\n" + fenced("def g(x):\n    return x"), "add(1, 2)", 3),
    Case("transcript", ">>> def add(a, b):\n...     return a + b\n...\n>>> add(1, 2)\n3", "add(1, 2)", 3),
    Case("trailing_prose", f"{ADD}\n\nThis works because it's right.", "add(1, 2)", 3),
    Case("trailing_print", f"{ADD}\n\nprint(add(1,", "add(1, 2)", 3),
    Case("trailing_function", f"{ADD}\n\ndef main():\n    x = (", "add(1, 2)", 3),
    Case("broken_function_behind", f"{ADD}\n\ndef g():\n    x = = 1\n    y = 2\n", "add(1, 2)", 3),
    Case("crlf_and_bom", "\ufeff" + fenced(ADD).replace("\n", "\r\n"), "add(1, 2)", 3),
    Case("nul", fenced(ADD).replace("a + b", "a + b\x00"), "add(1, 2)", 3),
    Case("tabs", fenced("def add(a, b):\n\treturn a + b"), "add(1, 2)", 3),
    Case("full_width", fenced("def add(a, b)：\n    return a ＋ b"), "add(1, 2)", 3),
    Case("smart_quotes", fenced("def add(a, b):\n    return {“x”: a + b}[“x”]"), "add(1, 2)", 3),
    Case("fence_in_docstring", fenced('def add(a, b):\n    """Add.\n\n    ```\n    add(1, 2)\n    ```\n    """\n    return a + b'), "add(1, 2)", 3),
    Case("typing_names", fenced("def add(a: int, b: Optional[int]) -> List[int]:\n    return [a]"), "add(1, 2)", [1]),
    Case("typing_behind_future", fenced("from __future__ import annotations\ndef add(a, b):\n    return Any and a + b"), "add(1, 2)", 3),
    Case("lambda", fenced("add = lambda a, b: a + b"), "add(1, 2)", 3),
    Case("class_solution", fenced("class Solution:\n    def add(self, a, b):\n        return a + b"), "add(1, 2)", 3),
    Case("main_block", fenced(f"{ADD}\n\nif __name__ == '__main__':\n    print(add(1, 2))"), "add(1, 2)", 3),
    Case("body", "    return sum(xs)\n", "total([1, 2])", 3, HEADER),
    Case("fenced_body", fenced("    return sum(xs)"), "total([1, 2])", 3, HEADER),
    Case("body_first_line_unindented", "s = sum(xs)\n    return s\n", "total([1, 2])", 3, HEADER),
    Case("body_unindented", "s = sum(xs)\nreturn s", "total([1, 2])", 3, HEADER),
    Case("body_then_junk", "    return sum(xs)\n\n\nprint(undefined_name)\n", "total([1, 2])", 3, HEADER),
    Case("body_then_prose", "    return sum(xs)\n\nThat's it.", "total([1, 2])", 3, HEADER),
    Case("body_with_helper", "    return g(xs)\n\n\ndef g(x):\n    return sum(x)\n", "total([1, 2])", 3, HEADER),
    Case("body_with_attribute", "    return total.start + sum(xs)\n\n\ntotal.start = 0\n", "total([1, 2])", 3, HEADER),
    Case("body_behind_comment_at_margin", "    s = 0\n# sum up\n    return sum(xs) + s\n", "total([1, 2])", 3, HEADER),
    Case("imports_from_preamble", fenced("def total(xs: List[int]) -> int:\n    return sum(xs)"), "total([1, 2])", 3, HEADER),
    Case("helper_from_preamble", fenced("def total(xs):\n    return twice(1)"), "total([])", 2, "def twice(x):\n    return 2 * x\n\n\ndef total(xs):\n"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_extract_program_finds_a_program_that_works(case: Case) -> None:
    name = case.call.partition("(")[0]
    program = extract_program(case.text, entry_point=name, preamble=case.preamble)
    assert program.problem is None
    namespace: dict[str, object] = {"__name__": "candidate"}
    exec(program.source or "", namespace)
    assert eval(case.call, namespace) == case.expected


def test_extract_program_keeps_a_whole_program_unchanged() -> None:
    source = f"import sys\n\n{ADD}\n\nif __name__ == '__main__':\n    print(add(1, 2))"
    assert extract_program(fenced(source), entry_point="add").source == source


def test_extract_program_without_entry_point_takes_the_longest_definition() -> None:
    text = fenced("x = 1") + "\n" + fenced(ADD) + "\n" + fenced("print(add(1, 2), add(3, 4))" * 3)
    assert extract_program(text).source == ADD


def test_extract_program_without_entry_point_takes_a_script() -> None:
    source = "n = int(input())\nprint(n * 2)"
    assert extract_program(f"Read it.\n{fenced(source)}").source == source


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "The answer is empty."),
        (" \n\t", "The answer is empty."),
        ("I cannot help with that.", "The answer contains no Python program."),
        (
            fenced("def sum2(a, b):\n    return a + b"),
            "The program defines no function 'add'; it defines sum2.",
        ),
        (
            fenced("def add(a, b):\n    x = = a\n    return x + b"),
            "The program does not compile: line 2: invalid syntax.",
        ),
    ],
)
def test_extract_program_says_why_there_is_none(text: str, problem: str) -> None:
    assert extract_program(text, entry_point="add") == (None, problem)


def test_extract_program_refuses_an_endless_answer_unread() -> None:
    program = extract_program("x" * 5_000_000)
    assert program.source is None
    assert program.problem == (
        f"The answer has 5,000,000 characters, more than the limit of {MAX_ANSWER:,}; "
        "ask for the program alone."
    )


@pytest.mark.parametrize(
    "text",
    [
        "(" * 90_000,
        "x = " + "-" * 90_000 + "1",
        "x = 1" + " + 1" * 20_000,
        "\ud800 = 1",
        "x\\",
        "{[(",
    ],
    ids=["brackets", "signs", "sum", "surrogate", "backslash", "mixed"],
)
def test_extract_program_survives_hostile_text(text: str) -> None:
    program = extract_program(fenced(text), entry_point="f", preamble="def f(x):\n")
    assert (program.source is None) != (program.problem is None)
    assert program_fingerprint(text)


PIECES = st.sampled_from(
    [
        "```",
        "```python\n",
        "~~~",
        "\n",
        "    ",
        "def f(x):",
        "return x",
        "'''",
        '"""',
        "(",
        ")",
        "é",
    ]
)


@given(st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=30).map("".join))
@settings(max_examples=150, deadline=None)
def test_extract_program_never_raises(text: str) -> None:
    for preamble in ("", HEADER):
        program = extract_program(text, entry_point="total", preamble=preamble)
        assert (program.source is None) != (program.problem is None)
        if program.source is not None:
            ast.parse(program.source)


STATEMENTS = st.sampled_from(
    [
        "import math",
        "LIMIT = 10",
        "def g(x):\n    return x * 2",
        "class Box:\n    def get(self):\n        return 1",
        "def h(x):\n    '''Doc with ``` inside.'''\n    return [i for i in x if i]",
        "if LIMIT_:\n    pass".replace("LIMIT_", "True"),
        'TEXT = """\n```\nfence\n```\n"""',
    ]
)


@given(st.lists(STATEMENTS, max_size=5), st.text(alphabet="abc .,\n", max_size=40))
@settings(max_examples=100, deadline=None)
def test_extract_program_returns_any_fenced_program(statements: list[str], prose: str) -> None:
    source = "\n\n".join([*statements, "def f(x):\n    return x"])
    assert extract_program(f"{prose}\n{fenced(source)}\n{prose}", entry_point="f").source == source


@pytest.mark.parametrize(
    "other",
    [
        "def add(a,b): return a+b",
        "# Adds.\ndef add(a, b):\n    # both\n    return (a + b)",
        'def add(a, b):\n    """Add."""\n    return a + b\n',
    ],
)
def test_programs_that_differ_in_form_have_one_fingerprint(other: str) -> None:
    assert program_fingerprint(other) == program_fingerprint(ADD)


def test_programs_that_differ_in_substance_have_other_fingerprints() -> None:
    assert program_fingerprint(ADD) != program_fingerprint(ADD.replace("+", "-"))


def test_normalise_program_keeps_a_function_with_only_a_docstring_valid() -> None:
    assert normalise_program("def f():\n    'Docs.'") == "def f():\n    pass"


def test_normalise_program_returns_what_does_not_parse_stripped() -> None:
    assert normalise_program("  def f(:\n") == "def f(:"


@pytest.mark.parametrize(
    ("statement", "tests", "name"),
    [
        ("def f(x):\n    '''Docs.'''\n", "", "f"),
        ("def helper(x):\n    return x\n\ndef wanted(x):\n", "", "wanted"),
        ("Write `add(a, b)` that adds.", "", "add"),
        ("Write add(a, b).", "", "add"),
        ("Write a function called fizz.", "", "fizz"),
        ("Write a function named `fizz` for print(x).", "", "fizz"),
        ("Add.", "import math\nassert math.isclose(plus(1, len([2])), 3)", "plus"),
        ("Add.", "def check(candidate):\n    assert candidate(1) == 2\n", None),
        ("Add.", ">>> plus(1, 2)\n3\n>>> plus(\n", "plus"),
        ("Add two numbers (in O(n)).", "", None),
    ],
)
def test_infer_entry_point(statement: str, tests: str, name: str | None) -> None:
    assert infer_entry_point(statement, tests) == name


OBJECTS = [
    ("assert add([Pair(5, 24)], 4) == 4", "add"),
    ("assert Pair(1, 2) in add([Pair(5, 24)])", "add"),
    ("assert Counter(f(1)) == Counter([1])", "f"),
    ("assert f(Node(1), Node(2))", "f"),
    ("root = Node(1)\nassert depth(root) == 1", "depth"),
    ("assert f(Node(1)) == 1\nassert f(Node(2)) == 2\nassert Node(3).value == 3", "f"),
    ("assert depth(node(1)) == 1\nassert depth(node(2)) == 1", "depth"),
    ("assert GCD(4, 6) == 2", "GCD"),
    ("assert Solution().depth(1) == 1", "Solution"),
]


@pytest.mark.parametrize(("tests", "name"), OBJECTS)
def test_entry_point_is_not_a_class_whose_objects_are_arguments(tests: str, name: str) -> None:
    assert infer_entry_point("", tests) == name


def test_entry_point_is_the_same_whatever_the_hash_seed() -> None:
    code = (
        "from refinegraph.tools.programs import infer_entry_point as infer\n"
        "print(infer('', 'assert norm(f(g(h(1)))) == a(b(1))'))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "0123"
    }
    assert found == {"norm\n"}


def test_code_beside_empty_fences_is_read() -> None:
    text = f"```\n\n```\n{ADD}\n```\n\n```\n"
    assert (extract_program(text, entry_point="add").source or "").strip() == ADD
    assert without_fence_lines("```python\nx = 1\n```") == "x = 1"


def test_imports_of_the_preamble_are_added_where_they_are_needed() -> None:
    preamble = "import math\nimport re\nfrom heapq import heappop, heappush\nHALF = 1 / 2\n"
    text = fenced("def area(r):\n    return math.pi * r ** 2 * HALF")
    source = extract_program(text, entry_point="area", preamble=preamble).source or ""
    assert source.startswith("import math\n")
    assert "HALF = 1 / 2" in source
    assert "import re" not in source and "heapq" not in source


def test_helper_of_the_preamble_comes_with_its_import() -> None:
    preamble = "import math\n\n\ndef half(x):\n    return math.floor(x / 2)\n"
    text = fenced("def quarter(x):\n    return half(half(x))")
    source = extract_program(text, entry_point="quarter", preamble=preamble).source or ""
    space: dict[str, Callable[[int], int]] = {}
    exec(source, space)
    assert space["quarter"](9) == 2
