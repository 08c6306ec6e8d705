"""Describe a checkout as a problem: the failing tests, the suspicious lines, the statement."""

import ast
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from refinegraph.fixing.baseline import Localised
from refinegraph.fixing.name_map import name_map
from refinegraph.fixing.options import FixOptions, uses_mutations
from refinegraph.fixing.sources import Sources
from refinegraph.schema import CaseOutcome, Problem, Repository, SourceExcerpt, SuspectLine
from refinegraph.tools.localisation import describe_suspects
from refinegraph.tools.programs.python_source import parse_module
from refinegraph.tools.test_runs import Baseline

_MAX_SUSPECTS = 200
"""The number of suspicious lines stored with a run, which a resumed search uses. A choice."""
_MAX_FAILURES = 3
_MAX_FAILURE_LENGTH = 2_500
"""Characters of the output of one failing test in a prompt. The number is a choice."""
_MAX_LINES = 400
"""Lines of source in a prompt: some five thousand tokens, which small models can still read."""
_CONTEXT = 12
"""Lines shown before and after a suspicious line that is not in a function. A choice."""


def repository_problem(
    options: FixOptions, sources: Sources, baseline: Baseline, localised: Localised, issue: str
) -> Problem:
    """Return the problem of a checkout, with everything that agents and pages show.

    The problem can be shown and stored without reading the checkout again.
    """
    repository = Repository(
        root=str(sources.root),
        folder=str(Path(options.path).expanduser().resolve().relative_to(sources.root)),
        digest=sources.digest,
        command=options.test,
        lint=options.lint,
        protect=tuple(options.protect),
        failing=baseline.failing,
        unrelated=baseline.unrelated,
        passing=len(baseline.passing),
        flaky=baseline.flaky,
        suspects=localised.suspects[:_MAX_SUSPECTS],
        excerpts=tuple(excerpts(sources, localised.suspects)),
        names=name_map(sources.files, localised.suspects),
        remarks=tuple(_remarks(baseline, localised)),
        issue_tests=options.issue_tests if issue.strip() and not uses_mutations(options) else 0,
    )
    name = sources.root.name or "checkout"
    digest = hashlib.sha256(f"{repository.digest}{options.test}{issue}".encode()).hexdigest()
    return Problem(
        id=f"{name}-{digest[:8]}",
        prompt=statement(repository, issue),
        kind="repository",
        repository=repository,
    )


def statement(repository: Repository, issue: str) -> str:
    """Return the statement of a repair, for models and for people."""
    parts = [_heading(repository, issue), issue.strip()]
    if repository.failing:
        shown = repository.failing[:_MAX_FAILURES]
        parts.append("\n\n".join(["Failing tests:", *map(_failure, shown)]))
        if len(repository.failing) > len(shown):
            rest = ", ".join(outcome.id for outcome in repository.failing[len(shown) :][:10])
            parts.append(f"These also fail: {rest}")
    parts.append(describe_suspects(repository.suspects))
    parts += [_excerpt(excerpt) for excerpt in repository.excerpts]
    if repository.names:
        parts.append(f"Definitions, by file and line:\n{repository.names}")
    return "\n\n".join(part for part in parts if part)


def excerpts(sources: Sources, suspects: Sequence[SuspectLine]) -> Iterator[SourceExcerpt]:
    """Yield the definitions that contain suspicious lines, the most suspicious first."""
    lines_left = _MAX_LINES
    yielded: dict[str, list[range]] = {}
    functions: dict[str, list[range]] = {}
    for suspect in suspects:
        text = sources.files.get(suspect.path, "")
        blocks = yielded.setdefault(suspect.path, [])
        if any(suspect.line in earlier for earlier in blocks):
            continue
        if suspect.path not in functions:
            functions[suspect.path] = _functions(text)
        block = _definition(text, suspect.line, functions[suspect.path])
        if len(block) > lines_left:
            break
        lines_left -= len(block)
        blocks.append(block)
        lines = text.splitlines()[block.start - 1 : block.stop - 1]
        yield SourceExcerpt(path=suspect.path, first_line=block.start, text="\n".join(lines) + "\n")


def _functions(text: str) -> list[range]:
    """Return the lines of every function of a file."""
    module = parse_module(text)
    functions: list[range] = []
    for node in ast.walk(module) if module else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            functions.append(range(first, (node.end_lineno or node.lineno) + 1))
    return functions


def _definition(text: str, line: int, functions: Sequence[range]) -> range:
    """Return the lines of the innermost function around a line, or else the lines near it."""
    around = [lines for lines in functions if line in lines]
    if around:
        return min(around, key=len)
    last = text.count("\n") + 1
    return range(max(1, line - _CONTEXT), min(last, line + _CONTEXT) + 1)


def _heading(repository: Repository, issue: str) -> str:
    if not repository.failing:
        return (
            "Change the program as described below. The tests that pass with "
            f"`{repository.command}` must still pass."
        )
    count = len(repository.failing)
    tests = "1 test fails" if count == 1 else f"{count} tests fail"
    heading = f"Repair the program: with `{repository.command}`, {tests} and must pass"
    if repository.passing == 1:
        heading = f"{heading}, and the one that passes must still pass."
    else:
        heading = f"{heading}, and the {repository.passing} that pass must still pass."
    return heading + _others(len(repository.unrelated))


def _others(count: int) -> str:
    """Return what a patch has to do about other failing tests: nothing."""
    if not count:
        return ""
    tests = "1 other test fails" if count == 1 else f"{count} other tests fail"
    return f" {tests} too and may go on failing."


def _failure(outcome: CaseOutcome) -> str:
    text = (outcome.traceback or outcome.error or "").strip()
    return f"# {outcome.id}\n{text[-_MAX_FAILURE_LENGTH:]}"


def _excerpt(excerpt: SourceExcerpt) -> str:
    last = excerpt.first_line + excerpt.text.count("\n") - 1
    heading = f"{excerpt.path}, lines {excerpt.first_line} to {last}:"
    return f"{heading}\n```\n{excerpt.text}```"


def _remarks(baseline: Baseline, localised: Localised) -> Iterator[str]:
    if baseline.flaky:
        count = len(baseline.flaky)
        tests = "1 flaky test is" if count == 1 else f"{count} flaky tests are"
        yield f"{tests} ignored: {baseline.flaky[0]}"
    if localised.remark:
        yield localised.remark
