"""Common endings of solutions, and texts without an answer."""

import pytest

from refinegraph.schema import Kind
from refinegraph.tools.answers import extract_answer

ENDINGS: list[tuple[Kind, str, str]] = [
    ("math", "We add.\n### Answer\n12", "12"),
    ("math", "We add.\n\n**Final Answer**\n\n12", "12"),
    ("math", "We add.\nTherefore, the total is 12 dollars.", "12"),
    ("math", "We add.\n\nSo, John has 12 apples left.", "12"),
    ("math", "Thus Jim earns $1,200 in 3 weeks.", "1,200"),
    ("math", "Total = 3 + 4 = 7", "7"),
    ("math", "So she has 3 + 4 = 7 apples.", "7"),
    ("math", "The price is $282 000 - $2 000 = $280 000.", "280000"),
    ("math", "Final answer: 7", "7"),
    ("math", "We add.\n**7**", "7"),
    ("math", "The cost is **$18**.", "$18"),
    ("math", "Hence x = 5.", "5"),
    ("choice", "Answer: (B)", "B"),
    ("choice", "The best choice is **B**.", "B"),
    ("text", "It lies on the Seine.\n\n### Answer\nParis", "Paris"),
]


@pytest.mark.parametrize(("kind", "text", "answer"), ENDINGS)
def test_every_usual_ending_is_read(kind: Kind, text: str, answer: str) -> None:
    assert extract_answer(text, kind=kind) == answer


@pytest.mark.parametrize(
    "text",
    [
        "Each gets 5.\nSo 3 and 4 remain.",
        "Step 1: 3 + 4 = 7\nThen we have to think about the rest.",
        "Therefore it is between 3 and 9.\nNothing more is known",
    ],
)
def test_an_ending_with_no_single_value_gives_no_answer(text: str) -> None:
    assert extract_answer(text, kind="math") is None
