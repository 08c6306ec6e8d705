"""How many real fixes are exactly one change that `--model mutations` would try.

    python benchmarks/repair_reach.py CLONE [CLONE ...] [--since 2016-01-01]

Each argument is a clone with its history. Counted are commits that change at most four lines of one
Python file and add to a test. A fix is in reach if some change at the lines that it touches, or at
the line before or after, gives the same syntax tree; docstrings do not count. Whether the change
would also be found in time is another question, which `repair.py measure` answers.
"""

import argparse
import ast
import difflib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from refinegraph.schema import SuspectLine
from refinegraph.tools.mutation import Mutation, mutations

_MOST_LINES = 4
"""Lines that a fix of one place adds or removes: a choice."""
_NO_PROGRAM = ("setup.py", "noxfile.py", "docs/")
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class Fix(NamedTuple):
    """A commit that changes one place."""

    commit: str
    subject: str
    path: str
    before: str
    after: str


def main() -> None:
    """Print the fixes in reach, and their share."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clones", nargs="+", type=Path)
    parser.add_argument("--since", default="2016-01-01")
    arguments = parser.parse_args()
    total = reached = 0
    for clone in arguments.clones:
        seen: set[tuple[str, ...]] = set()
        for fix in fixes(clone, arguments.since):
            key = tuple(_changed_lines(fix))
            if key in seen:  # the same fix on another branch
                continue
            seen.add(key)
            total += 1
            change = in_reach(fix)
            reached += change is not None
            if change:
                words = f"{change.operator}: {change.before!r} -> {change.after!r}"
                print(f"{clone.name} {fix.commit} {fix.path}:{change.line} {words}", flush=True)
    print(f"{reached} of {total} fixes are in reach")


def fixes(clone: Path, since: str) -> Iterator[Fix]:
    """Yield the commits that change at most a few lines of one program file, and add to a test."""
    log = ["log", "--all", "--no-merges", f"--since={since}", "--numstat", "--format=@%h %s"]
    for entry in f"\n{_git(clone, *log)}".split("\n@")[1:]:
        heading, *rest = entry.split("\n")
        changes = [line.split("\t") for line in rest if line.count("\t") == 2]
        program = [change for change in changes if _is_program(change[2])]
        tested = any("test" in path and added != "0" for added, _, path in changes)
        if len(program) != 1 or not tested:
            continue
        *numbers, path = program[0]
        if not all(number.isdigit() and 0 < int(number) <= _MOST_LINES for number in numbers):
            continue
        commit, _, subject = heading.partition(" ")
        before, after = (_git(clone, "show", f"{name}:{path}") for name in (f"{commit}^", commit))
        trees = _normal(before), _normal(after)
        if None not in trees and trees[0] != trees[1]:
            yield Fix(commit, subject, path, before, after)


def in_reach(fix: Fix) -> Mutation | None:
    """Return the change that is the fix, if there is one."""
    matcher = difflib.SequenceMatcher(
        None, fix.before.splitlines(), fix.after.splitlines(), autojunk=False
    )
    places = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    near = {line for code in places for line in range(max(1, code[1]), code[2] + 2)}
    suspects = [SuspectLine(path=fix.path, line=line, score=1.0) for line in sorted(near)]
    wanted = _normal(fix.after)
    changes = mutations({fix.path: fix.before}, suspects)
    return next((change for change in changes if _normal(change.text) == wanted), None)


def _is_program(path: str) -> bool:
    return path.endswith(".py") and "test" not in path and not path.startswith(_NO_PROGRAM)


def _changed_lines(fix: Fix) -> Iterator[str]:
    for line in difflib.unified_diff(fix.before.splitlines(), fix.after.splitlines(), n=0):
        if line[:1] in "+-" and line[:3] not in ("+++", "---"):
            yield line


def _normal(text: str) -> str | None:
    """Return the syntax tree of a program without its docstrings, or None if it is not valid."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and node.body:
            match node.body[0]:
                case ast.Expr(value=ast.Constant(value=str()) as text_node):
                    text_node.value = ""
                case _:
                    pass
    return ast.dump(tree)


def _git(clone: Path, *arguments: str) -> str:
    command = ["git", "-C", str(clone), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    return done.stdout


if __name__ == "__main__":
    main()
