"""Every strategy is built from the approved parts, with the approved sizes."""

import re

import pytest
from approving import approved
from parts_of_strategies import NAMES, described

EXPECTED = re.split(r"(?m)^(?=\S)", approved("parts_of_strategies").read_text())[1:]


def test_every_strategy_has_its_parts() -> None:
    assert [text.partition(":")[0] for text in EXPECTED] == [*NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_a_strategy_is_built_from_its_parts(name: str) -> None:
    before = {text.partition(":")[0]: text for text in EXPECTED}[name]
    assert described(name) == before, (
        "if this change is wanted, run python tests/approved/approving.py"
    )
