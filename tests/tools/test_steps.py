"""The beginnings and ends of steps in solutions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.schema import Kind
from refinegraph.tools.steps import split_steps, step_texts

PROGRAM = "import math\n\ndef f(x):\n    y = x + 1\n    return y\n\nprint(f(3))"


@pytest.mark.parametrize(
    ("text", "kind", "steps"),
    [
        ("Step 1: a\nmore\nStep 2: b", "math", ["Step 1: a\nmore", "Step 2: b"]),
        ("So.\n**Step 1** a\n**Step 2** b", "math", ["So.", "**Step 1** a", "**Step 2** b"]),
        ("1. a\n2. b\n3) c", "math", ["1. a", "2. b", "3) c"]),
        ("first\n\n\nsecond\nstill", "text", ["first", "second\nstill"]),
        ("one\ntwo", "math", ["one", "two"]),
        ("alone", "math", ["alone"]),
        ("", "math", []),
        (" \n \n", "math", []),
        (PROGRAM, "code", ["import math", "def f(x):", "y = x + 1", "return y", "print(f(3))"]),
        ("def f(:\n  pass", "code", ["def f(:", "pass"]),
        ("x = (1 +\n     2)\ny = 3", "code", ["x = (1 +\n     2)", "y = 3"]),
        ("@cached\ndef f(x):\n    return x", "code", ["@cached\ndef f(x):", "return x"]),
    ],
)  # fmt: skip
def test_steps_of(text: str, kind: Kind, steps: list[str]) -> None:
    assert step_texts(text, kind=kind) == steps


solutions = st.lists(
    st.sampled_from(
        [
            "Step 1:",
            "1.",
            "2) ",
            "\n",
            "\n\n",
            " ",
            "x = 1",
            "def f():\n    pass",
            "é",
            "\r",
            "\x0c",
        ]
    )
    | st.text(max_size=8)
).map("".join)


@given(solutions, st.sampled_from(["math", "code", "choice", "text"]))
def test_steps_cover_everything_but_white_space_in_order(text: str, kind: Kind) -> None:
    steps = split_steps(text, kind=kind)
    place = 0
    for step in steps:
        assert place <= step.start < step.end <= len(text)
        assert not text[place : step.start].strip()
        assert text[step.start : step.end].strip() == text[step.start : step.end]
        place = step.end
    assert not text[place:].strip()
