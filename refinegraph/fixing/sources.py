"""Read the files of a checkout, and determine which of them a patch may change."""

import fnmatch
import glob
import hashlib
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from refinegraph.tools.test_runs.commands import split_command

_MAX_FILE_BYTES = 400_000
"""The largest file to read; larger files were seldom written by hand. The number is a choice."""
_MAX_TOTAL_BYTES = 40_000_000
"""The limit for all files together, which are read in the order of their paths. A choice."""
_MAX_NAME = 256
"""Words of a command that are longer are no names of files: scripts in the words of a shell."""
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
    """The text files of a checkout, divided by whether a patch may change them."""

    root: Path
    files: dict[str, str]
    """The texts of the files that a patch may change, by path."""
    protected: dict[str, str]
    """The tests, their settings and files protected by name; the text of binary files is empty."""

    @property
    def digest(self) -> str:
        """A digest of the files that a patch may change."""
        digest = hashlib.sha256()
        for path in sorted(self.files):
            digest.update(f"{path}\0{self.files[path]}\0".encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    @property
    def every_file(self) -> dict[str, str]:
        """All files, against which edits are matched."""
        return {**self.protected, **self.files}

    def python(self) -> dict[str, str]:
        """Return the Python files that a patch may change."""
        return {path: text for path, text in self.files.items() if path.endswith(".py")}


def read_sources(root: Path, *, protect: Sequence[str] = ()) -> Sources:
    """Read the text files of a checkout.

    Files that git ignores, binary files and very large files are left out.
    """
    files: dict[str, str] = {}
    protected: dict[str, str] = {}
    bytes_left = _MAX_TOTAL_BYTES
    for path in sorted(_paths(root)):
        text = _text(root / path)
        if is_protected(path, protect):
            protected[path] = text or ""
            continue
        if text is None or len(text) > bytes_left:
            continue
        bytes_left -= len(text)
        files[path] = text
    return Sources(root, files, protected)


def is_protected(path: str, protect: Sequence[str] = ()) -> bool:
    """Return whether a path is a test, a setting of the tests, or protected by name.

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
    """Return whether test runners or interpreters load a path automatically.

    >>> starts_up("pkg/conftest.py"), starts_up("tests/test_new.py")
    (True, False)
    """
    name = path.rpartition("/")[2]
    return any(fnmatch.fnmatch(name, pattern) for pattern in ("conftest.py", *_SETTINGS))


def scripts_of(command: str, folder: Path, root: Path) -> list[str]:
    """Return patterns of the files that a test command names, which no patch may change.

    A command such as `python check.py` runs its test by name, whatever the test is called. Only a
    run of doctests names the program itself.
    """
    words = split_command(command)
    if "--doctest-modules" in words:
        return []
    paths = [folder / word.partition("::")[0] for word in words if len(word) < _MAX_NAME]
    files = [path.resolve() for path in paths if path.is_file()]
    inside = [path.relative_to(root) for path in files if path.is_relative_to(root)]
    return [glob.escape(path.as_posix()) for path in inside]


def _matches(path: str, pattern: str) -> bool:
    trimmed = pattern.removeprefix("./").rstrip("/")
    return fnmatch.fnmatch(path, trimmed) or path.startswith(f"{trimmed}/")


def _text(path: Path) -> str | None:
    try:
        if path.is_symlink() or path.stat().st_size > _MAX_FILE_BYTES:
            return None
        data = path.read_bytes()
        return None if b"\0" in data else data.decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _paths(root: Path) -> Iterator[str]:
    git_paths = _git_paths(root)
    if git_paths is not None:
        for path in git_paths:
            # An environment that git does not ignore is still no source.
            if _SKIPPED_FOLDERS.isdisjoint(path.split("/")) and (root / path).is_file():
                yield path
        return
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED_FOLDERS)
        for name in sorted(names):
            yield (Path(folder) / name).relative_to(root).as_posix()


def _git_paths(root: Path) -> list[str] | None:
    """Return the files that git does not ignore, or None if git cannot list them."""
    command = ["git", "-c", "core.fsmonitor=false", "ls-files", "-z", "--cached", "--others"]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        listing = subprocess.run(
            [*command, "--exclude-standard"],
            cwd=root,
            capture_output=True,
            check=True,
            env=environment,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return list(dict.fromkeys(os.fsdecode(path) for path in listing.stdout.split(b"\0") if path))
