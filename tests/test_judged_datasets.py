"""Datasets in their published formats: correct programs pass, wrong ones do not."""

import base64
import json
import pickle
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.datasets import load_dataset
from refinegraph.datasets.argument_types import example_arguments, restore, restore_arguments
from refinegraph.datasets.evalplus_tests import portable_tests
from refinegraph.datasets.files import Record
from refinegraph.datasets.packed_cases import livecodebench_cases
from refinegraph.datasets.references import sound_problems
from refinegraph.errors import InputError
from refinegraph.schema import LabelledProblem
from refinegraph.tools.programs import extract_program
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.test_cases import parse_tests
from refinegraph.tools.test_cases.checking import HiddenTests

PLUS = """\
import numpy as np

def is_floats(x) -> bool:
    if isinstance(x, np.ndarray):
        return x.dtype == np.float64
    return isinstance(x, float)

def assertion(out, exp, atol):
    if not (out == exp):
        assert np.allclose(out, exp, rtol=1e-07, atol=atol)

{body}
"""
HEADER = 'def total(xs, start):\n    """Add up the numbers, from start on."""\n'
BODY = "    return sum(xs) + start\n"
TOTAL = f"def total(xs, start):\n{BODY}"
THIRD = 'def third(x):\n    """Return a third."""\n'


def plus_check(inputs: str, results: str, step: str = "assertion(candidate(*inp), exp, 0)") -> str:
    return PLUS.format(
        body=f"def check(candidate):\n    inputs = {inputs}\n    results = {results}\n"
        f"    for i, (inp, exp) in enumerate(zip(inputs, results)):\n        {step}\n"
    )


def plus_module(inputs: str, results: str, called: str) -> str:
    return PLUS.format(
        body=f"inputs = {inputs}\nresults = {results}\n"
        f"for i, (inp, exp) in enumerate(zip(inputs, results)):\n    assertion({called}, exp, 0)\n"
    )


def packed(cases: object) -> str:
    return base64.b64encode(zlib.compress(pickle.dumps(json.dumps(cases)))).decode()


def humaneval(**fields: object) -> dict[str, object]:
    record = {
        "task_id": "HumanEval/0",
        "prompt": HEADER,
        "canonical_solution": BODY,
        "entry_point": "total",
        "test": "def check(candidate):\n    assert candidate([1, 2], 3) == 6\n",
    }
    return {**record, **fields}


def mbpp(**fields: object) -> dict[str, object]:
    record = {
        "task_id": 2,
        "text": "Write a function to add up numbers.",
        "code": TOTAL,
        "test_list": ["assert total([1], 2) == 3", "assert total([1, 1], 2) == 4"],
        "test_setup_code": "",
        "challenge_test_list": [],
    }
    return {**record, **fields}


NODE = "class Node:\n    def __init__(self, value):\n        self.value = value\n"
PAIR = "class Pair(object):\n    def __init__(self, a, b):\n        self.a = a\n        self.b = b"
LIVECODEBENCH: dict[str, object] = {
    "question_title": "A",
    "question_content": "Read n, print n + 1.",
    "platform": "atcoder",
    "question_id": "abc1_a",
    "contest_id": "abc1",
    "contest_date": "2024-01-01T00:00:00",
    "starter_code": "",
    "difficulty": "easy",
    "public_test_cases": json.dumps([{"input": "1\n", "output": "2\n", "testtype": "stdin"}]),
    "private_test_cases": packed([{"input": "5\n", "output": "6", "testtype": "stdin"}]),
    "metadata": "{}",
}
METHOD = "class Solution:\n    def addUp(self, nums: List[int], k: int) -> int:\n        "
APPS: dict[str, object] = {
    "problem_id": 7,
    "question": "Read n, print n + 1.",
    "solutions": json.dumps(["print raw_input()", "print(int(input()) + 1)"]),
    "input_output": json.dumps({"inputs": ["1\n", "5\n"], "outputs": ["2\n", "6\n"]}),
    "difficulty": "introductory",
    "url": "https://example.org",
    "starter_code": "",
}


def called(inputs: object, outputs: object, solution: str) -> dict[str, object]:
    cases = {"fn_name": "twice", "inputs": inputs, "outputs": outputs}
    return {
        **APPS,
        "question": "Double it.",
        "solutions": json.dumps([solution]),
        "input_output": json.dumps(cases),
    }


@dataclass(frozen=True)
class Case:
    id: str
    record: Mapping[str, object]
    right: str
    wrong: tuple[str, ...]
    referenced: bool = field(default=True)


TWICE = "def twice(x):\n    return x + x\n"
CASES = [
    Case("humaneval", humaneval(), TOTAL, ("def total(xs, start):\n    return 5\n",)),
    Case("humaneval, body", humaneval(), BODY, ("    return 5\n",)),
    Case(
        "humaneval+ on the hub",
        humaneval(test=plus_check("[[[1, 2], 3], [[4], 5]]", "[6, 9]")),
        TOTAL,
        ("def total(xs, start):\n    return 6\n",),
    ),
    Case(
        "humaneval+ on the hub, floats",
        humaneval(
            prompt=THIRD,
            entry_point="third",
            canonical_solution="    return x / 3\n",
            test=plus_check("[[1], [float('inf')]]", "[0.3333333, float('inf')]"),
        ),
        "def third(x):\n    return x * (1 / 3)\n",
        ("def third(x):\n    return 0.33333\n", "def third(x):\n    return 'x'\n"),
    ),
    Case(
        "humaneval+ on the hub, compared with a function",
        humaneval(
            test=PLUS.format(
                body=TOTAL.replace("total", "ref_func")
                + "\ndef check(candidate):\n    inputs = [[[1, 2], 3], [[4], 5]]\n"
                "    for i, inp in enumerate(inputs):\n"
                "        assertion(candidate(*inp), ref_func(*inp), 0)\n"
            )
        ),
        TOTAL,
        ("def total(xs, start):\n    return 6\n",),
    ),
    Case(
        "humaneval+ of evalplus",
        humaneval(base_input=[[[1, 2], 3]], plus_input=[[[4], float("inf")]], atol=0, contract=""),
        TOTAL,
        ("def total(xs, start):\n    return 6\n",),
    ),
    Case(
        "humaneval+ of evalplus, any root",
        humaneval(
            prompt="def poly(xs, x):\n    return sum(c * x ** i for i, c in enumerate(xs))\n\n\n"
            'def find_zero(xs):\n    """Find a zero of poly."""\n',
            entry_point="find_zero",
            canonical_solution="    return -1.0\n",
            base_input=[[[-1, 0, 1]]],
            plus_input=[],
            atol=1e-4,
        ),
        "def find_zero(xs):\n    return 1.00001\n",
        ("def find_zero(xs):\n    return 0.5\n",),
    ),
    Case(
        "mbpp+ of evalplus, tuples and sets",
        {
            "task_id": "Mbpp/2",
            "prompt": '"""\nFind shared pairs.\nassert shared([(1, 2)], {3}) == 1\n"""\n',
            "canonical_solution": "\ndef shared(x, y):\n    return len({*x}) + len(y - {3})\n",
            "entry_point": "shared",
            "base_input": [[[[1, 2]], [3]]],
            "plus_input": [[[[1, 2], [1, 2]], [3, 4]]],
            "atol": 0,
            "assertion": "\nassert shared([(1, 2)], {3}) == 1\n",
        },
        "def shared(x, y):\n    return len(set(x)) + len(y - {3})\n",
        ("def shared(x, y):\n    return 1\n", "def shared(x, y):\n    return 2\n"),
    ),
    Case(
        "mbpp+ of evalplus, any order",
        {
            "task_id": "Mbpp/7",
            "prompt": '"""\nFind long words.\nassert find_char_long("a bcde") == ["bcde"]\n"""\n',
            "canonical_solution": "\ndef find_char_long(t):\n    return t.split()\n",
            "entry_point": "find_char_long",
            "base_input": [["abcd efgh"]],
            "plus_input": [],
            "atol": 0,
        },
        "def find_char_long(t):\n    return t.split()[::-1]\n",
        ("def find_char_long(t):\n    return t.split()[:1]\n",),
    ),
    Case(
        "mbpp+ on the hub",
        mbpp(test=plus_module("[[[1], 2], [[5], 5]]", "[3, 10]", "total(*inp)")),
        TOTAL,
        ("def total(xs, start):\n    return 3 + (len(xs) == 2)\n",),
    ),
    Case(
        "mbpp+ on the hub, floats and another name",
        mbpp(
            test="from math import inf\n"
            + plus_module("[[[0.1, 0.2], 0], [[inf], 1]]", "[0.3, inf]", "candidate(*inp)")
        ),
        TOTAL,
        ("def total(xs, start):\n    return [3, 4, 0.4][len(xs) - 1]\n",),
    ),
    Case(
        "mbpp+ on the hub, sets",
        mbpp(
            code="def total(xs, start):\n    return [*xs, start]\n",
            test_list=["assert set(total([1], 2)) == {1, 2}"],
            test=plus_module("[[[1], 2]]", "[(1, 2)]", "set(total(*inp))").replace(
                "set(total(*inp)), exp", "set(total(*inp)), set(exp)"
            ),
        ),
        "def total(xs, start):\n    return (start, *xs)\n",
        ("def total(xs, start):\n    return xs\n",),
    ),
    Case("mbpp", mbpp(), TOTAL, ("def total(xs, start):\n    return 3\n",)),
    Case(
        "mbpp, set-up code",
        mbpp(
            code="def total(pairs, start):\n    return sum(p.a for p in pairs) + start\n",
            test_setup_code=PAIR,
            test_list=["assert total([Pair(5, 24)], 4) == 9", "assert total([], 4) == 4"],
        ),
        "def total(pairs: List[Pair], start):\n    return sum(p.a for p in pairs) + start\n",
        ("def total(pairs, start):\n    return 9\n",),
    ),
    Case(
        "mbpp, set-up code builds objects of the program",
        mbpp(
            code=f"{NODE}\ndef total(node, start):\n    return node.value + start\n",
            test_setup_code="root = Node(1)\nroot.value = 2",
            test_list=["assert total(root, 4) == 6", "assert total(root, 5) == 7"],
        ),
        f"{NODE}\ndef total(node, start):\n    return start + node.value\n",
        (f"{NODE}\ndef total(node, start):\n    return 6\n",),
    ),
    Case(
        "mbpp, sanitized",
        {
            "source_file": "x",
            "task_id": 80,
            "prompt": "Write a function to add up numbers.",
            "code": TOTAL,
            "test_imports": ["import math"],
            "test_list": ["assert math.isclose(total([1.5], 2), 3.5, rel_tol=0.001)"],
        },
        TOTAL,
        ("def total(xs, start):\n    return 3\n",),
    ),
    Case(
        "livecodebench, standard input",
        LIVECODEBENCH,
        "print(int(input()) + 1)",
        ("print(2)",),
        referenced=False,
    ),
    Case(
        "livecodebench, method",
        {
            **LIVECODEBENCH,
            "platform": "leetcode",
            "starter_code": METHOD,
            "public_test_cases": json.dumps(
                [{"input": "[1, 2]\n3", "output": "6", "testtype": "functional"}]
            ),
            "private_test_cases": packed(
                [{"input": "[4]\n5", "output": "9", "testtype": "functional"}]
            ),
            "metadata": json.dumps({"func_name": "addUp"}),
        },
        f"{METHOD}return reduce(operator.add, nums) + k\n",
        (f"{METHOD}return 6\n",),
        referenced=False,
    ),
    Case(
        "apps, standard input, imports left out",
        APPS,
        "n = int(sys.stdin.readline())\nprint(floor(n + 1.5))",
        ("print(2)",),
    ),
    Case("apps, standard input", APPS, "print(int(input()) + 1)", ("print(2)",)),
    Case(
        "apps, parsed, lines",
        {
            **APPS,
            "solutions": ["print(int(input()) + int(input()))"],
            "input_output": {"inputs": [["1", "2"]], "outputs": [["3"]]},
        },
        "a, b = int(input()), int(input())\nprint(a + b)",
        ("print(4)",),
    ),
    Case("apps, calls", called([[1], [3]], [2, 6], TWICE), TWICE, ("def twice(x):\n    return 2",)),
    Case(
        "apps, results in lists",
        called([[1], [3]], [[2], [6]], TWICE),
        TWICE,
        ("def twice(x):\n    return 2",),
    ),
    Case(
        "apps, results that are lists",
        called([[[1]], [[3]]], [[2], [6]], "def twice(x):\n    return [2 * x[0]]\n"),
        "def twice(x):\n    return [each * 2 for each in x]\n",
        ("def twice(x):\n    return [2]",),
    ),
    Case(
        "apps, keys that were numbers",
        called(
            [[{"1": 2}]], [{"2": 1}], "def twice(x):\n    return {b: a for a, b in x.items()}\n"
        ),
        "def twice(x):\n    return dict(zip(x.values(), x))\n",
        ("def twice(x):\n    return {'2': '1'}",),
    ),
    Case(
        "our own",
        {
            "id": "a",
            "prompt": "Write twice(x).",
            "hidden_tests": "assert twice(2) == 4",
            "reference": TWICE,
        },
        TWICE,
        ("def twice(x):\n    return 5",),
    ),
]


def load_one(folder: Path, record: Mapping[str, object]) -> LabelledProblem:
    file = folder / "set.jsonl"
    file.write_text(json.dumps(record) + "\n", encoding="utf-8")
    (labelled,) = load_dataset(file)
    return labelled


async def passes(labelled: LabelledProblem, answer: str) -> bool:
    problem = labelled.problem
    program = extract_program(
        f"```python\n{answer}\n```", entry_point=problem.entry_point, preamble=problem.preamble
    )
    assert program.source is not None, program.problem
    return (await HiddenTests(labelled).check(Sandbox(), program.source)).passed


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_right_programs_pass_and_wrong_ones_do_not(case: Case, tmp_path: Path) -> None:
    labelled = load_one(tmp_path, case.record)
    assert await passes(labelled, case.right)
    assert [wrong for wrong in case.wrong if await passes(labelled, wrong)] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_reference_solutions_pass(case: Case, tmp_path: Path) -> None:
    labelled = load_one(tmp_path, case.record)
    report = await sound_problems([labelled], Sandbox())
    assert report.faulty == ()
    assert report.unchecked == (not case.referenced)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_agents_see_no_hidden_test_and_no_reference(case: Case, tmp_path: Path) -> None:
    labelled = load_one(tmp_path, case.record)
    seen = repr(labelled.problem)
    assert "canonical_solution" not in seen and "plus_input" not in seen
    assert labelled.gold.reference == "" or labelled.gold.reference not in seen
    tests = labelled.problem.tests
    assert tests == "" or parse_tests(tests, entry_point=labelled.problem.entry_point)


async def test_faulty_references_are_left_out_with_a_reason(tmp_path: Path) -> None:
    records = [
        humaneval(),
        humaneval(task_id="wrong", canonical_solution="    return 5\n"),
        humaneval(task_id="raises", canonical_solution="    return 1 / 0\n"),
        humaneval(task_id="module", test="import no_such_module\n" + str(humaneval()["test"])),
        humaneval(task_id="unchecked", canonical_solution=""),
        {"question": "1 + 1?", "answer": "2"},
    ]
    file = tmp_path / "set.jsonl"
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    report = await sound_problems(list(load_dataset(file)), Sandbox())
    assert [each.problem.id for each in report.sound] == ["HumanEval/0", "unchecked", "set/5"]
    assert report.unchecked == 2
    assert [(each.problem_id, each.reason) for each in report.faulty] == [
        (
            "wrong",
            "Its reference solution fails its hidden tests: total([1, 2], 3) returns 5 instead of "
            "6.",
        ),
        (
            "raises",
            "Its reference solution fails its hidden tests with error: ZeroDivisionError: "
            "division by zero.",
        ),
        (
            "module",
            "Its hidden tests import no_such_module, which the sandbox does not have; install it "
            "and name it in SandboxPolicy(preload=('no_such_module',)).",
        ),
    ]


def test_tests_that_need_numpy_for_more_keep_it() -> None:
    source = plus_check("[[1]]", "[2]", "assertion(np.sum(candidate(*inp)), exp, 0)")
    assert "import numpy as np" in portable_tests(source, entry_point="f")
    assert "numpy" not in portable_tests(plus_check("[[1]]", "[2]"), entry_point="f")


@pytest.mark.parametrize("source", ["import numpy as np\nassert f(1) == 2", "def check(:", ""])
def test_other_test_programs_stay_as_they_are(source: str) -> None:
    assert portable_tests(source, entry_point="f") == source


FORMS = [
    ({"id": 60, "problem": "Find.", "solution": "..", "answer": "033", "year": "2024"}, "033"),
    ({"ID": "2024-II-4", "Problem": "Find.", "Solution": "..", "Answer": 33}, "33"),
    ({"problem": "Find.", "answer": "70", "id": "0"}, "70"),
    ({"question": "Find.", "answer": "70"}, "70"),
    ({"question": "Find.", "answer": r"336^\circ"}, r"336^\circ"),
    ({"question": "Find.", "answer": "48 / 2 = 24\n#### 1,234"}, "1234"),
    ({"problem": "Find.", "level": "Level 5", "solution": r"So $\boxed 5$."}, "5"),
    ({"problem": "Find.", "type": "Algebra", "solution": r"So $\fbox{5}$."}, "5"),
    ({"problem": "Find.", "solution": r"\boxed{1}, no $\boxed{\frac{1}{\sqrt{2}}}$"},
     r"\frac{1}{\sqrt{2}}"),
]  # fmt: skip


@pytest.mark.parametrize(("record", "answer"), FORMS)
def test_questions_are_read_in_every_published_form(
    tmp_path: Path, record: Mapping[str, object], answer: str
) -> None:
    labelled = load_one(tmp_path, record)
    assert (labelled.problem.prompt, labelled.problem.kind) == ("Find.", "math")
    assert labelled.gold.answer == answer


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("pickle_was_loaded"),))


def test_pickles_are_never_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    evil = base64.b64encode(zlib.compress(pickle.dumps(Evil()))).decode()
    with pytest.raises(InputError, match="private_test_cases"):
        load_one(tmp_path, {**LIVECODEBENCH, "private_test_cases": evil})
    assert not (tmp_path / "pickle_was_loaded").exists()


def test_test_cases_that_unpack_to_too_much_are_refused(tmp_path: Path) -> None:
    bomb = base64.b64encode(zlib.compress(bytes(1_000_000))).decode()
    record = Record({"private_test_cases": bomb}, tmp_path, 3)
    with pytest.raises(InputError, match=r"line 3: the field .* more than 1,000 bytes"):
        livecodebench_cases(record, "private_test_cases", largest=1_000)


SCALARS = st.integers() | st.text(max_size=3) | st.booleans() | st.none()
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.sets(st.integers(), max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: as_json(part) for key, part in value.items()}  # pyright: ignore
    if isinstance(value, list | tuple | set):
        return [as_json(part) for part in value]  # pyright: ignore
    return value


@given(VALUES, VALUES)
def test_values_without_an_example_stay_as_they_are(value: Any, other: Any) -> None:
    plain = as_json(value)
    assert restore(plain, []) == plain
    assert as_json(restore(plain, [other])) is not None or plain is None


@given(st.lists(st.tuples(st.integers(), st.lists(st.tuples(st.integers())))))
def test_value_gets_the_types_of_an_example_like_it(value: Any) -> None:
    assert restore(as_json(value), [[(1, [(2,)])]]) == value


def test_arguments_take_their_types_from_assertions() -> None:
    examples = example_arguments("assert f((1, (2, 3)), {4}, 0, 1j, {'a': (1,)}) == 5", "f")
    arguments = restore_arguments([[1, [2, 3]], [4, 5], "0.5", "2j", {"b": [2, 3]}], examples)
    assert arguments == ((1, (2, 3)), {4, 5}, 0.5, 2j, {"b": (2, 3)})
    assert restore([], [{}]) == {}
    assert restore_arguments([[1]], example_arguments("assert f(g(1)) == 2", "f")) == ([1],)
