"""Prompts and prompt sets."""

from dataclasses import dataclass, replace
from string import Template
from typing import Self

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """The messages sent to a model, with placeholders such as `$problem`.

    A literal dollar sign is written `$$`. Substituted values are never read as templates, so a
    problem or a program may contain anything.

    >>> Prompt(user="Solve: $problem").messages(problem="2 $x")[0].content
    'Solve: 2 $x'
    """

    user: str
    system: str = ""

    def messages(self, **values: str) -> list[BaseMessage]:
        """Fill in the placeholders. Raises `KeyError` for a placeholder without a value."""
        user = HumanMessage(Template(self.user).substitute(values))
        if not self.system:
            return [user]
        return [SystemMessage(Template(self.system).substitute(values)), user]


@dataclass(frozen=True, kw_only=True)
class PromptSet:
    """The prompts of every agent, under one name and version.

    `solver`, `reviewer` and `refiner` are for code; those ending in `_reasoning` for other kinds.

    >>> from refinegraph.agents.prompts import STANDARD
    >>> STANDARD.with_prompts(solver=Prompt(user="$problem")).solver.user
    '$problem'
    """

    name: str
    version: int
    """Increased with every change of a text, so that results can be told apart."""
    solver: Prompt
    solver_reasoning: Prompt
    reviewer: Prompt
    reviewer_reasoning: Prompt
    refiner: Prompt
    refiner_reasoning: Prompt
    test_writer: Prompt | None
    """None for models that cannot write tests."""
    refiner_edit: Prompt | None = None
    """Requests edits instead of the whole program; None for models that cannot write edits."""
    review_and_repair: Prompt | None = None
    """Requests a review and the repair in one answer; None for models that cannot do both."""
    shortest_edited: int = 10
    """Minimum length in lines of a program for which an edit is shorter than a rewrite. The markers
    and quoted lines of an edit cost about as much as eight lines; numbered lines cost less."""
    edits: int = 1
    """Number of edits to draw per repair: several where an edit is much shorter than a review."""
    branches: bool = False
    """Whether `adaptive` repairs programs at the model's least certain token before it asks for a
    review: for models that report log-probabilities and continue texts."""
    evidence: tuple[str, ...] = ("verdict",)
    """The kinds of `agents.evidence` shown to the model."""
    judge: Prompt | None = None
    """For `Judge`; None, here and below, means the one in `refinegraph.agents.prompts.judging`."""
    step_judge: Prompt | None = None
    pairwise_judge: Prompt | None = None
    p_true: Prompt | None = None
    synthesiser: Prompt | None = None
    """Combines `$solutions` into one program."""
    planner: Prompt | None = None
    """Lists the steps of a solution in prose."""
    step_solver: Prompt | None = None
    """Writes the line for one `$step`."""

    abstention: str = ""
    """The model's answer to a problem that it does not know, optionally preceded by the header;
    empty for models that were not trained to abstain."""
    knows: str = ""
    """What such a model knows, for error messages."""

    def with_prompts(self, **prompts: Prompt) -> Self:
        """Return a copy with some prompts replaced."""
        return replace(self, **prompts)  # type: ignore[arg-type]
