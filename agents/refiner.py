"""The Refiner repairs a candidate according to its review."""

from collections.abc import Sequence
from functools import cached_property
from typing import Literal

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from refinegraph.agents.evidence import Evidence
from refinegraph.agents.feedback import (
    format_earlier,
    format_refusal,
    format_repair,
    known_header,
    repair_fields,
    with_instruction,
)
from refinegraph.agents.models import Choice, Generations, Sampling, generate, model_name
from refinegraph.agents.models.model_like import ModelLike, as_chat_model
from refinegraph.agents.operators.algebra import Operator
from refinegraph.agents.operators.roles import Refine
from refinegraph.agents.operators.task import Outcome, Task
from refinegraph.agents.prompts import Prompt, PromptSet, prompts_for
from refinegraph.agents.solver import answer_format
from refinegraph.errors import InputError
from refinegraph.schema import EXECUTED_KINDS, Candidate, Kind, Problem, Review, VisibleTest
from refinegraph.tools.edits import RejectedEdit, edit_program

RepairForm = Literal["auto", "edit", "rewrite"]
"""How a program is repaired: with edits, as a complete rewrite, or with whichever is shorter."""

NO_REVIEW = "Find and correct the error."
"""What the prompt says in place of a review if there is none."""
_HOTTEST = 1.2
"""Maximum temperature: above it, small models (a few billion parameters) stop writing programs
that compile."""


class Refiner(Operator):
    """Rewrite a candidate to fix what its review names.

    Solvers cling to their answers even when the feedback is good (arXiv 2506.11930). The
    temperature therefore rises by `temperature_step` with each earlier attempt on the same
    candidate, and the prompt lists the last answers tried, marking those that execution refuted as
    wrong.

    With `repair="edit"` the model answers with the lines to change, which are applied to the
    candidate's program. `"auto"` requests edits where they are shorter, if the prompts support
    them: for most prompts, from ten lines on. An edit that does not apply is returned to the model
    once with the reason; after that the whole program is requested. Costs one model call, at most
    three if edits fail.

    `edits` draws several edits in that call, each of which becomes a candidate. They share one
    reading of the prompt and a few lines each, so that it is often cheaper to run them all than to
    think about which one is right. Draw them with a temperature of 0.8 or more. Where the whole
    program is requested, it is drawn once.
    """

    def __init__(
        self,
        model: ModelLike,
        *,
        sampling: Sampling | None = None,
        temperature_step: float = 0.2,
        max_rejected_shown: int = 3,
        prompts: PromptSet | None = None,
        repair: RepairForm = "auto",
        edits: int = 1,
    ) -> None:
        if edits < 1:
            raise InputError(f"edits={edits}; a Refiner needs at least 1.")
        self.model = as_chat_model(model)
        self.edits = edits
        self.sampling = sampling or Sampling(temperature=0.4)
        self.temperature_step = temperature_step
        self.max_rejected_shown = max_rejected_shown
        self.prompts = prompts or prompts_for(self.model)
        self.repair: RepairForm = repair
        if repair == "edit" and self.prompts.refiner_edit is None:
            raise InputError(
                f"prompt set {self.prompts.name!r} has no prompt for edits; use repair='rewrite' "
                "or a prompt set with one, such as 'standard'."
            )

    async def __call__(
        self,
        problem: Problem,
        candidate: Candidate,
        review: Review,
        *,
        rejected: Sequence[str] = (),
        tried: Sequence[str] = (),
        attempt: int = 0,
        instruction: str = "",
        tests: Sequence[VisibleTest] = (),
        evidence: Evidence | None = None,
    ) -> Generations:
        """Return one repaired solution: a complete one, or edits to the candidate's program.

        Args:
            problem: The problem to solve.
            candidate: The candidate to repair.
            review: The review to follow.
            rejected: Earlier answers that were refuted.
            tried: Earlier answers that were not refuted.
            attempt: Number of earlier repairs of this candidate.
            instruction: Text to append to the prompt.
            tests: Visible tests; those that came with the problem are shown to the model.
            evidence: Evidence to show instead of the candidate's verdict alone.
        """
        code = problem.kind in EXECUTED_KINDS
        whole = self.prompts.refiner if code else self.prompts.refiner_reasoning
        edit = self._edit_prompt(candidate) if problem.kind == "code" else None
        fields = {
            **repair_fields(problem, candidate, tests=tests, evidence=evidence),
            "review": review.text or NO_REVIEW,
            "rejected": self.format_earlier(rejected, tried, kind=problem.kind),
            "header": known_header(problem) if code else "",
            "repair": format_repair(candidate),
            "answer_format": answer_format(problem.kind),
        }

        def messages(prompt: Prompt) -> list[BaseMessage]:
            return with_instruction(prompt.messages(**fields), instruction)

        sampling = self.temperature(attempt)
        if edit is not None:
            return await answer_with_edits(
                self.model, messages(edit), messages(whole), candidate, problem,
                sampling=sampling, count=self.edits,
            )  # fmt: skip
        return await generate(self.model, messages(whole), sampling=sampling)

    def format_earlier(self, rejected: Sequence[str], tried: Sequence[str], *, kind: Kind) -> str:
        """List the last `max_rejected_shown` rejected and other earlier answers for a prompt."""
        shown = self.max_rejected_shown
        return format_earlier(rejected[-shown:], tried[-shown:], kind=kind)

    def _edit_prompt(self, candidate: Candidate) -> Prompt | None:
        """Return the prompt that requests edits, or None if a rewrite is better or required."""
        if self.repair == "rewrite" or candidate.program is None:
            return None
        lines = candidate.program.strip().count("\n") + 1
        short = lines < self.prompts.shortest_edited
        return None if short and self.repair == "auto" else self.prompts.refiner_edit

    @property
    def name(self) -> str:
        """The name of the operator's node."""
        return "refine"

    async def apply(self, task: Task) -> Outcome:
        """Return a repair of the move's first parent, based on its latest review."""
        return await self._role.apply(task)

    @cached_property
    def _role(self) -> Refine:
        """The operator around this agent, cached because it inspects the agent's parameters."""
        return Refine(self)

    def __repr__(self) -> str:
        """Return the constructor call, with the model's name in place of the model."""
        return f"Refiner({model_name(self.model)!r})"

    def temperature(self, attempt: int) -> Sampling:
        """Return the sampling settings of an attempt: warmer each time, up to 1.2.

        >>> from refinegraph.agents.models import ScriptedChatModel
        >>> Refiner(ScriptedChatModel(["x"])).temperature(2).temperature
        0.8
        """
        base = self.sampling.temperature or 0.0
        warmer = max(base, min(_HOTTEST, base + self.temperature_step * attempt))
        return self.sampling.model_copy(update={"temperature": round(warmer, 3)})


async def answer_with_edits(
    model: BaseChatModel,
    messages: Sequence[BaseMessage],
    whole: Sequence[BaseMessage],
    candidate: Candidate,
    problem: Problem,
    *,
    sampling: Sampling,
    count: int = 1,
) -> Generations:
    """Ask for `count` edits to a candidate's program, falling back to the whole program.

    Returns the different edits that apply. If there are none, the first is returned to the model
    once with the reason. If the second answer cannot be used either, the `whole` messages ask for
    the complete program. Costs one to three model calls.

    Args:
        model: The model to ask.
        messages: The request for edits.
        whole: The request for the complete program.
        candidate: The candidate to repair.
        problem: Its problem.
        sampling: Parameters of the calls.
        count: Number of edits to draw in the first call.
    """
    first = await generate(model, messages, n=count, sampling=sampling)
    usable = {
        choice.text: choice
        for choice in first.choices
        if _refusal(choice, candidate, problem) is None
    }
    if usable:
        return first.model_copy(update={"choices": tuple(usable.values())})
    refusal = _refusal(first.choices[0], candidate, problem)
    assert refusal is not None
    retry = [
        *messages,
        AIMessage(first.choices[0].text),
        HumanMessage(format_refusal(refusal)),
    ]
    second = _after(first, await generate(model, retry, sampling=sampling))
    if _refusal(second.choices[0], candidate, problem) is None:
        return second
    return _after(second, await generate(model, whole, sampling=sampling))


def _refusal(choice: Choice, candidate: Candidate, problem: Problem) -> RejectedEdit | None:
    edited = edit_program(
        choice.text,
        candidate.program or "",
        entry_point=problem.entry_point,
        preamble=problem.preamble,
        truncated=choice.truncated,
    )
    return edited if isinstance(edited, RejectedEdit) else None


def _after(earlier: Generations, answer: Generations) -> Generations:
    """Return an answer whose tokens and usage include those of the earlier answer."""
    spent = sum(choice.tokens for choice in earlier.choices)
    choices = tuple(_with_tokens(choice, choice.tokens + spent) for choice in answer.choices)
    return answer.model_copy(update={"choices": choices, "usage": earlier.usage + answer.usage})


def _with_tokens(choice: Choice, tokens: int) -> Choice:
    return choice.model_copy(update={"tokens": tokens})
