"""What a prompt is: a system and a user text with named places."""

from dataclasses import dataclass, replace
from string import Template
from typing import Self

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """One agent's instructions, with places such as `$problem` that the agent fills in.

    A literal dollar sign is written `$$`. What is filled in is never read as a template, so a
    problem or a program may contain anything.

    >>> Prompt(user="Solve: $problem").messages(problem="2 $x")[0].content
    'Solve: 2 $x'
    """

    user: str
    system: str = ""

    def messages(self, **places: str) -> list[BaseMessage]:
        """Fill in the places. Raises `KeyError` for a place that the agent does not know."""
        user = HumanMessage(Template(self.user).substitute(places))
        if not self.system:
            return [user]
        return [SystemMessage(Template(self.system).substitute(places)), user]


@dataclass(frozen=True, kw_only=True)
class PromptSet:
    """The prompts of every agent, under one name and version.

    `solver`, `reviewer` and `refiner` are for code; the `_reasoning` ones for every other kind.

    >>> from refinegraph.agents.prompts import STANDARD
    >>> STANDARD.with_prompts(solver=Prompt(user="$problem")).solver.user
    '$problem'
    """

    name: str
    version: int
    """Grows with every change of a text, so that results can be told apart."""
    solver: Prompt
    solver_reasoning: Prompt
    reviewer: Prompt
    reviewer_reasoning: Prompt
    refiner: Prompt
    refiner_reasoning: Prompt
    test_writer: Prompt | None
    """None for models that cannot write tests."""
    refiner_edit: Prompt | None = None
    """Asks for edits in place of the whole program; None for models that cannot write them."""
    review_and_repair: Prompt | None = None
    """Asks for a review and the repair in one answer; None for models that cannot do both."""
    evidence: tuple[str, ...] = ("verdict",)
    """The kinds of `agents.evidence` that the model is used to."""
    judge: Prompt | None = None
    """Of `Judge`; None for the one in `refinegraph.agents.prompts.judging`, as below."""
    step_judge: Prompt | None = None
    pairwise_judge: Prompt | None = None
    p_true: Prompt | None = None
    synthesiser: Prompt | None = None
    """Makes one program out of `$solutions`."""
    planner: Prompt | None = None
    """Lists the steps of a solution in words."""
    step_solver: Prompt | None = None
    """Writes the line of one `$step`."""

    abstention: str = ""
    """What a model answers to a problem outside of what it knows, after the header if there is one;
    empty for models that were not trained to abstain."""
    knows: str = ""
    """What such a model knows, for the sentence that says so."""

    def with_prompts(self, **prompts: Prompt) -> Self:
        """Return a copy with some prompts replaced."""
        return replace(self, **prompts)  # type: ignore[arg-type]
