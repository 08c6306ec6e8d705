"""Final answers are found in solutions and are equal if they mean the same."""

import itertools
import time
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refinegraph import asolve
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.schema import Kind
from refinegraph.tools.answers import (
    AnswerEquivalence,
    answer_key,
    choice_options,
    extract_answer,
    same_answer,
)
from refinegraph.tools.answers.boxes import last_box
from refinegraph.tools.sandbox import Sandbox


@dataclass(frozen=True)
class Case:
    id: str
    text: str
    answer: str | None
    kind: Kind = "math"


EXTRACTED = [
    Case("boxed", r"so \boxed{42}", "42"),
    Case("last box", r"\boxed{1}, no: \boxed{2}", "2"),
    Case("nested braces", r"\boxed{\frac{1}{\sqrt{2}}}", r"\frac{1}{\sqrt{2}}"),
    Case("box in dollars", r"The answer is $\boxed{x^2}$.", "x^2"),
    Case("open box", r"\boxed{4", None),
    Case("four hashes", "2 + 2 = 4\n#### 4", "4"),
    Case("A and colon", "She has 4.\nA: 4", "4"),
    Case("said", "Hence the answer is 12.", "12"),
    Case("said with a sentence after it", "The answer is 3.5. Check it.", "3.5"),
    Case("final answer in bold", "**Final answer:** 7", "7"),
    Case("dollars", "The answer is $18.", "$18"),
    Case("last line", "Long work.\n\n17", "17"),
    Case("no answer", "I do not know how to\nsolve this one.", None),
    Case("thought is passed over", "<think>the answer is 3</think>\nThe answer is 4", "4"),
    Case("letter in brackets", "The answer is (C).", "C", "choice"),
    Case("letter with its value", "So the answer is (B) 9.", "B", "choice"),
    Case("letter in a box", r"\boxed{\text{D}}", "D", "choice"),
    Case("option by name", "Answer: option A", "A", "choice"),
    Case("value of a choice", "The answer is 9", "9", "choice"),
    Case("words", "The answer is Paris.", "Paris", "text"),
]  # fmt: skip


@pytest.mark.parametrize("case", EXTRACTED, ids=lambda case: case.id)
def test_answer_found_in(case: Case) -> None:
    found = extract_answer(case.text, kind=case.kind)
    if case.answer is None:
        assert found is None
    else:
        assert found is not None
        wanted = answer_key(case.answer, kind=case.kind)
        assert answer_key(found, kind=case.kind) == wanted, found


ALIKE = [
    ("1,200", "1200.0"), ("$5", "5"), ("5 dollars", "5"), (r"\frac{1}{2}", "0.5"), ("1/2", ".5"),
    (r"1\frac{1}{2}", "3/2"), (r"-\frac12", "-0.5"), ("50%", "50"), (r"50\%", "50"),
    ("x = 7", "7"), (r"90^\circ", "90"), (r"5\text{ cm}", "5"), (r"10,\!080", "10080"),
    (r"1.5 \times 10^3", "1500"), ("1e3", "1000"), ("−3", "-3"), (r"\text{even}", "Even"),
    (r"\left( 1, 2 \right)", "(1,2)"), (r"11\sqrt2", r"11\sqrt{2}"), ("4210_{5}", "4210_5"),
    (r"\dfrac{x}{2}", r"\frac x2"), (r"\sqrt{x}", r"\sqrt x"),
    ("3 apples", "3"), ("60 miles per hour", "60"),
]  # fmt: skip
UNLIKE = [
    ("5", "6"), ("0.5", "5"), ("(1,2)", "(2,1)"), ("x", "5"), ("3x", "3"), ("1/3", "0.33"),
    ("7 or 5", "7"), ("7 apples or 5", "7"), (r"\sqrt{23}", r"\sqrt{2}3"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_answers_that_read_alike(one: str, other: str) -> None:
    assert answer_key(one, kind="math") == answer_key(other, kind="math")


@pytest.mark.parametrize(("one", "other"), UNLIKE)
def test_answers_that_do_not(one: str, other: str) -> None:
    assert answer_key(one, kind="math") != answer_key(other, kind="math")


EQUAL = [
    (r"2\sqrt{2}", r"\sqrt{8}"), ("x+y", "y+x"), (r"\{1,2\}", r"\{2,1\}"), ("p-q", "-q+p"),
    (r"(3, \frac{\pi}{2})", r"(3, \pi/2)"), ("x^2+2x+1", "(x+1)^2"),
    (r"\frac{\sqrt{3}}{3}", r"1/\sqrt{3}"),
]  # fmt: skip
UNEQUAL = [
    ("p-q", "q-p"), ("[0,1)", "[0,1]"), ("(1,2)", "(2,1)"), (r"\sqrt{2}", "1.41"),
    ("x", "y"), ("10000000!", "1"), ("{" * 10_000, "1"), ("9**9**9**9", "0"),
    ("__import__('os').system('true')", "0"),
]  # fmt: skip


async def test_expressions_are_compared_by_algebra() -> None:
    pytest.importorskip("math_verify")
    equivalence = AnswerEquivalence("math")
    assert [pair for pair in EQUAL if not await equivalence.same(*pair)] == []


async def test_inequality_is_decided_in_bounded_time() -> None:
    equivalence = AnswerEquivalence("math")
    for one, other in UNEQUAL:
        began = time.monotonic()
        assert not await equivalence.same(one, other), (one, other)
        assert time.monotonic() - began < 60


async def test_classes_do_not_depend_on_the_order_of_the_answers() -> None:
    answers = [r"\sqrt{8}", "12", r"2\sqrt{2}", "x+y", "12.0", "y+x"]
    first = await AnswerEquivalence("math").classes(answers)
    for order in itertools.islice(itertools.permutations(answers), 0, 720, 180):
        assert await AnswerEquivalence("math").classes(order) == first
    assert first["12"] == first["12.0"]
    assert len(set(first.values())) <= 5


@pytest.mark.parametrize(
    ("prompt", "options"),
    [
        ("1 + 1?\n(A)2 (B)4 (C)9", {"A": "2", "B": "4", "C": "9"}),
        ("1 + 1?\nA) two B) four", {"A": "two", "B": "four"}),
        ("1 + 1?\nA. two\nB. four\nC. six", {"A": "two", "B": "four", "C": "six"}),
        ("Person A: hello. What now?\nThe options are: (A)1 (B)2", {"A": "1", "B": "2"}),
        ("No options here.", {}),
    ],
)
def test_options_of(prompt: str, options: dict[str, str]) -> None:
    assert choice_options(prompt) == options


async def test_choice_is_the_same_by_letter_and_by_value() -> None:
    prompt = "What is 3 * 3?\n(A)2 (B)4 (C)9 (D)10"
    assert await same_answer("C", "9", kind="choice", prompt=prompt)
    assert await same_answer("(C)", "c", kind="choice", prompt=prompt)
    assert not await same_answer("A", "9", kind="choice", prompt=prompt)


numbers = st.integers(-(10**12), 10**12) | st.floats(
    allow_nan=False, allow_infinity=False, width=32
)


@given(numbers)
def test_number_is_the_same_however_it_is_written(number: float) -> None:
    plain = answer_key(repr(number), kind="math")
    assert plain == answer_key(f" ${number!r}$ ", kind="math")
    assert plain == answer_key(f"x = {number!r}", kind="math")
    if isinstance(number, int):
        assert plain == answer_key(f"{number:,}", kind="math")


@settings(max_examples=300)
@given(st.text(max_size=60), st.sampled_from(["math", "choice", "text"]))
def test_any_text_has_at_most_one_answer_and_a_key(text: str, kind: Kind) -> None:
    found = extract_answer(text, kind=kind)
    assert found is None or found
    assert answer_key(text, kind=kind) == answer_key(text, kind=kind)


async def test_votes_count_equal_answers_together() -> None:
    pytest.importorskip("math_verify")
    replies = [rf"\boxed{{{each}}}" for each in ("7", r"\sqrt{8}", "5", r"2\sqrt{2}")]
    result = await asolve(
        "What is the square root of 8?",
        kind="math",
        model=ScriptedChatModel(replies),
        strategy="self-consistency",
        samples=4,
    )
    assert result.answer in (r"\sqrt{8}", r"2\sqrt{2}")
    classes = [candidate.equivalence_class for candidate in result.candidates]
    assert classes[1] == classes[3]
    assert len(set(classes)) == 3


HEDGED = [
    "5 = 7", "7 = 5", "x = 5 = 7", "5 or 7", "7 or 5", "either 5 or 7", r"5 \text{ or } 7",
    "5, 7", "5; 7", "5 | 7", r"5 \lor 7", r"5 \to 7", r"5 \Rightarrow 7", "5 (or 7)", r"5 \\ 7",
    r"5 \text{ (maybe } 7)", "5 & 7", r"\{5\} \cup \{7\}", "7, not 5", "5 rather than 7",
    "7 and 5", r"5 \approx 7",
]  # fmt: skip
CERTAIN = ["x = 7", "2 + 5 = 7", "x + y = 7", "|-7|", "7 apples", r"f(2) = 7"]


async def test_answers_that_claim_several_values_are_equal_to_none_of_them() -> None:
    equivalence = AnswerEquivalence("math")
    assert [hedged for hedged in HEDGED if await equivalence.same(hedged, "7")] == []
    assert [hedged for hedged in HEDGED if await equivalence.same("7", hedged)] == []


async def test_answers_that_claim_one_value_are_equal_to_it() -> None:
    pytest.importorskip("math_verify")
    equivalence = AnswerEquivalence("math")
    assert [certain for certain in CERTAIN if not await equivalence.same(certain, "7")] == []
    assert await equivalence.same("3 or 5", "5, 3")
    assert await equivalence.same("y = 2x + 3", "y = 3 + 2x")


def test_an_answer_with_two_letters_makes_no_choice() -> None:
    assert extract_answer("The answer is (A) or (B).", kind="choice") == "(A) or (B)"
    assert extract_answer("The answer is (A) or so.", kind="choice") == "A"


BOXES = [
    (r"$\boxed{5}$", "5"), (r"$\boxed 5$.", "5"), (r"$\fbox{5}$", "5"), (r"\boxed {5}", "5"),
    (r"\framebox[2cm][c]{5}", "5"), (r"\boxed\frac12 is it", r"\frac12 is it"),
    (r"\boxed{\frac{1}{\sqrt{2}}}", r"\frac{1}{\sqrt{2}}"), (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
    (r"\boxed{\left\{ 1 \right.}", r"\left\{ 1 \right."), (r"\boxed5", "5"),
    (r"\(\boxed 5\) metres", "5"), (r"\boxed{}", None), (r"\boxed{5", None), (r"\boxedx", None),
    ("none", None), (r"\boxed", None), (r"\boxed{1} and \boxed{2}", "2"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "inside"), BOXES)
def test_last_box_is_read_however_it_is_written(text: str, inside: str | None) -> None:
    assert last_box(text) == inside


@given(st.text(alphabet="\\boxed{}fc $.5\n[]", max_size=40))
def test_no_text_keeps_boxes_from_being_read(text: str) -> None:
    found = last_box(text)
    assert found is None or (found.strip() == found != "")


async def test_math_verify_that_cannot_start_is_reported() -> None:
    pytest.importorskip("math_verify")
    equivalence = AnswerEquivalence("math", sandbox=Sandbox())  # nothing is preloaded there
    with pytest.warns(RuntimeWarning, match="math-verify could not be used .*No module named"):
        assert not await equivalence.same("x + y", "y + x")
