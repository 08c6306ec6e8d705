"""The implementation of the tools, independent of the protocol."""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refinegraph.errors import InputError
from refinegraph.options import RunOptions
from refinegraph.options.config import EMBEDDED
from refinegraph.options.solve_options import EventHandler
from refinegraph.runs.solving import as_problem, solve_options, solve_with
from refinegraph.schema import Candidate, Problem, Verdict, VisibleTest
from refinegraph.toolbox.results import (
    Output,
    Reviewed,
    Selected,
    Solved,
    Verified,
    output_of,
    reviewed,
    solved,
    verified,
)
from refinegraph.tools.programs import extract_program
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.test_cases import parse_tests
from refinegraph.tools.test_cases.checking import check_program

if TYPE_CHECKING:
    from refinegraph.runs import RunStore

RUN_SCHEME = "refinegraph://runs/"
"""Prefix of the address of a run."""
_MOST_CANDIDATES = 64
"""Maximum number of candidates of one selection; each is run against every test."""


@dataclass(frozen=True)
class Toolbox:
    """The tools of one server.

    Args:
        options: The options of every run: the model, its limits.
        sandbox: The sandbox for programs.
        runs: The store of runs; None to keep none.
        root: The folder that contains the checkouts that may be repaired; None to repair none.
    """

    options: RunOptions
    sandbox: Sandbox
    runs: "RunStore | None" = None
    root: Path | None = None

    async def verify(self, program: str, tests: str, entry_point: str | None = None) -> Verified:
        """Run a program against tests in the sandbox; raises `InputError` for tests without one."""
        cases = _cases(tests, entry_point)
        return verified(await self._checked(program, cases, entry_point))

    async def run(self, program: str, stdin: str = "") -> Output:
        """Run a script in the sandbox."""
        return output_of(await self.sandbox.run(program, stdin=stdin))

    async def solve(
        self, problem: str, tests: str, on_event: EventHandler, **chosen: Any
    ) -> Solved:
        """Solve a problem; `chosen` are the options that the caller set."""
        limits = {name: value for name, value in chosen.items() if value is not None}
        asked = as_problem(problem, tests=tests, kind=limits.pop("kind", None))
        options = replace(self.options, **_within(limits, self.options))
        result = await solve_with(
            solve_options(asked, options, on_event=on_event, sandbox=self.sandbox)
        )
        return solved(result, run=self._keep(asked, result))

    async def fix(self, path: str, test: str, on_event: EventHandler, *, issue: str = "") -> Solved:
        """Repair a checkout and return the patch, which is not applied.

        The model of the package cannot repair checkouts, so small mutations of suspicious lines are
        tried instead.
        """
        from refinegraph.fixing.options import MUTATIONS, FixOptions
        from refinegraph.fixing.running import fix_with

        folder = self._checkout(path)
        shared = {option.name: getattr(self.options, option.name) for option in fields(RunOptions)}
        if shared["model"] == EMBEDDED:  # it was not trained on repositories
            shared["model"] = MUTATIONS
        options = FixOptions(folder, test=test, issue=issue, on_event=on_event, **shared)
        result = await fix_with(options)
        problem = Problem(prompt=issue or f"Repair {folder.name} until {test!r} passes.")
        return solved(result, run=self._keep(problem, result))

    async def review(self, problem: str, program: str, tests: str = "") -> Reviewed:
        """Review a program; with tests, on the evidence of running them."""
        from refinegraph.agents.reviewer import Reviewer
        from refinegraph.runs.planning import resolve_models

        models = resolve_models(self.options)
        cases = _cases(tests, None) if tests.strip() else ()
        asked = Problem(prompt=problem, tests=tests)
        verdict = await self._checked(program, cases, None) if cases else None
        candidate = Candidate(id="0.0", text=program, program=_program(program), verdict=verdict)
        done = await Reviewer(models.reviewer or models.solver)(asked, candidate, tests=cases)
        return reviewed(done.review)

    async def select(
        self, candidates: list[str], tests: str, entry_point: str | None = None
    ) -> Selected:
        """Run every candidate against the tests; return the one that passes most of them."""
        if not 1 <= len(candidates) <= _MOST_CANDIDATES:
            raise InputError(
                f"{len(candidates)} candidates were given; expected 1 to {_MOST_CANDIDATES}."
            )
        cases = _cases(tests, entry_point)
        verdicts = [await self._checked(text, cases, entry_point) for text in candidates]
        passed = tuple(len(verdict.passed_ids) for verdict in verdicts)
        chosen = max(range(len(passed)), key=lambda number: (passed[number], -number))
        best = verified(verdicts[chosen])
        return Selected(chosen=chosen, verdict=best.verdict, reason=best.reason, passed=passed)

    async def _checked(
        self, text: str, cases: tuple[VisibleTest, ...], entry_point: str | None
    ) -> Verdict:
        """Run the program in a text; a text without one is run as it is, for its error message."""
        problem = Problem(prompt="", entry_point=entry_point)
        program = _program(text, entry_point) or text
        return await check_program(self.sandbox, program, cases, problem=problem)

    def _keep(self, problem: Problem, result: Any) -> str | None:
        if self.runs is None:
            return None
        try:
            return f"{RUN_SCHEME}{self.runs.add(problem, result).id}"
        except InputError:
            return None

    def _checkout(self, path: str) -> Path:
        """Return the folder of a checkout; raises `InputError` outside of the root."""
        if self.root is None:
            raise InputError("this server repairs no checkouts; start it with --root FOLDER.")
        folder = (self.root / path).resolve()
        if not folder.is_relative_to(self.root.resolve()):
            raise InputError(f"{path!r} is outside of {str(self.root)!r}; name a folder within it.")
        return folder


def _cases(tests: str, entry_point: str | None) -> tuple[VisibleTest, ...]:
    cases = parse_tests(tests, entry_point=entry_point)
    if not cases:
        raise InputError("no tests were given; expected assert lines, test_* functions or cases.")
    return cases


def _program(text: str, entry_point: str | None = None) -> str | None:
    return extract_program(text, entry_point=entry_point).source or None


def _within(chosen: dict[str, Any], own: RunOptions) -> dict[str, Any]:
    """Return the options of the caller, with limits lowered to those of the operator."""
    for name in ("budget_tokens", "timeout"):
        limits = [value for value in (chosen.get(name), getattr(own, name)) if value is not None]
        if limits:
            chosen[name] = min(limits)
    return chosen
