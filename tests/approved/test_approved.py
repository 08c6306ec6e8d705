"""Text becomes the same text as before, and public signatures change only on purpose."""

import difflib

import pytest
from approving import ROOMS, approved, outcomes


@pytest.mark.parametrize("room", ROOMS)
def test_outcomes_are_those_that_were_approved(room: str) -> None:
    before, after = approved(room).read_text().splitlines(), outcomes(room)
    changes = "\n".join(difflib.unified_diff(before, after, n=0, lineterm=""))
    assert not changes, f"{changes}\nif this is wanted, run python tests/approved/approving.py"
