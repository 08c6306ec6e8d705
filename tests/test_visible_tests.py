"""Tests as given by callers, shown in statements, and written by models."""

# ruff: noqa: E501

import ast
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refinegraph.errors import InputError
from refinegraph.schema import AssertCase, CallCase, StdioCase, VisibleTest
from refinegraph.tools.test_cases import (
    parse_generated_tests,
    parse_tests,
    statement_examples,
)
from refinegraph.tools.test_cases.asserts import literal_source


def calls(tests: tuple[VisibleTest, ...]) -> list[tuple[str, str]]:
    return [(test.arguments, test.expected) for test in tests if isinstance(test, CallCase)]


def sources(tests: tuple[VisibleTest, ...]) -> list[str]:
    return [test.source for test in tests if isinstance(test, AssertCase)]


@dataclass(frozen=True)
class Call:
    id: str
    source: str
    arguments: str
    expected: str


CALLS = [
    Call("equal", "assert f(1, 2) == 3", "(1, 2)", "3"),
    Call("reversed", "assert 3 == f(1)", "(1,)", "3"),
    Call("is_none", "assert f() is None", "()", "None"),
    Call("is_true", "assert f([1]) is True, 'why'", "([1],)", "True"),
    Call("negative", "assert f(-1) == -2.5", "(-1,)", "-2.5"),
    Call("tuple", "assert f((1,)) == (1, [2])", "((1,),)", "(1, [2])"),
    Call("many_lines", "assert f(\n    [1,\n     2]\n) == {\n    'a': 1}", "([1, 2],)", "{'a': 1}"),
]


@pytest.mark.parametrize("case", CALLS, ids=lambda case: case.id)
def test_literal_assertions_become_calls(case: Call) -> None:
    assert calls(parse_tests(case.source, entry_point="f")) == [(case.arguments, case.expected)]


@pytest.mark.parametrize(
    "source",
    [
        "assert f(1)",
        "assert not f(1)",
        "assert f(x=1) == 2",
        "assert abs(f(1) - 0.5) < 1e-6",
        "assert f(1) == f(2)",
        "assert f(1) != 2",
        "assert f(1) is 2",
        "assert g(1) == 2",
        "assert f(*[1]) == 2",
    ],
)
def test_other_assertions_stay_source(source: str) -> None:
    assert sources(parse_tests(source, entry_point="f")) == [source]


def test_set_up_stands_in_front_of_each_assertion() -> None:
    text = "import math\nx = 2\nassert f(x) == 4\ndef h(y):\n    return y\nassert f(h(1)) == 1"
    assert sources(parse_tests(text)) == [
        "import math\nx = 2\nassert f(x) == 4",
        "import math\nx = 2\ndef h(y):\n    return y\nassert f(h(1)) == 1",
    ]


def test_set_up_that_rebinds_the_function_keeps_the_assertion_as_source() -> None:
    assert sources(parse_tests("f = add\nassert f(1, 2) == 3")) == ["f = add\nassert f(1, 2) == 3"]


def test_test_functions_are_one_test_each() -> None:
    text = "import math\n\ndef test_a():\n    assert f(1) == 1\n    assert f(2) == 2\n\nasync def test_b():\n    assert f(3) == 3\n\nif __name__ == '__main__':\n    test_a()"
    first, second = sources(parse_tests(text))
    assert first.startswith("import math\ndef test_a():") and first.endswith("\ntest_a()")
    assert second.endswith("\n__import__('asyncio').run(test_b())")


def test_check_function_is_split_into_its_assertions() -> None:
    text = "METADATA = {}\ndef check(candidate):\n    x = 1\n    assert candidate(1) == 2\n    assert True\n    assert candidate(x) == 3\ncheck(f)"
    assert sources(parse_tests(text, entry_point="f")) == [
        "METADATA = {}\nx = 1\nassert f(1) == 2",
        "METADATA = {}\nx = 1\nassert f(x) == 3",
    ]


def test_check_function_with_a_loop_stays_one_test() -> None:
    text = "def check(candidate):\n    for i in range(3):\n        assert candidate(i) == i\n"
    assert sources(parse_tests(text, entry_point="f")) == [text.rstrip() + "\ncheck(f)"]


def test_session_becomes_calls_and_skips_what_is_malformed() -> None:
    text = (
        "Try:\n>>> x = 2\n>>> f(1)\n2\n>>> f(x)\n4\n>>> f('a')\nTraceback (most recent call last):\n"
        "  ...\nValueError: no\n>>> print(f(3))\n6\n>>> f(\n>>> f(9)\n<object>\n>>> f(0)\n\n"
    )
    tests = parse_tests(text, entry_point="f")
    assert calls(tests) == [("(1,)", "2"), ("(0,)", "None")]
    assert sources(tests) == [
        "x = 2\nassert f(x) == 4",
        "x = 2\ntry:\n    f('a')\nexcept ValueError:\n    pass\nelse:\n"
        "    raise AssertionError('expected ValueError')",
        "x = 2\nassert str(f(3)) == '6'",
    ]


@pytest.mark.parametrize(
    "text",
    [
        '[{"input": [1, "a"], "output": [true, null]}]',
        '{"input": [1, "a"], "expected": [true, null]}',
        '{"input": {"args": [1, "a"]}, "output": [true, null]}\n',
        '{"args": [1, "a"], "output": [true, null]}\n\n',
        '{"inputs": [[1, "a"]], "outputs": [[true, null]]}',
        '[{"input": "1\\n\\"a\\"", "output": "[true, null]", "testtype": "functional"}]',
    ],
)
def test_json_cases_become_calls(text: str) -> None:
    assert calls(parse_tests(text, entry_point="f")) == [("(1, 'a')", "[True, None]")]


@pytest.mark.parametrize(
    "text",
    [
        '{"stdin": "1\\n", "stdout": "2\\n"}',
        '[{"input": "1\\n", "output": "2\\n", "testtype": "stdin"}]',
    ],
)
def test_json_cases_become_standard_input_and_output(text: str) -> None:
    assert parse_tests(text) == (StdioCase(id="t1", stdin="1\n", stdout="2\n"),)


def test_ids_count_and_name_the_origin() -> None:
    text = "assert f(1) == 1\nassert f(2) == 2"
    assert [test.id for test in parse_tests(text)] == ["t1", "t2"]
    assert [test.id for test in parse_tests(text, origin="generated")] == ["g1", "g2"]
    assert {test.origin for test in parse_tests(text, origin="statement")} == {"statement"}


def test_empty_text_holds_no_test() -> None:
    assert parse_tests(" \n") == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "assert f(1) == 1\nassert f(2 == 2",
            "The tests do not parse: line 2 is 'assert f(2 == 2' ('(' was never closed); expected "
            "Python such as 'assert add(1, 2) == 3'.",
        ),
        (
            "x = 1",
            "The tests contain no test: 'x = 1'; expected assert statements, functions named test_*, a >>> "
            "session or JSON cases.",
        ),
        (
            "class TestF:\n    def test_a(self):\n        assert f(1)",
            "The tests contain a test class, 'TestF' on line 1, which is not supported; write "
            "assert statements or functions named test_*.",
        ),
        (
            "def test_a(tmp_path):\n    assert f(1)",
            "The test 'test_a' on line 1 takes arguments; fixtures and parameters are not "
            "supported, so write a function without them.",
        ),
        (
            "def check(candidate):\n    assert candidate(1)",
            "The tests define check(candidate) on line 1, which needs the name of the function "
            "that it checks; set the problem's entry_point.",
        ),
        (
            '[{"input": [1], "output": 2}]',
            "JSON case 1 calls a function, but neither the case nor the problem names it; add "
            "'entry_point' to the case or to the problem.",
        ),
        (
            '[{"in": 1}]',
            "JSON case 1 has an unknown form: '{\"in\": 1}'; expected "
            '{"input": [arguments], "output": value} or {"stdin": text, "stdout": text}.',
        ),
    ],
)  # fmt: skip
def test_unusable_tests_are_explained(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_tests(text)
    assert str(caught.value) == message


HEADER = 'def f(x, k):\n    """Docs.\n'


@pytest.mark.parametrize(
    ("example", "arguments", "expected"),
    [
        (">>> f(1, 2)\n  3", "(1, 2)", "3"),
        ("    >>> f(1, 2)\n 3\n        >>> f(\n", "(1, 2)", "3"),
        (">>> f(1, 2) == 3", "(1, 2)", "3"),
        ("f(1, 2) == 3", "(1, 2)", "3"),
        ("f(1, 2) = 3", "(1, 2)", "3"),
        ("* f(1, 2) => [3]", "(1, 2)", "[3]"),
        ("f(1, 2) ==> true", "(1, 2)", "True"),
        ("f(1, ')') ➞ 'a'  # why", "(1, ')')", "'a'"),
        ("f(1, 2) -> -3.5", "(1, 2)", "-3.5"),
        ("f(1, 2) ->19 - 5 - 6 = 8", "(1, 2)", "8"),
        ("f(1, 2)   # returns 3", "(1, 2)", "3"),
        ("f(1, 2) # 3", "(1, 2)", "3"),
        ("f(1, 2) returns 3 (because)", "(1, 2)", "3"),
        ("for example f(1, 2) should\n return 3 and so on", "(1, 2)", "3"),
        ("f([\n [1],\n [2]], 2) == [(0, 0)]", "([[1], [2]], 2)", "[(0, 0)]"),
        ("For x = 1, k = 'a' the output should be 3", "(1, 'a')", "3"),
        ('For x = "s", k = "t", the result should be (\'s\', True)', "('s', 't')", "('s', True)"),
        ("Input: x = [1], k = 2\n   Output: 3", "([1], 2)", "3"),
        ("Input:\n  x : [1]\n  small_k : 2\nOutput: 3", "([1], 2)", "3"),
        # What cannot be read does not keep what follows it from being read.
        ("f(1, 2) is nice.\nf(1, 2) => 3", "(1, 2)", "3"),
        ("f(1\n\nf(1, 2) => 3", "(1, 2)", "3"),
        ("1 + f(2, 2) => 5\nf(1, 2) => 3", "(1, 2)", "3"),
        ("For x = 1 it is clear.\nFor x = 1, k = 2 the output should be 3", "(1, 2)", "3"),
        ("Input: x = y\nInput: x = 1, k = 2\nOutput: 3", "(1, 2)", "3"),
        ("Input: x = 1, k = 2\nOutput: many\nInput: x = 1, k = 3\nOutput: 4", "(1, 3)", "4"),
        ("f(1, 2) => 3\nf(1, 2) => 3", "(1, 2)", "3"),
        ("f(1, 2) == 3\nf(1, 2) == 4\nf(2, 2) == 5", "(2, 2)", "5"),
        ("- f(1, 2) => 3", "(1, 2)", "3"),
        ("1. f(1, 2) => 3", "(1, 2)", "3"),
        ("it follows that f(1, 2) => 3", "(1, 2)", "3"),
        ("f(1, 2) should be 3 since it is", "(1, 2)", "3"),
        ("f(1, 2) evaluates to 3", "(1, 2)", "3"),
        ("`f(1, 2)` gives `3`.", "(1, 2)", "3"),
        ("f(1, 2) → 3;", "(1, 2)", "3"),
        ("f(1, 2) => 3.5", "(1, 2)", "3.5"),
    ],
)
def test_statement_examples_reads(example: str, arguments: str, expected: str) -> None:
    tests = statement_examples(f'{HEADER}{example}\n    """', entry_point="f")
    assert calls(tests) == [(arguments, expected)]
    assert tests[0].id == "e1" and tests[0].origin == "statement"


@pytest.mark.parametrize(
    "example",
    [
        "f(a, 2) => 3",
        "f(1, 2) => three",
        "f(1, 2) == 3 + 4",
        "f(1, 2) + f(2, 3) == 3",
        "g(f(1, 2)) == 3",
        "not f(1, 2) == True",
        ">>> f(1, 2) [0, 1]",
        'f(1, 2) ==> ("one")',
        'f(1, 2) == ""one"',
        "f(1, 2) = 3\nf(2, 2) = [3]",
        "f(1, 2) == 3\nf(1, 2) == 4",
        "Input: 1\nOutput: 2",
        "f(1, 2) is nice.",
        "f(1, 2) => 3 + 4",
        "f(1, 2) => 3.5.6",
        "in f(1, 2) => True",
        "2 * f(1, 2) => 3",
        "g.f(1, 2) => 3",
        "leaf(1, 2) => 3",
        "f(1, 2 => 3",
        "f(1, 2) = 3\n  f(2, 2) = 3.0",
        "For k = 1, x = 2 the output should be 3",
        "For x = 1 the output should be 3",
        "Input: x = 1, k = 2\nThe end.",
        "Input: x = 1, k = 2 Output: three",
    ],
)
def test_statement_examples_omits_doubtful_examples(example: str) -> None:
    assert statement_examples(f'{HEADER}{example}\n    """', entry_point="f") == ()


def test_generated_tests_survive_noise() -> None:
    answer = (
        "Sure! Here:\n```python\nimport math\nassert f(1) == 2, 'one'\nassert f(1)==2\nassert True\n"
        "assert\n    f(2) == 4\nassert assert f(3) == 6\n- assert f(4) == 8\nassert f(5) == f(5)\n"
        "assert x == f(1)\nassert g(1) == 1\nassert math.isclose(f(6), 12)\n"
        "def test_f():\n    assert f(\n        7\n    ) == 14\nassert f(8) == ____\nassert f(9) ==\n```\n"
        "I assert that this is all.\nassert f(10"
    )
    tests = parse_generated_tests(answer, entry_point="f")
    assert calls(tests) == [
        ("(1,)", "2"), ("(2,)", "4"), ("(3,)", "6"), ("(4,)", "8"), ("(7,)", "14"),
    ]  # fmt: skip
    assert sources(tests) == ["import math\nassert math.isclose(f(6), 12)"]
    assert [test.id for test in tests] == ["g1", "g2", "g3", "g4", "g5", "g6"]


def test_generated_tests_are_capped() -> None:
    answer = "\n".join(f"assert f({n}) == {n}" for n in range(50))
    assert len(parse_generated_tests(answer, entry_point="f")) == 20
    assert len(parse_generated_tests(answer, entry_point="f", limit=5)) == 5


def test_generated_tests_may_use_what_the_preamble_defines() -> None:
    preamble = "def encode(x):\n    return x\n\n\ndef f(x):\n"
    tests = parse_generated_tests(
        "assert f(encode('a')) == 'a'", entry_point="f", preamble=preamble
    )
    assert sources(tests) == ["assert f(encode('a')) == 'a'"]


def test_an_assertion_that_awaits_is_no_test_of_a_plain_program() -> None:
    answer = "assert await f(1) == 2\nassert f(1) == 2"
    assert calls(parse_generated_tests(answer, entry_point="f")) == [("(1,)", "2")]


NOISE = st.lists(
    st.sampled_from(
        [
            "assert ",
            "f(",
            ")",
            "\n",
            " == ",
            ">>> ",
            "1",
            "'",
            "Input: ",
            "x = ",
            "Output: ",
            "->",
            "```",
            "For ",
        ]
    ),
    max_size=25,
).map("".join)


@given(st.one_of(NOISE, st.text(max_size=60)))
@settings(max_examples=150, deadline=None)
def test_no_reader_raises_anything_but_input_errors(text: str) -> None:
    statement_examples(f"def f(x):\n{text}", entry_point="f")
    parse_generated_tests(text, entry_point="f")
    try:
        parse_tests(text, entry_point="f")
    except InputError as error:
        assert str(error).endswith((".", "}."))


LITERALS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner),
    max_leaves=5,
)  # fmt: skip


@given(st.lists(LITERALS, max_size=3).map(tuple), LITERALS)
@settings(max_examples=100, deadline=None)
def test_values_in_an_assert_are_parsed_unchanged(
    arguments: tuple[object, ...], expected: object
) -> None:
    listed = ", ".join(map(repr, arguments))
    (test,) = parse_tests(f"assert f({listed}) == {expected!r}")
    assert isinstance(test, CallCase)
    assert repr(eval(test.arguments)) == repr(arguments)
    assert repr(eval(test.expected)) == repr(expected)


SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.integers(), st.text(max_size=4), st.floats(), st.booleans(), st.none(), st.binary()
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=2), inner, max_size=3),
        st.sets(st.text(max_size=2), min_size=1, max_size=3),
    ),
    max_leaves=6,
)


@given(VALUES)
def test_literals_are_written_as_they_were_read(value: object) -> None:
    node = ast.parse(repr(value), mode="eval").body
    source = literal_source(node)
    if "nan" in repr(value) or "inf" in repr(value):
        return
    assert source is not None
    assert source == ast.unparse(node)
    assert ast.literal_eval(source) == value


@pytest.mark.parametrize("source", ["1e999", "-1e999", "[1e999, {'inf'}]"])
def test_floats_without_bounds_are_literals(source: str) -> None:
    written = literal_source(ast.parse(source, mode="eval").body)
    assert written is not None
    assert ast.literal_eval(written) == ast.literal_eval(source)


def test_statement_is_read_from_its_very_first_character() -> None:
    assert calls(statement_examples("f(1) => 2", entry_point="f")) == [("(1,)", "2")]
    assert calls(statement_examples("+f(1) => 2\nf(2) => 3", entry_point="f")) == [("(2,)", "3")]


def test_recurrences_are_examples_where_their_results_are_of_one_kind() -> None:
    alike = statement_examples("f(0) = 1\nf(1) = 2\nf(2) == [3]", entry_point="f")
    assert calls(alike) == [("(0,)", "1"), ("(1,)", "2"), ("(2,)", "[3]")]
    mixed = statement_examples("f(0) = 1\nf(1) = [2]\nf(2) == [3]", entry_point="f")
    assert calls(mixed) == [("(2,)", "[3]")]


def test_one_parameter_needs_no_name_in_an_example() -> None:
    text = "def f(x):\n    Input: [1, 2]\n    Output: 3\n    Input: x = [2]\n    Output: 2"
    assert calls(statement_examples(text, entry_point="f")) == [
        ("([1, 2],)", "3"),
        ("([2],)", "2"),
    ]


def test_self_is_no_parameter_and_the_last_header_counts() -> None:
    text = "def f(a):\n    pass\nclass S:\n    def f(self, x, *, y=1):\nInput: x = 1\nOutput: 2"
    assert calls(statement_examples(text, entry_point="f")) == [("(1,)", "2")]


def test_statement_is_looked_at_within_limits() -> None:
    far = statement_examples("." * 49_990 + "\nf(1) => 2\nf(2) => 3", entry_point="f")
    assert calls(far) == [("(1,)", "2")]
    many = "\n".join(f"f({number}) => {number}" for number in range(250))
    assert len(statement_examples(many, entry_point="f")) == 200


def test_statement_without_a_function_holds_no_example() -> None:
    assert statement_examples("What is 2 + 2? f(1) => 2 is no answer.") == ()
    assert calls(statement_examples("def g(x): ...\ng(1) => 2")) == [("(1,)", "2")]


@pytest.mark.parametrize(
    ("session", "expected"),
    [
        (">>> a = 1\n>>> g(a)\n2", ["a = 1\nassert g(a) == 2"]),
        (">>> import m\n>>> a = 1\n>>> g(a)\n2", ["import m\na = 1\nassert g(a) == 2"]),
        (">>> print(g(1))\n1 2", ["assert str(g(1)) == '1 2'"]),
        (">>> len(g(1))\n2", ["assert len(g(1)) == 2"]),
        (">>> g(x=1) == 2", ["assert g(x=1) == 2"]),
        (
            ">>> g(1)\nTraceback (most recent call last):\n  ...\na.b.Bad: it is",
            ["try:\n    g(1)\nexcept Bad:\n    pass\nelse:\n    "
             "raise AssertionError('expected Bad')"],
        ),
        (">>> print(g(1), 2)\n1 2", []),
        (">>> g(1)\n<object at 0x1>", []),
        (">>> h(1)\n2", []),
        (">>> a = 1\nshown\n>>> len(g(a))\n2", ["assert len(g(a)) == 2"]),
    ],
)  # fmt: skip
def test_sessions_become_assertions(session: str, expected: list[str]) -> None:
    assert sources(statement_examples(session, entry_point="g")) == expected


def test_session_shows_none_by_showing_nothing_where_it_shows_results_at_all() -> None:
    shown = statement_examples(">>> g(1)\n>>> g(2)\n3", entry_point="g")
    assert calls(shown) == [("(1,)", "None"), ("(2,)", "3")]
    assert statement_examples(">>> g(1)\n>>> g(2)", entry_point="g") == ()


def test_session_continues_over_lines_and_ends_at_the_docstrings_end() -> None:
    text = '>>> g(\n...     [1,\n...\n...      2])\n[1,\n 2]\n"""\n3'
    assert calls(statement_examples(text, entry_point="g")) == [("([1, 2],)", "[1, 2]")]


ASSERTED = [
    ("x = 1\nassert f(x) == 2", ["x = 1\nassert f(x) == 2"]),
    ("x = 1\nassert f(1) == 2", ["x = 1\nassert f(1) == 2"]),
    ("def f(x): return 2\nassert f(1) == 2", ["def f(x): return 2\nassert f(1) == 2"]),
    ("async def test_a():\n    assert f(1)", [
        "async def test_a():\n    assert f(1)\n__import__('asyncio').run(test_a())"]),
    ("def test_a(x=1, *, y=2):\n    assert f(1)", [
        "def test_a(x=1, *, y=2):\n    assert f(1)\ntest_a()"]),
    ("for x in (1, 2):\n    assert f(x)", ["for x in (1, 2):\n    assert f(x)"]),
    ("y = 0\nfor x in (1, 2):\n    y += x\nassert f(y)", [
        "y = 0\nfor x in (1, 2):\n    y += x\nassert f(y)"]),
    ("def test_a():\n    assert f(1)\nif __name__ == '__main__':\n    test_a()\nassert f(2)", [
        "def test_a():\n    assert f(1)\ntest_a()", "assert f(2)"]),
    ("def check(candidate):\n    x = 1\n    assert candidate(x) == 2\n    assert True\ncheck(f)", [
        "x = 1\nassert f(x) == 2"]),
    ("def check(candidate, more):\n    assert candidate(1)\nassert f(2)", [
        "def check(candidate, more):\n    assert candidate(1)\nassert f(2)"]),
    ("def check(candidate):\n    candidate = 1\n    assert candidate\nassert f(2)", [
        "def check(candidate):\n    candidate = 1\n    assert candidate\ncheck(f)", "assert f(2)"]),
    ("'docs'\nassert f(1)", ["assert f(1)"]),
    ("@d\ndef g(): ...\nassert f(1)", ["@d\ndef g(): ...\nassert f(1)"]),
    ("assert f(1) == g(2)", ["assert f(1) == g(2)"]),
    ("assert f(1) is 2", ["assert f(1) is 2"]),
    ("assert f(1) != 2", ["assert f(1) != 2"]),
    ("assert 1 < f(1) < 2", ["assert 1 < f(1) < 2"]),
    ("assert h(1) == 2", ["assert h(1) == 2"]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), ASSERTED)
def test_assertions_keep_the_set_up_that_they_need(source: str, expected: list[str]) -> None:
    tests = parse_tests(source, entry_point="f")
    assert sources(tests) == expected
    assert calls(tests) == []


def test_definitions_before_a_literal_assertion_leave_it_a_call() -> None:
    tests = parse_tests("import m\ndef g(x): ...\nclass C: ...\nassert f(1) == 2", entry_point="f")
    assert calls(tests) == [("(1,)", "2")]


JSON = [
    ('[{"input": [1, 2], "output": 3}]', [("(1, 2)", "3")]),
    ('[{"args": [1, 2], "expected": 3}]', [("(1, 2)", "3")]),
    ('[{"arguments": 1, "expected_output": null}]', [("(1,)", "None")]),
    ('{"input": {"args": [1]}, "result": 3}', [("(1,)", "3")]),
    ('{"input": {"args": 1}, "result": 3}', [("(1,)", "3")]),
    ('{"input": {"args": 1, "b": 2}, "result": 3}', [("({'args': 1, 'b': 2},)", "3")]),
    ('{"input": "a", "output": 3}', [("('a',)", "3")]),
    ('{"input": [], "output": "b"}', [("()", "'b'")]),
    ('{"inputs": [[1], [2]], "outputs": [3]}', [("(1,)", "3")]),
    ('{"input": [1], "output": 2}\n\n{"input": [3], "output": 4}', [("(1,)", "2"), ("(3,)", "4")]),
    ('{"input": "1\\n\\n[2]", "output": "3", "testtype": "functional"}', [("(1, [2])", "3")]),
    ('  [{"input": [true], "output": false}]', [("(True,)", "False")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), JSON)
def test_json_in_every_form_becomes_calls(text: str, expected: list[tuple[str, str]]) -> None:
    assert calls(parse_tests(text, entry_point="f")) == expected


def test_json_cases_name_their_own_function() -> None:
    for key in ("entry_point", "function"):
        (test,) = parse_tests(f'[{{"{key}": "g", "input": [1], "output": 2}}]', entry_point="f")
        assert isinstance(test, CallCase) and test.entry_point == "g"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"stdin": "1", "stdout": "2"}, {"input": [1]}]', "JSON case 2 has an unknown form"),
        ('[{"output": 2}]', "JSON case 1 has an unknown form"),
        ("[3]", "JSON case 1 has an unknown form: '3'"),
        (
            '[{"input": "x", "output": "3", "testtype": "functional"}]',
            "JSON case 1 has an unknown form",
        ),
        ('[{"input": [1], "output": 2}]', "JSON case 1 calls a function, but neither"),
        (f'[{{"in": "{"x" * 300}"}}]', "unknown form: '{.{119}'; expected"),
    ],
)
def test_json_that_is_no_case_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_tests(text)
