"""Keep a patch from deciding its own verdict by changing tests or their settings."""

import json
import sys
import tomllib
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from refinegraph.tools.test_runs.suite import Changes

_TEST_FOLDERS = frozenset(("test", "tests", "__tests__", "spec", "specs"))
_TEST_NAMES = (
    *("test_*.py", "*_test.py", "tests.py", "conftest.py"),
    *("*.test.[jt]s", "*.test.[jt]sx", "*.spec.[jt]s", "*.spec.[jt]sx", "*.test.mjs"),
    *("*_test.go", "*Test.java", "*Tests.java", "*IT.java", "*Test.kt", "*_spec.rb"),
)
_SETTINGS = (
    *("pytest.ini", ".pytest.ini", "pytest.toml", "tox.ini", "setup.cfg", "noxfile.py"),
    *(".coveragerc", "jest.config.*", "vitest.config.*", "vite.config.*", ".mocharc*"),
    *("pom.xml", "build.gradle", "build.gradle.kts", "gradle.properties", "Makefile"),
)
_AT_START = ("sitecustomize.py", "usercustomize.py", "conftest.py", "*.pth")
"""Files that an interpreter or a test runner executes automatically."""
_RUNNERS = frozenset(
    ("pytest", "_pytest", "pluggy", "iniconfig", "xdist", "coverage", "hypothesis", "nose")
)
_STANDARD = frozenset(sys.stdlib_module_names)


class Protected(NamedTuple):
    """The part of a patch that is applied while it is judged."""

    changes: Changes
    left_out: tuple[str, ...]
    """Files whose changes are discarded."""
    refused: str = ""
    """The reason why the patch is not run at all, or an empty string."""


def protect(
    changes: Changes, root: Path, *, more: Sequence[str] = (), allowed: Sequence[str] = ()
) -> Protected:
    """Return the part of a patch that may be applied for its verdict.

    Changes to test files, to the settings of test runners and to files that `more` matches are
    discarded. A patch is refused if it adds a file that an interpreter executes at startup, or a
    module that shadows one of the standard library or of the test runner. `allowed` exempts files
    from both rules. Patterns match a path or its end: `tests/*`, `*.snap`.
    """
    free = {path: content for path, content in changes.items() if _matches(path, allowed)}
    kept: dict[str, str | bytes | None] = dict(free)
    left_out: list[str] = []
    for path, content in changes.items():
        if path in free:
            continue
        reason = _refusal(path, content, root)
        if reason:
            return Protected({}, tuple(changes), reason)
        restored = _restored(path, content, root) if not _is_protected(path, more) else None
        if restored is None:
            left_out.append(path)
        else:
            kept[path] = restored.content
    return Protected(kept, tuple(left_out))


def is_test(path: str) -> bool:
    """Return whether a path belongs to a test, judging by its name or its directory."""
    parts = PurePosixPath(path).parts
    return bool(_TEST_FOLDERS.intersection(parts[:-1])) or _matches(parts[-1], _TEST_NAMES)


def _is_protected(path: str, more: Sequence[str]) -> bool:
    return is_test(path) or _matches(PurePosixPath(path).name, _SETTINGS) or _matches(path, more)


def _matches(path: str, patterns: Sequence[str]) -> bool:
    return any(
        fnmatchcase(path, pattern) or fnmatchcase(path, f"*/{pattern}") for pattern in patterns
    )


def _refusal(path: str, content: str | bytes | None, root: Path) -> str:
    if content is None or (root / path).exists():
        return ""
    name = PurePosixPath(path).name
    if _matches(name, _AT_START):
        return f"it adds {path}, which runs before the tests and could change their results"
    module = _top_module(path, root)
    if module in _RUNNERS or (module in _STANDARD and module != "__main__"):
        return f"it adds {path}, which would be imported instead of the module {module!r}"
    return ""


def _top_module(path: str, root: Path) -> str:
    """Return the name under which a new file could be imported if its directory is on the path."""
    parts = PurePosixPath(path).parts
    if not parts[-1].endswith((".py", ".so", ".pyi")):
        return ""
    depth = len(parts) - 1
    while depth and (root.joinpath(*parts[:depth]) / "__init__.py").exists():
        depth -= 1
    return parts[depth].split(".")[0]


class _Restored(NamedTuple):
    content: str | bytes | None


def _restored(path: str, content: str | bytes | None, root: Path) -> _Restored | None:
    """Return a file with its old test settings, or None if the change must be discarded."""
    merge = _MERGES.get(PurePosixPath(path).name)
    if merge is None:
        return _Restored(content)
    if content is None or not (root / path).exists():
        return None
    text = content if isinstance(content, str) else content.decode("utf-8", "replace")
    merged = merge((root / path).read_text(encoding="utf-8"), text)
    return None if merged is None else _Restored(merged)


def _merge_pyproject(before: str, after: str) -> str | None:
    """Return the new text unless it changes the settings of a tool."""
    try:
        same = tomllib.loads(before).get("tool") == tomllib.loads(after).get("tool")
    except tomllib.TOMLDecodeError:
        return None
    return after if same else None


_PACKAGE_KEYS = ("scripts", "jest", "vitest", "mocha", "ava", "tap", "babel")


def _merge_package(before: str, after: str) -> str | None:
    """Return the new text with the scripts and test settings of the old one."""
    try:
        old, new = json.loads(before), json.loads(after)
        for key in _PACKAGE_KEYS:
            new.pop(key, None)
            if key in old:
                new[key] = old[key]
    except (ValueError, AttributeError, TypeError):
        return None
    return json.dumps(new, indent=2) + "\n"


_MERGES: dict[str, Callable[[str, str], str | None]] = {
    "pyproject.toml": _merge_pyproject,
    "package.json": _merge_package,
}
