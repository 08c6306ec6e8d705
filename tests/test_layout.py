"""The folders at the root are the installed packages."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("name", ["agents", "graphs", "tools"])
def test_link_resolves_to_the_folder_at_the_root(name: str) -> None:
    assert (ROOT / "refinegraph" / name).resolve() == ROOT / name


def test_every_package_is_listed_for_the_build() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {"refinegraph"}
    for folder in ("agents", "graphs", "tools"):
        for path in (ROOT / folder).rglob("__init__.py"):
            found.add(".".join(("refinegraph", *path.parent.relative_to(ROOT).parts)))
    for path in (ROOT / "refinegraph").rglob("*/__init__.py"):
        found.add(".".join(path.parent.relative_to(ROOT).parts))
    assert sorted(found) == sorted(listed)
