"""A policy in which a model chooses the next moves from a menu."""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass

from langchain_core.language_models import BaseChatModel

from refinegraph.agents.models import Sampling, charge, generate, model_name
from refinegraph.agents.prompts.prompt import Prompt
from refinegraph.errors import BudgetExceeded, DeadlineExceeded, InputError, ModelError
from refinegraph.graphs.policies.base import NOTHING_LEFT, Choice
from refinegraph.graphs.policies.searching import (
    SearchPolicy,
    bound_reached,
    check_minimum,
    cut_moves,
    shown,
    spent,
)
from refinegraph.graphs.policies.waves import Wave, check_wave, moves_of
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Candidate, Decision, Feature, Move, StopReason, Usage

STOP = "stop"
"""The item that ends the search; it is offered once there is a complete candidate."""

PROMPT = Prompt(
    system="You direct a search for the solution of a problem. You never solve it yourself.",
    user="""\
# Problem
$problem

# Progress
$progress

# What can be done next
$menu

Choose what is most likely to lead to a right solution. Say why in one sentence, then end with a \
line `CHOICE: ` and one of the names above.""",
)


def progress_report(state: RefinementState) -> str:
    """Describe the progress of a run in a few lines.

    >>> from refinegraph.schema import Problem
    >>> progress_report(RefinementState(problem=Problem(prompt="2 + 2?", kind="math")))
    'Nothing was made yet.'
    """
    if not state.candidates:
        return "Nothing was made yet."
    best = max(
        state.candidates,
        key=lambda candidate: (candidate.score is not None, candidate.score or 0.0),
    )
    complete = sum(candidate.complete for candidate in state.candidates)
    lines = [
        f"{len(state.candidates)} candidates were made, {complete} of them complete.",
        f"Best: {_line(best)}",
        *(_line_of_decision(state, decision) for decision in state.decisions[-_SHOWN:]),
    ]
    return "\n".join(lines)


@dataclass(frozen=True, repr=False)
class supervised(SearchPolicy):
    """Let a model choose the next moves from a menu, given a short progress report.

    This is a supervisor as in Meta-Reasoner (arXiv 2502.19918). An item has the same form as a wave
    of a `schedule`: a move, several moves, or a function of the state. Items without moves are not
    offered. `stop` is offered once there is a complete candidate. An answer that names no item
    counts as unparsable, and the first item is taken. If the model fails, the search ends; without
    any candidate, the error is raised.

    The chosen item is recorded in the decision. Costs one model call per decision, none if there is
    only one item, plus what the moves request, at most `max_candidates` candidates in total.

    Args:
        model: The model that chooses.
        menu: The items by name, in the order in which they are shown.
        sampling: Sampling settings of the model; the default temperature is 0.
        progress: Describes a state to the model.
        prompt: The prompt, with the placeholders `$problem`, `$progress` and `$menu`.
        max_candidates: Maximum number of candidates.
    """

    model: BaseChatModel
    menu: Mapping[str, Wave]
    _: KW_ONLY
    sampling: Sampling = Sampling(temperature=0.0)  # noqa: RUF009 - frozen
    progress: Callable[[RefinementState], str] = progress_report
    prompt: Prompt = PROMPT
    max_candidates: int = 32

    def __post_init__(self) -> None:
        """Validate the menu and the number."""
        check_minimum(1, max_candidates=self.max_candidates)
        if not self.menu or STOP in self.menu:
            raise InputError(
                f"the menu has the items {sorted(self.menu)}; expected at least one item, and none "
                f"named {STOP!r}, which is always available."
            )
        for name, wave in self.menu.items():
            check_wave(wave, f"the item {name!r} of a menu")

    async def __call__(self, state: RefinementState) -> Choice:
        """Return the moves of the item chosen by the model."""
        reason = bound_reached(state, self.max_candidates)
        if reason:
            return reason
        items = {name: await moves_of(wave, state) for name, wave in self.menu.items()}
        offered = {name: decision for name, decision in items.items() if decision}
        if not offered:
            return NOTHING_LEFT
        try:
            name = await self._ask(state, tuple(offered))
        except (ModelError, DeadlineExceeded) as error:
            if not state.candidates:
                raise
            return _failed(error)
        if name == STOP:
            return StopReason(rule="supervisor", detail=f"{model_name(self.model)} chose to stop")
        return self._noted(state, offered[name], list(self.menu).index(name), name)

    def __repr__(self) -> str:
        """Return the constructor call, with the model's name in place of the model."""
        model, menu = model_name(self.model), shown(self.menu)
        return f"supervised({model!r}, {menu}, max_candidates={self.max_candidates})"

    async def _ask(self, state: RefinementState, names: tuple[str, ...]) -> str:
        stoppable = any(candidate.complete for candidate in state.candidates)
        offered = (*names, STOP) if stoppable else names
        if len(offered) == 1:
            return offered[0]
        messages = self.prompt.messages(
            problem=state.problem.prompt.strip(),
            progress=self.progress(state),
            menu="\n".join(self._line(name) for name in offered),
        )
        answer = await generate(self.model, messages, sampling=self.sampling)
        named = named_item(answer.choices[0].text, offered)
        charge(Usage(unparsable=int(named is None)))
        return named or names[0]

    def _line(self, name: str) -> str:
        if name == STOP:
            return f"- {STOP}: end the search and take the best solution so far"
        return f"- {name}: {_described(self.menu[name])}"

    def _noted(
        self, state: RefinementState, decision: Decision, position: int, name: str
    ) -> Decision:
        moves = cut_moves(decision.moves, self.max_candidates - spent(state))
        noted = (Feature(name=f"menu {name}", value=position), *decision.features)
        return decision.model_copy(update={"moves": tuple(moves), "features": noted})


def named_item(text: str, names: Iterable[str]) -> str | None:
    """Return the item that an answer chooses, or None if it names none or several.

    >>> named_item("The best fails.\\nCHOICE: **refine**", ["solve", "refine"])
    'refine'
    >>> named_item("solve or refine", ["solve", "refine"]) is None
    True
    """
    by_word = {name.casefold(): name for name in names}
    for line in reversed(re.findall(r"CHOICE:(.*)", text, re.IGNORECASE)):
        word = line.strip(" \t*`'\".").casefold()
        if word in by_word:
            return by_word[word]
    mentioned = [
        name
        for word, name in by_word.items()
        if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text.casefold())
    ]
    return mentioned[0] if len(mentioned) == 1 else None


_SHOWN = 5
"""Number of decisions in a report: enough to reveal a failing line of attempts, and short enough
to read."""


def _failed(error: Exception) -> StopReason:
    late = isinstance(error, BudgetExceeded | DeadlineExceeded)
    return StopReason(rule="budget" if late else "failed", detail=str(error))


def _described(wave: Wave) -> str:
    """Describe an item by the first line of its function's docstring, or else its expression."""
    if isinstance(wave, Move):
        from_ids = f" from {', '.join(wave.parents)}" if wave.parents else ""
        return f"{wave.operator}{from_ids}, {wave.count} at once {wave.instruction}".strip()
    docstring = wave.__doc__ if inspect.isfunction(wave) else None
    return (docstring or shown(wave)).strip().splitlines()[0]


def _line(candidate: Candidate) -> str:
    score = "no score" if candidate.score is None else f"score {candidate.score:.3g}"
    verdict = candidate.verdict
    passed = f", passes {len(verdict.passed_ids)} of {len(verdict.tests)} tests" if verdict else ""
    unfinished = "" if candidate.complete else ", unfinished"
    return f"candidate {candidate.id} by {candidate.operator}, {score}{passed}{unfinished}"


def _line_of_decision(state: RefinementState, decision: Decision) -> str:
    wave = [candidate for candidate in state.candidates if candidate.turn == decision.number]
    names = ", ".join(dict.fromkeys(move.operator for move in decision.moves))
    return f"Turn {decision.number}, {names}: {'; '.join(map(_line, wave)) or 'no candidate'}"
