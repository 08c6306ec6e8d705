"""Answers that mean the same share a key, however they are written; others do not."""

from itertools import combinations

import pytest

from refinegraph.tools.answers import answer_key

EQUAL = {
    "a large number": (
        "2000", "2,000", "2000.", "2000.0", "+2000", "2e3", "2E+3", r"2 \times 10^{3}", "2x10^3",
        r"2\cdot 10^{+3}", "2 × 10^3", "2*10^3", "$2000", r"\$2000", r"\text{2000}", "2000 cm",
        "x = 2000", "4000/2", r"\frac{4000}{2}", r"\dfrac{4000}{2}",
    ),
    "a small number": (
        "0.25", ".25", "0.250", "1/4", r"\frac{1}{4}", r"\frac14", r"\tfrac{1}{4}", "2.5e-1",
        "25e-2", r"25 \times 10^{-2}", r"2.5\cdot10^{-1}", "1 / 4", "y=0.25",
    ),
    "a mixed number": ("3.5", "3 1/2", "7/2", r"\frac{7}{2}", "35e-1"),
    "a negative number": ("-12", "-12.0", "\u221212", "-24/2", r"-\frac{24}{2}", "-1.2e1"),
}  # fmt: skip
UNEQUAL = (
    "2000", "-2000", "200", "2001", "2,00", "2e-3", "2e4", "1/2000", "20 00", "x", "2000x",
    "2000 m", "2^{3}", "(2000, 1)",
)  # fmt: skip


@pytest.mark.parametrize("meaning", EQUAL)
def test_writings_of_one_number_share_a_key(meaning: str) -> None:
    keys = {writing: answer_key(writing, kind="math") for writing in EQUAL[meaning]}
    assert len(set(keys.values())) == 1, keys


def test_different_answers_have_different_keys() -> None:
    firsts = [writings[0] for writings in EQUAL.values()]
    for one, other in combinations(dict.fromkeys((*UNEQUAL, *firsts)), 2):
        assert answer_key(one, kind="math") != answer_key(other, kind="math"), (one, other)
