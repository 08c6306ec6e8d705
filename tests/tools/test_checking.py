"""What programs print, compared with what they should print."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.tools.test_cases.checking import same_output


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        ("1 \n2\n\n", "1\n2"),
        ("0.50 1.0", "0.5 1"),
        ("-0.0", "0.0"),
        ("x 1.0", "x 1"),
        (".5", "0.5"),
    ],
)
def test_output_that_is_the_same(got: str, expected: str) -> None:
    assert same_output(got, expected)


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        ("1", "2"), ("1 2", "1"), ("1\n2", "1 2"), ("007", "7"), ("0.5", "0.51"), ("1e1", "10"),
        ("1.2.3", "1.2.30"), ("nan.", "nan"), ("sNaN.", "1"), ("", "0.0"), (" 1", "1 1"),
    ],
)  # fmt: skip
def test_output_that_is_not(got: str, expected: str) -> None:
    assert not same_output(got, expected)
    assert not same_output(expected, got)


@given(st.text(alphabet="01.-+ \nexNa", max_size=20), st.text(max_size=20))
def test_comparison_is_symmetric_and_never_raises(one: str, other: str) -> None:
    assert same_output(one, one)
    assert same_output(one, other) == same_output(other, one)
