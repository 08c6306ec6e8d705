"""The files of a checkout that a patch may change, as they are when a run begins."""

import fnmatch
import hashlib
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

_LARGEST = 400_000
"""Bytes of a file; what is larger was seldom written by hand."""
_MOST_BYTES = 40_000_000
"""Of all files together; a checkout of more is read up to there, in the order of its paths."""
_SKIPPED_FOLDERS = frozenset(
    {".git", ".hg", ".svn", "node_modules", ".venv", "venv", "__pycache__", ".tox", ".nox"}
)
_TEST_FILES = (
    *("test_*.py", "*_test.py", "*_tests.py", "tests.py", "conftest.py", "*.test.[jt]s*"),
    *("*.spec.[jt]s*", "*_test.go", "*Test.java", "*Tests.java", "*_spec.rb"),
)
_TEST_FOLDERS = frozenset({"tests", "test", "testing", "__tests__", "spec", "specs"})
_SETTINGS = (
    *("pytest.ini", "tox.ini", "setup.cfg", "pyproject.toml", "package.json", "noxfile.py"),
    *("sitecustomize.py", "usercustomize.py", "*.pth", "setup.py", "jest.config.*"),
    *("Makefile", "Cargo.toml", "go.mod", "pom.xml"),
)


class Sources(NamedTuple):
    """The text files of a checkout, and which of them a patch may change."""

    root: Path
    files: dict[str, str]
    """Path to text of the files that may be changed."""
    protected: dict[str, str]
    """The tests, their settings and what was protected by name; empty text for what is no text."""

    @property
    def digest(self) -> str:
        """A digest of the files that may be changed."""
        total = hashlib.sha256()
        for path in sorted(self.files):
            total.update(f"{path}\0{self.files[path]}\0".encode("utf-8", "surrogatepass"))
        return total.hexdigest()

    @property
    def every_file(self) -> dict[str, str]:
        """All of them, as edits are read against them."""
        return {**self.protected, **self.files}

    def python(self) -> dict[str, str]:
        """Return the Python files that may be changed."""
        return {path: text for path, text in self.files.items() if path.endswith(".py")}


def read_sources(root: Path, *, protect: Sequence[str] = ()) -> Sources:
    """Read the text files of a checkout; what git ignores, is binary or very large is left out."""
    files: dict[str, str] = {}
    protected: dict[str, str] = {}
    room = _MOST_BYTES
    for path in sorted(_paths(root)):
        text = _text(root / path)
        if is_protected(path, protect):
            protected[path] = text or ""
            continue
        if text is None or len(text) > room:
            continue
        room -= len(text)
        files[path] = text
    return Sources(root, files, protected)


def is_protected(path: str, protect: Sequence[str] = ()) -> bool:
    """Return whether a path is that of a test, of the tests' settings, or protected by name.

    >>> is_protected("tests/data/a.json"), is_protected("src/parse.py")
    (True, False)
    """
    *folders, name = path.split("/")
    if any(folder in _TEST_FOLDERS for folder in folders):
        return True
    if any(fnmatch.fnmatch(name, pattern) for pattern in (*_TEST_FILES, *_SETTINGS)):
        return True
    return any(_matches(path, pattern) for pattern in protect)


def starts_up(path: str) -> bool:
    """Return whether a path is one that test runners or interpreters read by themselves.

    >>> starts_up("pkg/conftest.py"), starts_up("tests/test_new.py")
    (True, False)
    """
    name = path.rpartition("/")[2]
    return any(fnmatch.fnmatch(name, pattern) for pattern in ("conftest.py", *_SETTINGS))


def _matches(path: str, pattern: str) -> bool:
    trimmed = pattern.removeprefix("./").rstrip("/")
    return fnmatch.fnmatch(path, trimmed) or path.startswith(f"{trimmed}/")


def _text(path: Path) -> str | None:
    try:
        if path.is_symlink() or path.stat().st_size > _LARGEST:
            return None
        data = path.read_bytes()
        return None if b"\0" in data else data.decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _paths(root: Path) -> Iterator[str]:
    listed = _git_paths(root)
    if listed is not None:
        yield from (path for path in listed if (root / path).is_file())
        return
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED_FOLDERS)
        for name in sorted(names):
            yield (Path(folder) / name).relative_to(root).as_posix()


def _git_paths(root: Path) -> list[str] | None:
    """Return tracked and untracked files that git does not ignore; None where git cannot tell."""
    command = ["git", "-c", "core.fsmonitor=false", "ls-files", "-z", "--cached", "--others"]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            [*command, "--exclude-standard"],
            cwd=root,
            capture_output=True,
            check=True,
            env=environment,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return list(dict.fromkeys(os.fsdecode(path) for path in done.stdout.split(b"\0") if path))
