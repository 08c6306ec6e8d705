"""Mutation operators by example, and laws of every sequence of mutations."""

import ast
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refinegraph.agents.mutation_solver import MutationSolver
from refinegraph.agents.operators import Task
from refinegraph.schema import Candidate, Move, Problem, SuspectLine
from refinegraph.tools.mutation import OPERATORS, Mutation, mutations
from refinegraph.tools.mutation.naturalness import Naturalness
from refinegraph.tools.patches import apply_patch

EXAMPLES = {
    "boundary": ("a = 1 < b\n", "a = 1 <= b\n"),
    "opposite": ("a = b not  in c\n", "a = b in c\n"),
    "other-comparison": ("a = b == c\n", "a = b <= c\n"),
    "arithmetic": ("a += (b)\n", "a -= (b)\n"),
    "assignment": ("a += b\n", "a = b\n"),
    "connective": ("a = b and c\n", "a = b or c\n"),
    "dropped-operand": ("a = b - 1\n", "a = b\n"),
    "negation": ("a = 1 if b else 2\n", "a = 1 if not (b) else 2\n"),
    "sign": ("def f(x):\n    return x\n", "def f(x):\n    return -x\n"),
    "constant": ("a = f(True)\n", "a = f(False)\n"),
    "swapped-operands": ("a = 'é' + b - c\n", "a = c - 'é' + b\n"),
    "called-function": ("a = min(b)\n", "a = max(b)\n"),
    "swapped-arguments": ("a = f(b, c, d)\n", "a = f(b, d, c)\n"),
    "dropped-argument": ("a = f(b, key=c)\n", "a = f(b)\n"),
    "unwrapped-call": ("a = f(b)\n", "a = b\n"),
    "wrapped-name": ("a = b\n", "a = list(b)\n"),
    "variable": ("def f(x, y):\n    return x\n", "def f(x, y):\n    return y\n"),
    "attribute": (
        "class A:\n    def f(self):\n        self.a = self.b = 1\n        return self.a\n",
        "class A:\n    def f(self):\n        self.a = self.b = 1\n        return self.b\n",
    ),
    "off-by-one": ("a = range(b)\n", "a = range(b + 1)\n"),
    "missing-return": ("def f(x):\n    x + 1\n", "def f(x):\n    return x + 1\n"),
    "jump": ("for a in b:\n    break\n", "for a in b:\n    continue\n"),
    "removed": ("a = 1\nb = 2\n", "a = 1\n"),
    "unguarded": ("if a:\n    b()\n", "b()\n"),
    "moved-out": (
        "def f(x):\n    for a in x:\n        g(a)\n        return 1\n",
        "def f(x):\n    for a in x:\n        g(a)\n    return 1\n",
    ),
    "moved-in": ("for a in b:\n    c(a)\nd()\n", "for a in b:\n    c(a)\n    d()\n"),
    "swapped-statements": ("a = 1\nb = 2\n", "b = 2\na = 1\n"),
    "guard": (
        "def f(x):\n    return x[0]\n",
        "def f(x):\n    if not x:\n        return None\n    return x[0]\n",
    ),
    "wider-except": (
        "try:\n    a()\nexcept KeyError:\n    pass\n",
        "try:\n    a()\nexcept (KeyError, IndexError):\n    pass\n",
    ),
    "returned-value": ("def f(x):\n    return 0\n", "def f(x):\n    return x\n"),
}
PROGRAM = '''\
import os


class Stack:
    """A stack."""

    def __init__(self, items=None, limit=10):
        self.items = items or []
        self.limit = limit

    def push(self, item):
        if len(self.items) < self.limit and item is not None:
            self.items.append(item)
            return True
        return False

    def total(self, start=0):
        result = start
        for number in range(len(self.items)):
            if self.items[number] == "é":
                continue
            result += self.items[number] - 1
        try:
            return result / len(self.items[1:])
        except ZeroDivisionError:
            return f"{result - 1}"
'''
LINES = PROGRAM.count("\n")


def every_line(source: str, score: float = 1.0) -> list[SuspectLine]:
    lines = range(1, source.count("\n") + 1)
    return [SuspectLine(path="a.py", line=line, score=score) for line in lines]


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.name)
def test_every_operator_makes_its_example(operator: object) -> None:
    before, after = EXAMPLES[operator.name]  # type: ignore[attr-defined]
    made = mutations({"a.py": before}, every_line(before), operators=[operator])  # type: ignore[list-item]
    assert after in [mutation.text for mutation in made]


def test_every_mutation_parses_differs_and_comes_once() -> None:
    made = list(mutations({"a.py": PROGRAM}, every_line(PROGRAM)))
    assert len(made) > 100
    assert len({mutation.text for mutation in made}) == len(made)
    for mutation in made:
        assert mutation.text != PROGRAM
        ast.parse(mutation.text)


scores = st.lists(
    st.tuples(st.integers(1, LINES), st.floats(0.01, 1.0)), min_size=1, max_size=8
).map(dict)


@settings(max_examples=25, deadline=None)
@given(scores, st.integers(0, 3))
def test_the_likeliest_come_first_and_the_order_is_fixed(
    lines: dict[int, float], seed: int
) -> None:
    suspects = [SuspectLine(path="a.py", line=n, score=score) for n, score in lines.items()]
    first = list(itertools.islice(mutations({"a.py": PROGRAM}, suspects, seed=seed), 60))
    again = list(itertools.islice(mutations({"a.py": PROGRAM}, suspects, seed=seed), 60))
    assert first == again
    worth = [mutation.score for mutation in first]
    assert worth == sorted(worth, reverse=True)


def test_mutations_are_generated_lazily() -> None:
    unreadable = {"a.py": PROGRAM, "b.py": "def ("}
    suspects = [*every_line(PROGRAM), SuspectLine(path="b.py", line=1, score=1.0)]
    assert isinstance(next(mutations(unreadable, suspects)), Mutation)


async def test_the_solver_goes_on_where_the_pool_ends() -> None:
    solver = MutationSolver({"a.py": PROGRAM}, every_line(PROGRAM), samples=4)
    problem = Problem(prompt="x", kind="repository")
    whole = await solver(problem, samples=6)
    pool = tuple(Candidate(id=f"0.{n}", text="") for n in range(4))
    task = Task(problem=problem, move=Move(operator="solve", count=2), pool=pool)
    outcome = await solver.apply(task)
    assert [draft.choice.text for draft in outcome.drafts] == [
        choice.text for choice in whole.choices[4:]
    ]
    patched = apply_patch(whole.choices[0].text, {"a.py": PROGRAM}.get)
    assert patched["a.py"] == solver.take(0, 1)[0].text


async def test_an_exhausted_solver_proposes_nothing() -> None:
    solver = MutationSolver({"a.py": "a = 1 < b\n"}, every_line("x\n"))
    count = len(solver.take(0, 1000))
    made = await solver(Problem(prompt="x"), samples=5, skip=count)
    assert made.choices == ()


def test_usual_lines_surprise_less() -> None:
    model = Naturalness([PROGRAM] * 3)
    usual = model.surprise("for number in range(len(self.items)):")
    assert usual < model.surprise("for items in number(range(len.self)):")
    assert model.surprise("") == 0.0
