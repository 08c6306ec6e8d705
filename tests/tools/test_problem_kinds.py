"""The kind of answer that a statement asks for, inferred from its wording."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.tools.problem_kinds import infer_kind

CODE = (
    "Write is_leap(year).",
    "Write f(x) for a list of integers. Sort it, then drop the first 2.",
    "Reverse a list of words.",
    "Implement a LRU cache with capacity 10.",
    "def add(a, b):\n    'Return the sum.'",
    "How do I count the words of a string in Python?",
    "Define p(x), where x is a list of words. 1. Filter the words by length 4.",
    "Somebody has a list of integers. First take each number modulo 5. Write run(values).",
    "Can you write a function that returns the sum of two numbers?",
    "Given an array of 5 numbers, find the maximum.",
    "Complete the following.\n>>> add(1, 2)\n3",
    "The two largest",
)
MATH = (
    "What is 7 * 8?",
    "How many primes are below 100?",
    "Find the sum of the first 20 odd integers.",
    "Solve x^2 - 5x + 6 = 0.",
    "If f(x) = 2x + 1, what is f(3)?",
    r"Evaluate $\int_0^1 x^2 dx$.",
    "Write 3/4 as a decimal.",
    "Tom has 3 apples and buys 4 more. How many apples does he have?",
    "A train leaves at 3 pm and travels 60 miles. What is its average speed over 2 hours?",
)
CHOICE = (
    "Which planet is largest?\nA) Mars\nB) Jupiter\nC) Venus",
    "Which is a mammal? (A) trout (B) whale",
    "What is 2 + 2?\nA. 3\nB. 4",
)
TEXT = (
    "Who wrote Hamlet?",
    "What is the capital of France?",
    "Write a haiku about rain.",
    "Why is the sky blue?",
    "Explain photosynthesis in one sentence.",
)


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        *((text, "code") for text in CODE),
        *((text, "math") for text in MATH),
        *((text, "choice") for text in CHOICE),
        *((text, "text") for text in TEXT),
    ],
)
def test_a_statement_is_of_the_kind_that_it_asks_for(statement: str, kind: str) -> None:
    guess = infer_kind(statement)
    assert guess.kind == kind, guess


@given(st.text(), st.text(min_size=1).filter(str.strip))
def test_what_has_tests_is_code_and_nothing_fails(statement: str, tests: str) -> None:
    assert infer_kind(statement).kind in ("code", "math", "choice", "text")
    assert infer_kind(statement, tests=tests).kind == "code"
