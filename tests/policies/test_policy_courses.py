"""Each policy decides as courses.txt shows, where nothing is random."""

import re

import pytest
from courses_of_policies import COURSES, TITLES, course

EXPECTED = {
    text.partition("\n")[0]: text for text in re.split(r"(?m)^(?=\S)", COURSES.read_text())[1:]
}


def test_every_policy_has_its_course() -> None:
    assert tuple(EXPECTED) == tuple(TITLES)


@pytest.mark.parametrize("title", TITLES)
def test_a_policy_takes_its_course(title: str) -> None:
    assert course(title) == EXPECTED[title], (
        "if this change is wanted, run python tests/policies/courses_of_policies.py"
    )
