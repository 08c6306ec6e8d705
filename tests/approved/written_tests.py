"""Tests and examples as people and models write them, and the cases that are read from them."""

# ruff: noqa: E501

import random
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from refinegraph.errors import InputError
from refinegraph.schema import VisibleTest
from refinegraph.tools.patches import apply_patch, changed_lines, unified_patch
from refinegraph.tools.shrinking import smaller_values
from refinegraph.tools.test_cases import parse_generated_tests, parse_tests, statement_examples

ASSERTS = (
    "assert f(1, 2) == 3", "assert f(x=1, y=2) == 3", "assert f(1) is None", "assert f('a') != 'b'", "assert True",
    "assert not f(0)", "assert abs(f(1) - 0.5) < 1e-6", "assert f([1,\n          2]) == [2,\n 1], 'reversed'",
    "assert math.isclose(f(2), 1.4)", "assert f(1) == f(1)", "assert g(f(1)) == 2", "assert 3 == f(1, 2)",
    "assert all(f(n) == n for n in range(3))", "assert f(-1) == {'a': (1,), 'b': {2}}", "assert f() == float('inf')",
    "assert f(1) == 2 and f(2) == 3", "assert sorted(f(3)) == [1, 2]", "assert f(1 + 1) == 4", "assert f(N) == 9",
    "assert f(Node(1)) == Node(2)", "assert f(b'x', None, 1.5, True) == ...",
)  # fmt: skip
SETUPS = (
    "import math", "from collections import Counter", "N = 3", "def g(x):\n    return x + 1", "print('start')",
    "class Node:\n    def __init__(self, v):\n        self.v = v", "for n in (1, 2):\n    assert f(n) == n",
    "def test_one():\n    assert f(1) == 1", "def test_two(tmp_path):\n    assert f(2)", "if N:\n    assert f(N)",
    "def check(candidate):\n    assert candidate(1) == 2\n    x = 4\n    assert candidate(x) == 5\n",
    "class TestF:\n    def test(self):\n        assert f(1)", "with open('x') as file:\n    f(file)", "check(f)",
    "if __name__ == '__main__':\n    test_one()", "async def test_three():\n    assert await f(1)",
)  # fmt: skip
OTHERS = (
    ">>> f(1, 2)\n3\n>>> x = f(4)\n>>> x\n5", '>>> f("a")\n\'b\'\nand\n>>> f(0)\nTraceback (most recent call last):\n'
    "ValueError: x", ">>> print(f(1))\n1\n2", '{"input": [1, 2], "output": 3}\n{"input": [4], "output": null}',
    '[{"stdin": "1 2", "stdout": "3"}, {"stdin": "", "stdout": "\\n"}]', '{"inputs": ["1\\n"], "outputs": ["2\\n"]}',
    '{"input": 1}', "f(1) == 2", "", "assert f(1) ==", "no tests here",
)  # fmt: skip
STATEMENTS = (
    "f(1, 2) returns 3.", "For x = 1, y = [2], the answer should be 3.", "Example: f(4) = 5", "f(4) = 'five'",
    "Input: x = 3, y = 4\nOutput: 7", "`f([1, 2])` -> `[2, 1]`", "f(1) + f(2) = 3", "f(2, 3) => 5, since 2 + 3 = 5",
    ">>> f(5, 6)\n11", "* f(0, 0): 0", "- f(7, 1) == 8 # eight", "f(1, 2) is 3 if x is small", "f(9) gives True",
    "my_f(1) returns 2", "def f(x, y):", "def f(self, x):", "f(1, 2) returns 4.", "1. f(8, 8) → 16",
    "where f(1.5, 2) equals 3.5.", "Input: 5\nOutput: 6", "f(1, f(2)) returns 3",
)  # fmt: skip
VALUES: Sequence[object] = (0, 1, -7, 12, 2.5, -0.0, "", "a", "abcd", [], [1], [1, 2, 3], (4, "xy"), {1: 2}, None, True,
                            [[1, 2], [3]], {1, 2}, "żółw", 10**12)  # fmt: skip
CASES = 150


def outcomes() -> Iterator[str]:
    """Yield the cases that are read from each text, or the reason why there is none."""
    for number in range(CASES):
        draw = random.Random(number)
        lines = [draw.choice(SETUPS if draw.random() < 0.35 else ASSERTS) for _ in range(4)]
        text, name = "\n".join(lines), draw.choice(("f", "f", None))
        yield f"{number} given {name}: {read(partial(parse_tests, text, entry_point=name))}"
        written = generated(lines, draw)
        yield f"{number} generated: {shown(parse_generated_tests(written, entry_point='f', limit=3))}"
        statement = "\n".join(draw.sample(STATEMENTS, 4))
        yield f"{number} statement: {shown(statement_examples(statement, entry_point=name))}"
    for text in OTHERS:
        yield f"{text!r}: {read(partial(parse_tests, text, entry_point='f'))}"
    for value in VALUES:
        yield f"{value!r} may be {[*smaller_values(value)][:12]}"
    yield from patches()


def generated(lines: Sequence[str], draw: random.Random) -> str:
    """Return assertions as a model writes them: with bullets, fences, repetitions and prose."""
    marks = [draw.choice(("", "- ", "1. ", "`", "  ", "Check: ")) + line for line in lines]
    if draw.random() < 0.3:
        marks.append(marks[0])
    return "Tests:\n```python\n" + "\n".join(marks) + draw.choice(("\n```\n", "\nassert f(", ""))


def read(parse: Callable[[], Sequence[VisibleTest]]) -> str:
    """Return the cases, or the sentence of the refusal."""
    try:
        return shown(parse())
    except InputError as error:
        return f"refused: {str(error).partition(' (')[0]}"


def shown(tests: Sequence[VisibleTest]) -> str:
    """Return cases in brief."""
    parts: list[str] = []
    for test in tests:
        fields = test.model_dump(exclude={"form", "origin"}, exclude_defaults=True)
        parts.append(" ".join(f"{value!r}" for value in fields.values()))
    return "; ".join(parts) or "none"


def patches() -> Iterator[str]:
    """Yield the patches between files of a few lines, and what applying them says."""
    for number in range(40):
        draw = random.Random(number)
        old = [f"line {n}" for n in range(draw.randint(0, 12))]
        new = [line for line in old if draw.random() < 0.8]
        new.insert(draw.randint(0, len(new)), "added")
        before = "\n".join(old) + draw.choice(("\n", ""))
        after = None if draw.random() < 0.1 else "\n".join(new) + draw.choice(("\n", ""))
        files: dict[str, str] = {} if draw.random() < 0.1 else {"a.txt": before}
        patch = unified_patch(files, {} if after is None else {"a.txt": after})
        yield f"{number} {changed_lines(patch)} {patch!r}"
        there: dict[str, str] = draw.choice(
            (files, files, files, {}, {"a.txt": before.replace("line 2", "line two")})
        )
        try:
            yield f"{number} becomes {apply_patch(patch, there.get)!r}"
        except InputError as error:
            yield f"{number} is refused: {error}"
