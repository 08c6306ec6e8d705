"""A conversation about problems: its options, what was asked, and what came of it."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

from rich.console import Console
from rich.text import Text

from refinegraph.errors import RefinegraphError
from refinegraph.options import RunOptions
from refinegraph.options.config import EMBEDDED
from refinegraph.runs.solving import solve_options, solve_with
from refinegraph.schema import Decision, Frozen, Kind, Problem, RefinementResult
from refinegraph.support.blocking import run_sync
from refinegraph.terminal.limits import Limits
from refinegraph.terminal.run_view import RunView, watch
from refinegraph.terminal.summary import answer_view, content_view, summary_view
from refinegraph.terminal.text import printable
from refinegraph.terminal.transcript import Line
from refinegraph.wording import outcome_word

_OUTSIDE = """\
The model in the package is tiny: short functions over lists of numbers or
words, numbers, texts and tables are all it knows. Name a bigger one:
  /model ollama_chat/qwen3:8b    /model local/PATH.gguf    /model openai/NAME"""


def _decline(question: str) -> bool:
    return False


@dataclass
class Session:
    """Solves one problem after the other, with options that may change in between."""

    options: RunOptions
    """How the next run is made."""
    console: Console
    """Where everything is shown but answers."""
    output: Console
    """Where answers are shown."""
    kind: Kind = "code"
    """What the problems to come ask for."""
    tests: str = ""
    """Visible tests of the problems to come."""
    problem: Problem | None = None
    """The last one."""
    result: RefinementResult | None = None
    """How the last run ended; None where it was interrupted."""
    view: RunView = field(default_factory=RunView)
    decisions: list[Decision] = field(default_factory=list[Decision])
    """Of the last run, as far as it came."""
    examples: int = 0
    """How many bundled tasks have been shown."""
    confirm: Callable[[str], bool] = _decline
    """Asks a question; where there is nobody to ask, the answer is no."""

    def change(self, **options: Any) -> None:
        """Change options of the runs to come; raises `InputError` for an unfit value."""
        self.options = replace(self.options, **options)

    def say(self, text: str, style: str = "") -> None:
        """Print words of ours."""
        self.console.print(Text(text, style=style), soft_wrap=True)

    def ask(self, text: str) -> None:
        """Solve a problem that was typed, with the kind and the tests that are set."""
        tests = self.tests if self.kind == "code" else ""
        self.solve(Problem(prompt=text, kind=self.kind, tests=tests))

    def solve(self, problem: Problem, *, told: bool = False) -> None:
        """Run the graph on a problem and show how it goes.

        Ctrl-C shows the best candidate so far and raises `KeyboardInterrupt`. `told` says that the
        statement is on the screen already.
        """
        self.problem = problem
        line = Line("problem", Text(_first_line(problem), style="bold"))
        self._watch(lambda: self._run(problem), [] if told else [line])

    def fix(self, test: str) -> None:
        """Repair the checkout in this folder so that its test command passes; print the patch.

        The model in the package knows no repositories: small changes are tried in its place.
        """
        self.problem = None
        self._watch(lambda: self._fix(test), [])

    def _watch(
        self, run: Callable[[], Coroutine[Any, Any, RefinementResult]], heading: list[Line]
    ) -> None:
        """Show how a run goes and what came of it."""
        self.result = None
        self.view = RunView(Limits(tokens=self.options.budget_tokens))
        self.decisions = []
        try:
            with watch(self.view, self.console):
                self.view.tell(heading, True)
                self.result = run_sync(run())
        except (KeyboardInterrupt, asyncio.CancelledError):
            self._show_best()
            raise KeyboardInterrupt from None
        except RefinegraphError as error:
            self.say(f"  {printable(str(error))}", "red")
            return
        except Exception as error:  # a session is worth more than one run that broke off
            self.say(f"  the run broke off: {type(error).__name__}: {printable(str(error))}", "red")
            return
        self._show(self.result)

    async def _run(self, problem: Problem) -> RefinementResult:
        return await solve_with(solve_options(problem, self._seeded(), **self._shown()))

    async def _fix(self, test: str) -> RefinementResult:
        from refinegraph.fixing.options import MUTATIONS, FixOptions
        from refinegraph.fixing.running import fix_with

        options = self._seeded()
        if options.model == EMBEDDED:
            options = replace(options, model=MUTATIONS)
        shared = {name: getattr(options, name) for name in RunOptions.declared}
        return await fix_with(FixOptions(test=test, **shared, **self._shown()))

    def _seeded(self) -> RunOptions:
        """Return the options with a seed, so that a session can be repeated."""
        return replace(self.options, seed=self.options.seed or 0)

    def _shown(self) -> dict[str, Any]:
        """Return what lets the session show a run while it goes on."""
        return {"on_event": self._hear, "stream": self.view.streams}

    def _hear(self, event: Frozen) -> None:
        self.view.hear(event)
        decision = getattr(event, "decision", None)
        if isinstance(decision, Decision):
            self.decisions.append(decision)

    def _show(self, result: RefinementResult) -> None:
        if result.stop_reason.rule == "nothing_fails":
            self.say(f"  {result.stop_reason.detail}: nothing to fix")
            return
        self.console.print()
        self.output.print(answer_view(result), soft_wrap=True)
        self.console.print()
        width = self.console.width if self.console.is_terminal else None
        self.console.print(summary_view(result, width=width), soft_wrap=True)
        if outcome_word(result) != "proved" and self.options.model == EMBEDDED:
            self.say(f"\n{_OUTSIDE}", "yellow")

    def _show_best(self) -> None:
        best = self.view.state.best
        if best is None:
            self.say("  stopped; nothing was found yet.", "yellow")
            return
        self.say(f"\n  stopped; the best so far is candidate {best.id}:\n", "bold")
        self.output.print(content_view(best), soft_wrap=True)


def _first_line(problem: Problem) -> str:
    lines = problem.prompt.strip().splitlines()
    return lines[0] if lines else ""
