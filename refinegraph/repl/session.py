"""A conversation about problems: what is set, what was asked, and what came of it."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

from rich.console import Console
from rich.text import Text

from refinegraph.errors import RefinegraphError
from refinegraph.graphs.strategies import find_strategy
from refinegraph.options.config import EMBEDDED, api_base_setting, model_setting
from refinegraph.runs.solving import asolve
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


@dataclass(frozen=True)
class Settings:
    """What the next run is made with; None leaves a choice to the strategy."""

    model: str
    strategy: str = "adaptive"
    api_base: str | None = None
    kind: Kind = "code"
    tests: str = ""
    samples: int | None = None
    rounds: int | None = None
    budget_tokens: int | None = None
    seed: int = 0

    @classmethod
    def from_environment(cls, **given: "str | int | None") -> "Settings":
        """Return what the flags, the environment and the settings' file say."""
        known = {name: value for name, value in given.items() if value is not None}
        chosen = cls(model="", api_base=api_base_setting())
        if "model" not in known:
            known["model"] = model_setting()
        return replace(chosen, **known)  # type: ignore[arg-type]


def _decline(question: str) -> bool:
    return False


@dataclass
class Session:
    """Solves one problem after the other, with settings that may change in between."""

    settings: Settings
    console: Console
    """Where everything is shown but answers."""
    output: Console
    """Where answers are shown."""
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

    def change(self, **settings: "str | int | None") -> None:
        """Set something for the runs to come."""
        self.settings = replace(self.settings, **settings)  # type: ignore[arg-type]

    def say(self, text: str, style: str = "") -> None:
        """Print words of ours."""
        self.console.print(Text(text, style=style), soft_wrap=True)

    def ask(self, text: str) -> None:
        """Solve a problem that was typed, with the kind and the tests that are set."""
        chosen = self.settings
        tests = chosen.tests if chosen.kind == "code" else ""
        self.solve(Problem(prompt=text, kind=chosen.kind, tests=tests))

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
        self.view = RunView(Limits(tokens=self.settings.budget_tokens))
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
        chosen = self.settings
        return await asolve(
            problem,
            model=chosen.model,
            api_base=chosen.api_base,
            strategy=find_strategy(chosen.strategy).name,
            samples=chosen.samples,
            rounds=chosen.rounds,
            budget_tokens=chosen.budget_tokens,
            seed=chosen.seed,
            on_event=self._hear,
            stream=self.view.streams,
        )

    async def _fix(self, test: str) -> RefinementResult:
        from refinegraph.fixing.options import MUTATIONS
        from refinegraph.fixing.running import afix

        chosen = self.settings
        return await afix(
            ".",
            test=test,
            model=MUTATIONS if chosen.model == EMBEDDED else chosen.model,
            api_base=chosen.api_base,
            strategy=find_strategy(chosen.strategy).name,
            candidates=chosen.samples,
            rounds=chosen.rounds,
            budget_tokens=chosen.budget_tokens,
            seed=chosen.seed,
            on_event=self._hear,
            stream=self.view.streams,
        )

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
        if outcome_word(result) != "proved" and self.settings.model == EMBEDDED:
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
