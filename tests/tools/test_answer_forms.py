"""Formats of answers, the values that they claim, and comparisons between formats."""

import importlib.util
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.errors import SandboxUnavailable
from refinegraph.schema import CaseOutcome, Verdict
from refinegraph.testing import FakeSandbox, verdict
from refinegraph.tools.answers import AnswerEquivalence, answer_key, choice_options, extract_answer
from refinegraph.tools.answers.claims import claims
from refinegraph.tools.answers.normal_form import plain_math

PLAIN = [
    ("$x$", "x"), ("5.", "5"), ("1,234,567", "1234567"), ("1,23", "1,23"), ("1{,}234", "1234"),
    (r"\$5", "5"), (r"-\$5", "-5"), ("€ 5", "5"), ("x_1 = 5", "5"), ("f(x) = 5", "5"),
    ("x == 5", "x == 5"), ("xyz = 5", "xyz = 5"), (r"\text{five}", "five"), (r"5\text{}", "5"),
    (r"90^{\circ}", "90"), ("90 degrees", "90"), ("5/ 10 km", "5/ 10"), ("5 km/h", "5"),
    ("5%", "5"), ("x%", "x"), ("5 square feet", "5"), ("5 x", "5 x"), ("5 m2", "5 m2"),
    ("7 or 8 apples", "7 or 8 apples"), (r"\left(1,2\right)", "(1,2)"), (r"5\,\!", "5"),
    ("2 1/2 cups", "2 1/2"), ("A  B", "A B"), ("5°", "5"), ("−3", "-3"),
    (r"\displaystyle 5", "5"), ("5 (five)", "5 (five)"),
]  # fmt: skip
KEYS = [
    (r"\frac12", "= 1/2"), (r"\dfrac 3 4", "= 3/4"), (r"3\frac14", "= 13/4"),
    (r"-1\frac{1}{2}", "= -3/2"), (r"-\frac{1}{2}", "= -1/2"), ("1 1/2", "= 3/2"),
    ("-1 1/2", "= -3/2"), (r"2 \times 10^{-3}", "= 1/500"), ("2*10^3", "= 2000"),
    ("+5", "= 5"), ("-0", "= 0"), (".5", "= 1/2"), ("5.", "= 5"), ("2/4", "= 1/2"),
    ("1/0", "1/0"), (r"\frac{1}{0}", r"\frac10"), (r"\frac{1}{2}x", r"\frac12x"),
    (r"\frac{a}{b}", r"\fracab"), ("10^3", "10^3"), ("x^{2}", "x^2"), ("X + Y", "x+y"),
    (r"\frac{\pi}{2}", r"\frac{\pi}2"), (r"\tfrac{x}{2}", r"\fracx2"), ("1.5.2", "1.5.2"),
]  # fmt: skip
CLAIMS = [
    ("5", ("5",)), ("x = 5", ("5",)), ("x = 5 = 7", ("5", "7")), ("2+5 = 7", ("2+5", "7")),
    ("5 or 7", ("5", "7")), ("(5, 7)", ("(5, 7)",)), ("5, 7", ("5", "7")), ("|5|", ("|5|",)),
    ("5|7", ("5", "7")), ("not 5", ("5",)), (r"\sin x = y", ("y",)), (r"a \to b", ("a", "b")),
    ("or", ("or",)), ("5 ≈ 7", ("5", "7")), (r"\log_2 8 = 3", (r"\log_2 8", "3")),
    ("f(5, 7) = 7, 8", ("7", "8")), ("1 and\n2", ("1", "2")), ("[(1, 2), 3]", ("[(1, 2), 3]",)),
    ("(1), 2", ("(1)", "2")), (r"5 \cup 7", (r"5 \cup 7",)), ("forever", ("forever",)),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "plain"), PLAIN)
def test_answer_without_what_only_surrounds_it(answer: str, plain: str) -> None:
    assert plain_math(answer) == plain
    assert plain_math(f" {answer} ") == plain


@pytest.mark.parametrize(("answer", "key"), KEYS)
def test_key_is_the_value_where_there_is_one_and_the_text_otherwise(answer: str, key: str) -> None:
    assert answer_key(answer, kind="math") == key


@pytest.mark.parametrize(("text", "values"), CLAIMS)
def test_values_that_an_answer_claims(text: str, values: tuple[str, ...]) -> None:
    assert claims(text) == values


def test_a_union_separates_values_only_where_that_is_asked_for() -> None:
    assert claims(r"\{1\} \cup \{2\}", unions=True) == (r"\{1\}", r"\{2\}")
    assert claims("1 ∪ 2", unions=True) == ("1", "2")
    assert claims(r"(1 \cup 2)", unions=True) == (r"(1 \cup 2)",)


@pytest.mark.parametrize("exponent", ["999", "1000", "9999", "99999999999"])
@pytest.mark.parametrize("form", ["1e{}", "1e-{}", "2 \\times 10^{{{}}}", "1e{}/1e-{}"])
def test_no_exponent_is_too_large_for_a_key(form: str, exponent: str) -> None:
    assert answer_key(form.format(exponent, exponent), kind="math")


@given(st.text(alphabet="0123456789eE.+-/^{}* ,x\\frac", max_size=30))
def test_the_key_of_an_answer_ignores_leading_spaces(text: str) -> None:
    assert answer_key(text, kind="math") == answer_key(f" {text}", kind="math")


@pytest.mark.parametrize(
    ("answer", "key"),
    [("a", "A"), ("(b)", "B"), ("c.", "C"), ("D)", "D"), ("5", "B"), ("5.0", "B"), ("paris", "A"),
     ("Paris, France", "paris, france"), ("AB", "ab"), ("none", "none")],
)  # fmt: skip
def test_choice_is_a_letter_or_the_first_option_that_reads_alike(answer: str, key: str) -> None:
    assert answer_key(answer, kind="choice", prompt="Where? (A) Paris (B) 5 (C) Paris") == key


@pytest.mark.parametrize(
    ("prompt", "options"),
    [
        ("(A) 1", {}),
        ("(A) 1 (C) 2", {}),
        ("(B) 1 (C) 2", {}),
        ("(A) 1 (B) 2 (D) 3", {"A": "1", "B": "2"}),
        ("(A) x (B) y. Which? (A) 1\nmore (B) 2\nmore", {"A": "1", "B": "2"}),
    ],
)
def test_options_are_the_last_list_that_begins_with_a(prompt: str, options: dict[str, str]) -> None:
    assert choice_options(prompt) == options


ENDINGS = [
    ("choice", "The answer is (A) or (B).", "(A) or (B)"), ("choice", "The answer is C", "C"),
    ("choice", "The answer is the dog.", "the dog"), ("choice", "Answer: option B, since", "B"),
    ("choice", "Answer: the cat (D)", "D"), ("choice", "Answer: A and B", "A and B"),
    ("math", "<think>\\boxed{1}</think> The answer is 2.", "2"), ("math", "#### 5\n#### 6", "6"),
    ("math", "A: 5\nThe answer is 6.", "5"), ("math", "The answer is 5.\nThe answer is 6.", "6"),
    ("math", "The answer is **5**.", "5"), ("math", "The answer is $5$.", "5"),
    ("math", r"The answer is \(5\).", "5"), ("math", r"The answer is \[5\]", "5"),
    ("math", r"The answer is \text{five}.", "five"), ("math", "The answer is $.", "$"),
    ("math", "The answer is 5. It is small.", "5"), ("math", "The answer is 1.5", "1.5"),
    ("math", "We add.\n\n7", "7"), ("math", "We add.\n7", None), ("math", "7", "7"),
    ("math", "x" * 80, "x" * 80), ("math", "x" * 81, None), ("text", "", None),
    ("math", "So 3 of 4 are 2 + 1 = 3", "3"), ("math", "So a.\nSo b = c + d", None),
    ("math", "Add.\nSo it costs $1,200, not 5.", None),
    ("math", "Add.\nSo she has 3 apples and 2 pears", None),
    ("math", "Add.\nSo she has 3, then 2 apples", "3"),
    ("math", "Add.\nSo \\frac{1}{2} = 0.5", None),
    ("text", "It is\n**Paris** or **Rome**", None), ("text", "It is\n**Note:**", None),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "answer"), ENDINGS)
def test_answer_is_read_as_it_stands(kind: str, text: str, answer: str | None) -> None:
    assert extract_answer(text, kind=kind) == answer  # type: ignore[arg-type]


# --- comparison by algebra ---

needs_math_verify = pytest.mark.skipif(
    importlib.util.find_spec("math_verify") is None, reason="could not import 'math_verify'"
)
Case = tuple[tuple[object, ...], object]


class Algebra(FakeSandbox):
    """A sandbox in which some pairs are equal and every run handles a limited number of pairs."""

    def __init__(self, *equal: tuple[str, str], reach: int = 99) -> None:
        super().__init__({})
        self.equal = {*equal, ("1", "1")}
        self.reach = reach
        self.asked: list[list[tuple[object, ...]]] = []

    async def check(
        self,
        source: str,
        entry_point: str,
        cases: Sequence[Case],
        *,
        ids: Sequence[str] | None = None,
    ) -> Verdict:
        self.asked.append([pair for pair, _ in cases[1:]])
        ends = [
            "not_run" if number > self.reach else "passed" if pair in self.equal else "failed"
            for number, (pair, _) in enumerate(cases)
        ]
        return verdict(*ends)  # type: ignore[arg-type]


@needs_math_verify
async def test_only_what_reads_differently_and_is_no_pair_of_numbers_is_compared() -> None:
    algebra = Algebra(("x + y", "y+x"))
    equivalence = AnswerEquivalence("math", sandbox=algebra)
    found = await equivalence.classes(["5", "5.0", "7", "x+y", "x + y", "y+x"])
    assert found["5"] == found["5.0"] != found["7"]
    assert found["x+y"] == found["x + y"] == found["y+x"]
    assert algebra.asked == [
        [("5", "x + y"), ("5", "y+x"), ("7", "x + y"), ("7", "y+x"), ("x + y", "y+x")]
    ]
    assert await equivalence.same("x + y", "y+x")
    assert len([pairs for pairs in algebra.asked if pairs]) == 1, "what was compared is remembered"


@needs_math_verify
async def test_no_run_is_made_for_numbers_single_answers_and_other_kinds() -> None:
    algebra = Algebra()
    await AnswerEquivalence("math", sandbox=algebra).classes(["5", "6", "7"])
    await AnswerEquivalence("math", sandbox=algebra).classes(["x+y"])
    await AnswerEquivalence("text", sandbox=algebra).classes(["x+y", "y+x"])
    await AnswerEquivalence("math", sandbox=algebra).classes(["x" * 301, "y+x"])
    assert algebra.asked == []
    await AnswerEquivalence("math", sandbox=algebra).classes(["x" * 300, "y+x"])
    assert len(algebra.asked) == 1


@needs_math_verify
async def test_equality_joins_classes_across_pairs_and_keeps_the_others_apart() -> None:
    algebra = Algebra(("a", "b"), ("b", "c"), ("d", "e"))
    found = await AnswerEquivalence("math", sandbox=algebra).classes(list("abcdef"))
    assert found["a"] == found["b"] == found["c"]
    assert found["d"] == found["e"]
    assert len({found[letter] for letter in "adf"}) == 3


@needs_math_verify
async def test_several_values_are_equal_to_one_only_where_all_are() -> None:
    algebra = Algebra(("x", "z"), ("y", "z"), ("x", "w"))
    equivalence = AnswerEquivalence("math", sandbox=algebra)
    assert await equivalence.same("x or y", "z")
    assert await equivalence.same("z", "y or x")
    assert not await equivalence.same("x or y", "w")


@needs_math_verify
async def test_what_a_run_does_not_get_to_is_asked_again_at_most_twice() -> None:
    answers = list("abcde")  # ten pairs
    patient = Algebra(*((one, other) for one in answers for other in answers), reach=4)
    found = await AnswerEquivalence("math", sandbox=patient).classes(answers)
    assert [len(pairs) for pairs in patient.asked] == [10, 6, 2]
    assert len(set(found.values())) == 1
    slow = Algebra(*((one, other) for one in answers for other in answers), reach=1)
    known: dict[tuple[str, str], bool] = {}
    await AnswerEquivalence("math", sandbox=slow, known=known).classes(answers)
    assert [len(pairs) for pairs in slow.asked] == [10, 9, 8]
    assert [pair for pair, equal in known.items() if equal] == [("a", "b"), ("a", "c"), ("a", "d")]
    assert len(known) == 10


@needs_math_verify
async def test_no_more_than_sixty_pairs_are_compared() -> None:
    algebra = Algebra()
    known: dict[tuple[str, str], bool] = {}
    names = [f"x_{letter}" for letter in "abcdefghijklmnop"]
    await AnswerEquivalence("math", sandbox=algebra, known=known).classes(names)
    assert len(known) == 60


class Broken(FakeSandbox):
    """A sandbox that returns one verdict, or fails."""

    def __init__(self, outcome: Verdict | SandboxUnavailable) -> None:
        super().__init__({})
        self.outcome = outcome
        self.count = 0

    async def check(self, *cases: object, **how: object) -> Verdict:
        self.count += 1
        if isinstance(self.outcome, SandboxUnavailable):
            raise self.outcome
        return self.outcome


WRONG = CaseOutcome(id="t1", status="failed")
BROKEN: list[tuple[Verdict | SandboxUnavailable, str]] = [
    (SandboxUnavailable("no isolation"), "no isolation"),
    (verdict(CaseOutcome(id="t1", status="failed", error="no module"), "not_run"), "no module"),
    (verdict(WRONG, "not_run"), "failed"),
    (verdict(WRONG).model_copy(update={"detail": "it died"}), "it died"),
]


@needs_math_verify
@pytest.mark.parametrize(("outcome", "reason"), BROKEN)
async def test_algebra_that_does_not_start_is_reported_once_and_equates_nothing(
    outcome: Verdict | SandboxUnavailable, reason: str
) -> None:
    broken = Broken(outcome)
    with pytest.warns(RuntimeWarning, match=rf"could not be used \({reason}\)") as caught:
        assert not await AnswerEquivalence("math", sandbox=broken).same("x+y", "y+x")
    assert len(caught) == broken.count == 1
