"""Small checkouts that contain a fault."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

TEST = f"env PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 {sys.executable} -m pytest -q"
"""Plug-ins of the surrounding environment would add a second per run."""

CART = '''\
"""A shopping cart."""


def subtotal(lines):
    """Sum the prices of (price, quantity) lines."""
    return sum(price * quantity for price, quantity in lines)


def shipping(total, free_from=50):
    """Shipping is free from an amount on."""
    if total > free_from:
        return 0
    return 5
'''
TESTS = """\
from shop.cart import shipping, subtotal


def test_subtotal():
    assert subtotal([(2, 3), (1, 4)]) == 10


def test_small():
    assert shipping(10) == 5


def test_large():
    assert shipping(60) == 0


def test_from_that_amount_on():
    assert shipping(50) == 0
"""
FAILING = "tests/test_cart.py::test_from_that_amount_on"


def write(root: Path, files: Mapping[str, str]) -> Path:
    """Write files and commit them."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    identity = ["-c", "user.name=x", "-c", "user.email=x@localhost"]
    for arguments in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-q", "-m", "x"]):
        subprocess.run(["git", *arguments], cwd=root, check=True)
    return root


def shop(root: Path, cart: str = CART) -> Path:
    """Create a checkout with one failing test."""
    files = {"shop/__init__.py": "", "shop/cart.py": cart, "tests/test_cart.py": TESTS}
    return write(root, {"pytest.ini": "[pytest]\n", **files})


def snapshot(root: Path) -> dict[str, tuple[bytes, int]]:
    """Return the contents and modification times of all files, including git's index."""
    return {
        str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }
