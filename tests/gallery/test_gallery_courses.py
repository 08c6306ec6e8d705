"""Each system takes the course that courses.txt shows: calls, candidates and choice."""

import re

import pytest
from courses_of_systems import COURSES, DIGESTS, SITUATIONS, SYSTEMS, courses, digests

BEGINNING = rf"(?m)^(?=\S+ {next(iter(SITUATIONS))}$)"
EXPECTED = {text.split()[0]: text for text in re.split(BEGINNING, COURSES.read_text())[1:]}
KEPT = dict(line.split(maxsplit=1) for line in DIGESTS.read_text().splitlines())


def test_every_system_has_its_courses() -> None:
    assert tuple(EXPECTED) == tuple(SYSTEMS)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_takes_its_course(name: str) -> None:
    assert courses(name) == EXPECTED[name], (
        "if this change is wanted, run python tests/gallery/courses_of_systems.py"
    )


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_takes_its_course_in_other_noise(name: str) -> None:
    assert digests(name).split(maxsplit=1)[1].strip() == KEPT[name], (
        "if this change is wanted, run python tests/gallery/courses_of_systems.py"
    )
