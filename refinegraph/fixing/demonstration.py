"""A small bundled project with a real fault, for demonstrating a repair."""

import shlex
import shutil
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from refinegraph.errors import InputError

_PROJECT = Path(__file__).with_name("demo_project")


class Demonstration(NamedTuple):
    """A copy of the bundled project."""

    folder: Path
    test: str
    introduction: str


@contextmanager
def demonstration() -> Generator[Demonstration]:
    """Copy the bundled project to a temporary directory, which is deleted on exit.

    Raises `InputError` if pytest is not installed.
    """
    if find_spec("pytest") is None:
        raise InputError(
            "the demonstration runs tests with pytest, which is missing: pip install pytest."
        )
    with tempfile.TemporaryDirectory(prefix="refinegraph-demo-") as folder:
        project = Path(folder, "timesheet")
        shutil.copytree(_PROJECT, project, ignore=shutil.ignore_patterns("__pycache__"))
        for path in project.rglob("*.py.txt"):
            path.rename(path.with_suffix(""))
        # Plugins of the surrounding environment would only cost time here.
        command = f"env PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 {shlex.quote(sys.executable)} -m pytest -q"
        introduction = (project / "INTRODUCTION.txt").read_text(encoding="utf-8")
        yield Demonstration(project, command, introduction)
