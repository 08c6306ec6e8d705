"""Damaged texts are read as they were read before, by every reader."""

import pytest
from approving import approved
from scrambled_texts import READERS, digests

EXPECTED = approved("scrambled_texts").read_text()


@pytest.mark.parametrize("reader", READERS)
def test_damaged_texts_are_read_as_before(reader: str) -> None:
    before = "".join(
        line for line in EXPECTED.splitlines(keepends=True) if line.startswith(f"{reader} ")
    )
    assert digests(reader) == before, (
        f"python tests/approved/scrambled_texts.py {reader} N prints ten texts; "
        "if this change is wanted, run python tests/approved/approving.py"
    )
