"""The documentation is correct: its code runs and its commands exist."""

import argparse
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

import refinegraph
from docs.dead_links import dead_links
from refinegraph.cli.arguments import make_parser
from refinegraph.graphs.strategies import STRATEGIES, find_strategy, strategy_names

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
PAGES = sorted((ROOT / "docs").rglob("*.md"))
CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)


def test_python_of_the_readme_runs() -> None:
    pytest.importorskip("xllamacpp", reason="the extra 'local' is not installed")
    blocks = PYTHON.findall(README)
    assert len(blocks) == 1
    space: dict[str, Any] = {}
    exec(compile(blocks[0], "README.md", "exec"), space)
    assert space["result"].answer is not None
    assert space["result"].solved is not None


def test_the_first_problem_of_the_readme_is_solved_by_the_model_in_the_package() -> None:
    pytest.importorskip("xllamacpp", reason="the extra 'local' is not installed")
    first = next(line for line in README.splitlines() if line.startswith("$ refinegraph solve"))
    done = subprocess.run(
        [sys.executable, "-m", "refinegraph", *shlex.split(first)[2:]],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, "def f(x)" in done.stdout) == (0, True), done.stderr


def test_readme_counts_the_systems() -> None:
    published = sum(bool(find_strategy(name).title) for name in strategy_names())
    said = re.search(r"More than (\d+) published systems", README)
    assert said
    assert int(said[1]) < published <= int(said[1]) + 20


def test_readme_names_every_strategy_and_no_other() -> None:
    table = README.split("## Strategies")[1].split("`refinegraph graph")[0]
    assert re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE) == list(STRATEGIES)


def test_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    released = [heading for heading in headings if heading != "Unreleased"]
    assert project["version"] == refinegraph.__version__ == released[0]


def test_every_public_name_is_there() -> None:
    for name in refinegraph.__all__:
        assert getattr(refinegraph, name) is not None


@pytest.fixture
def known_strategies() -> Iterator[None]:
    """Remove the strategies that a page registers."""
    known = dict(STRATEGIES)
    yield
    STRATEGIES.clear()
    STRATEGIES.update(known)


@pytest.mark.usefixtures("known_strategies")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_python_of_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a page build on each other."""
    monkeypatch.chdir(tmp_path)
    space: dict[str, Any] = {}
    for block in PYTHON.findall(page.read_text()):
        exec(compile(block, str(page), "exec"), space)


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.stem)
def test_commands_of_a_page_are_known(page: Path) -> None:
    """Check that every command and flag in a page exists."""
    commands = [
        line.removeprefix("$ refinegraph ").partition(" <")[0]
        for block in CONSOLE.findall(page.read_text())
        for line in block.splitlines()
        if line.startswith("$ refinegraph ")
    ]
    parser = make_parser(Strict)
    for command in commands:
        parser.parse_args(shlex.split(command, comments=True))


class Strict(argparse.ArgumentParser):
    """A parser that raises errors instead of exiting."""

    def error(self, message: str) -> NoReturn:
        raise AssertionError(message)


def test_the_site_builds_strictly(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="the group 'docs' is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    page = (tmp_path / "reference" / "command-line" / "index.html").read_text()
    assert "refinegraph resume" in page
    assert "refinement_graph" in (tmp_path / "reference" / "graphs" / "index.html").read_text()
    assert not dead_links(tmp_path)


def test_every_page_is_in_the_menu() -> None:
    menu = (ROOT / "mkdocs.yml").read_text()
    for page in PAGES:
        assert f": {page.relative_to(ROOT / 'docs')}" in menu
