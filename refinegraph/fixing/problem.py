"""The problem that a checkout poses, as data: what fails, where it may be, what a model sees."""

import ast
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from refinegraph.fixing.baseline import Localised
from refinegraph.fixing.options import FixOptions
from refinegraph.fixing.sources import Sources
from refinegraph.schema import CaseOutcome, Problem, Repository, SourceExcerpt, SuspectLine
from refinegraph.tools.localisation import describe_suspects
from refinegraph.tools.programs.python_source import parse_module
from refinegraph.tools.test_runs import Baseline

_KEPT_SUSPECTS = 200
"""Suspicious lines that are kept with a run; a resumed search goes on from them."""
_SHOWN_FAILURES = 3
_LONGEST_FAILURE = 2_500
"""Characters of one failing test's output in a prompt."""
_MOST_LINES = 400
"""Lines of source in a prompt: some five thousand tokens, which small models still read."""
_AROUND = 12
"""Lines shown on either side of a suspicious line that stands in no function."""


def repository_problem(
    options: FixOptions, sources: Sources, baseline: Baseline, localised: Localised, issue: str
) -> Problem:
    """Return the problem: everything that agents and pages show, and nothing of the disk."""
    repository = Repository(
        root=str(sources.root),
        folder=str(Path(options.path).expanduser().resolve().relative_to(sources.root)),
        digest=sources.digest,
        command=options.test,
        lint=options.lint,
        protect=tuple(options.protect),
        failing=baseline.failing,
        passing=len(baseline.passing),
        flickering=baseline.flickering,
        suspects=localised.suspects[:_KEPT_SUSPECTS],
        excerpts=tuple(excerpts(sources, localised.suspects)),
        remarks=tuple(_remarks(baseline, localised)),
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
    """Say in words what is to be repaired, for a model and for a person."""
    parts = [_heading(repository, issue), issue.strip()]
    if repository.failing:
        shown = repository.failing[:_SHOWN_FAILURES]
        parts.append("\n\n".join(["Failing tests:", *map(_failure, shown)]))
        if len(repository.failing) > len(shown):
            rest = ", ".join(outcome.id for outcome in repository.failing[len(shown) :][:10])
            parts.append(f"These fail too: {rest}")
    parts.append(describe_suspects(repository.suspects))
    parts += [_excerpt(excerpt) for excerpt in repository.excerpts]
    return "\n\n".join(part for part in parts if part)


def excerpts(sources: Sources, suspects: Sequence[SuspectLine]) -> Iterator[SourceExcerpt]:
    """Yield the definitions that hold the most suspicious lines, the most suspicious first."""
    room = _MOST_LINES
    seen: dict[str, list[range]] = {}
    for suspect in suspects:
        text = sources.files.get(suspect.path, "")
        around = _definition(text, suspect.line)
        known = seen.setdefault(suspect.path, [])
        if any(suspect.line in part for part in known):
            continue
        if len(around) > room:
            break
        room -= len(around)
        known.append(around)
        lines = text.splitlines()[around.start - 1 : around.stop - 1]
        yield SourceExcerpt(
            path=suspect.path, first_line=around.start, text="\n".join(lines) + "\n"
        )


def _definition(text: str, line: int) -> range:
    """Return the lines of the function around a line, or some lines on either side of it."""
    module = parse_module(text)
    found: list[range] = []
    for node in ast.walk(module) if module else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            lines = range(first, (node.end_lineno or node.lineno) + 1)
            if line in lines:
                found.append(lines)
    if found:
        return min(found, key=len)
    last = text.count("\n") + 1
    return range(max(1, line - _AROUND), min(last, line + _AROUND) + 1)


def _heading(repository: Repository, issue: str) -> str:
    if not repository.failing:
        return f"Change the program so that what is described here holds. `{repository.command}`"
    count = len(repository.failing)
    tests = "1 test" if count == 1 else f"{count} tests"
    heading = f"Repair the program: {tests} of `{repository.command}` must pass that fail now"
    return f"{heading}, and the {repository.passing} that pass must go on to pass."


def _failure(outcome: CaseOutcome) -> str:
    text = (outcome.traceback or outcome.error or "").strip()
    return f"# {outcome.id}\n{text[-_LONGEST_FAILURE:]}"


def _excerpt(excerpt: SourceExcerpt) -> str:
    last = excerpt.first_line + excerpt.text.count("\n") - 1
    heading = f"{excerpt.path}, lines {excerpt.first_line} to {last}:"
    return f"{heading}\n```\n{excerpt.text}```"


def _remarks(baseline: Baseline, localised: Localised) -> Iterator[str]:
    if baseline.flickering:
        count = len(baseline.flickering)
        tests = "1 test ends" if count == 1 else f"{count} tests end"
        yield f"{tests} differently from run to run and never counted: {baseline.flickering[0]}"
    if localised.remark:
        yield localised.remark
