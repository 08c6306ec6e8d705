"""A small checkout for the tests of trees."""

from pathlib import Path

import pytest
from workspace_checkout import make_checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return the root of a fresh checkout with one commit."""
    return make_checkout(tmp_path)
