"""The state of an interactive session, and how a run is shown in it."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

from rich.console import Console
from rich.text import Text

from refinegraph.errors import InputError, ModelAbstained, RefinegraphError
from refinegraph.options import RunOptions
from refinegraph.options.config import EMBEDDED
from refinegraph.repl.conversation import Conversation
from refinegraph.runs.solving import solve_options, solve_with
from refinegraph.schema import Decision, Frozen, Kind, Problem, RefinementResult
from refinegraph.support.blocking import run_sync
from refinegraph.terminal.console import say
from refinegraph.terminal.limits import Limits
from refinegraph.terminal.run_view import RunView, watch
from refinegraph.terminal.small_model import advice
from refinegraph.terminal.summary import answer_view, content_view, summary_view
from refinegraph.terminal.text import printable
from refinegraph.terminal.transcript import Line
from refinegraph.tools.problem_kinds import infer_kind
from refinegraph.wording import plural

_GO_ON = 'A line such as "now also ..." changes this answer; /new begins another problem.'


def _decline(question: str) -> bool:
    return False


@dataclass
class Session:
    """Solves one problem after another, with options that may change in between."""

    options: RunOptions
    """The options of the next run."""
    console: Console
    """Where everything but answers is printed."""
    output: Console
    """Where answers are printed."""
    kind: Kind | None = None
    """The kind of the problems to come; None judges each by its wording."""
    tests: str = ""
    """Visible tests of the problems to come."""
    problem: Problem | None = None
    """The last problem."""
    conversation: Conversation | None = None
    """What a follow-up would change; None before the first answer."""
    result: RefinementResult | None = None
    """How the last run ended; None if it was interrupted."""
    view: RunView = field(default_factory=RunView)
    decisions: list[Decision] = field(default_factory=list[Decision])
    """The decisions of the last run so far."""
    examples: int = 0
    """How many bundled tasks have been shown."""
    confirm: Callable[[str], bool] = _decline
    """Asks a yes-or-no question; the answer is no if there is nobody to ask."""
    _last: Conversation | None = None
    """The conversation that the last problem leads to once it is answered."""
    _explained: bool = False
    """Whether follow-ups were explained already."""

    def change(self, **options: Any) -> None:
        """Change options of the runs to come; raises `InputError` for an unfit value."""
        self.options = replace(self.options, **options)

    def say(self, text: str, style: str = "", *, indent: int | None = None) -> None:
        """Print prose on the console."""
        say(self.console, text, style, indent=indent)

    def ask(self, text: str) -> None:
        """Solve the typed text as a change of the last answer if it reads like one, else anew."""
        if self.conversation and self.conversation.is_continued_by(text):
            self.follow_up(text)
        else:
            self.begin(text)

    def begin(self, text: str) -> None:
        """Solve a new problem, with the kind and the tests that are set."""
        guess = None if self.kind else infer_kind(text, tests=self.tests)
        kind = self.kind or (guess.kind if guess else "code")
        problem = Problem(prompt=text, kind=kind, tests=self.tests if kind == "code" else "")
        heading = [_problem_line(problem)]
        if guess and not guess.is_plain:
            words = f"{kind}, since {guess.reason}; /kind chooses another"
            heading.append(Line("kind", Text(words, style="dim")))
        self._converse(problem, Conversation(problem, ""), heading)

    def follow_up(self, text: str) -> None:
        """Change the last answer as a line says; raises `InputError` before there is one."""
        before = self.conversation
        if before is None:
            raise InputError("there is no answer to change yet; type a problem, or /example.")
        small = EMBEDDED in (self.options.model, self.options.solver_model)
        problem = before.next_steps(text) if small else before.next_problem(text, tests=self.tests)
        heading = [Line("change", Text(" ".join(text.split()), style="bold"))]
        base = " ".join(before.base.prompt.split())
        heading.append(Line("of", Text(base, style="dim")))
        if before.tests and not self.tests:
            heading.append(Line("tests", Text(_kept_words(before, text, small=small), "dim")))
        changed = replace(before, changes=(*before.changes, text.strip()))
        self._converse(problem, changed, heading)

    def solve(self, problem: Problem, *, announced: bool = False) -> None:
        """Run the graph on a problem and show how it goes.

        Ctrl-C shows the best candidate so far and raises `KeyboardInterrupt`. `announced` says
        that the statement is on the screen already.
        """
        heading = [] if announced else [_problem_line(problem)]
        self._converse(problem, Conversation(problem, ""), heading)

    def retry(self) -> None:
        """Solve the last problem again; raises `InputError` before there is one."""
        if self.problem is None or self._last is None:
            raise InputError("there is nothing to try again yet; type a problem, or /example.")
        self._converse(self.problem, self._last, [_problem_line(self.problem)])

    def fix(self, test: str) -> None:
        """Repair the checkout in this folder so that its test command passes; print the patch.

        The model in the package cannot repair repositories; small changes are tried instead.
        """
        self.problem = self.conversation = self._last = None
        self._watch(lambda: self._fix(test), [])

    def forget(self) -> None:
        """End the conversation: the next line begins a new problem."""
        self.conversation = None

    def _converse(self, problem: Problem, then: Conversation, heading: list[Line]) -> None:
        """Solve a problem; if it is answered, let follow-ups change that answer."""
        self.problem, self._last = problem, then
        ended = self._watch(lambda: self._run(problem), heading)
        if not ended or self.result is None or not self.result.answer:
            return
        self.conversation = replace(then, answer=self.result.answer)
        if heading and not self._explained:  # the tour, without a heading, needs no follow-ups
            self._explained = True
            self.say(f"\n  {_GO_ON}", "dim")

    def _watch(
        self, run: Callable[[], Coroutine[Any, Any, RefinementResult]], heading: list[Line]
    ) -> bool:
        """Show a run while it is running, and its result; return whether it came to its end.

        If the model declines the problem, the last run stays the one that commands look at.
        """
        before = self.result, self.view, self.decisions
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
            if isinstance(error, ModelAbstained):
                self.result, self.view, self.decisions = before
            self.say(f"  {printable(str(error))}", "red")
            return False
        except Exception as error:  # a session is worth more than one run that broke off
            name, reason = type(error).__name__, printable(str(error))
            self.say(f"  the run ended with an error: {name}: {reason}", "red")
            return False
        self._show(self.result)
        return True

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
        return replace(self.options, seed=self.options.seed or 0, kind=None)

    def _shown(self) -> dict[str, Any]:
        """Return the arguments with which a session follows a run."""
        return {"on_event": self._hear, "stream": self.view.streams}

    def _hear(self, event: Frozen) -> None:
        self.view.handle(event)
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
        words = advice(result, self.options, flag="/model")
        if words:
            self.say(f"\n{words}", "yellow")

    def _show_best(self) -> None:
        best = self.view.state.best
        if best is None:
            self.say("  stopped; nothing was found yet.", "yellow")
            return
        self.say(f"\n  stopped; the best so far is candidate {best.id}:\n", "bold")
        self.output.print(content_view(best), soft_wrap=True)


def _problem_line(problem: Problem) -> Line:
    lines = problem.prompt.strip().splitlines()
    return Line("problem", Text(lines[0] if lines else "", style="bold"))


def _kept_words(before: Conversation, text: str, *, small: bool) -> str:
    """Report whether the tests of the first problem still apply after a change."""
    count = plural(len(before.tests), "earlier test")
    verb = "counts" if len(before.tests) == 1 else "count"
    if not small and before.keeps_tests(text):
        return f"{count} still {verb}; examples in your line are added"
    return f"{count} no longer {verb}; examples in your line do"
