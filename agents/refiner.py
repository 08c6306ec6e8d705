"""The Refiner repairs a candidate as its review says."""

from collections.abc import Sequence
from functools import cached_property
from typing import Literal

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from refinegraph.agents.evidence import Evidence
from refinegraph.agents.feedback import (
    format_earlier,
    format_evidence,
    format_refusal,
    format_repair,
    format_tests,
    format_verdict,
    known_header,
    solution_text,
    with_instruction,
)
from refinegraph.agents.models import Choice, Generations, Sampling, generate, model_name
from refinegraph.agents.operators.algebra import Operator
from refinegraph.agents.operators.roles import Refine
from refinegraph.agents.operators.task import Outcome, Task
from refinegraph.agents.prompts import Prompt, PromptSet, prompts_for
from refinegraph.agents.solver import answer_format
from refinegraph.errors import InputError
from refinegraph.schema import EXECUTED_KINDS, Candidate, Problem, Review, VisibleTest
from refinegraph.tools.edits import Refusal, edit_program

RepairForm = Literal["auto", "edit", "rewrite"]
"""How a program is repaired: by edits, by writing it anew, or by whichever is shorter."""

_HOTTEST = 1.2
"""Above it, models of a few billion parameters stop writing programs that compile."""
_SHORTEST_EDITED = 10
"""Lines from which an edit is the shorter answer: its markers and the lines that it quotes cost
about as much as eight lines of a program."""


class Refiner(Operator):
    """Rewrite a candidate so that what its review names is mended.

    Solvers hold on to their answers even against good feedback (arXiv 2506.11930), so the
    temperature rises by `warming` with every earlier attempt on the same candidate, and the
    last answers that were tried are listed, those that execution refuted as wrong.

    With `repair="edit"` the model answers with the lines to change, and the candidate's program is
    the parent's after these edits; `"auto"` asks for edits from ten lines on, where the prompts
    have a text for it. An edit that does not apply is returned to the model once with the reason;
    then the whole program is asked for. Costs one model call, at most three where edits fail.
    """

    def __init__(
        self,
        model: BaseChatModel,
        *,
        sampling: Sampling | None = None,
        warming: float = 0.2,
        rejected_shown: int = 3,
        prompts: PromptSet | None = None,
        repair: RepairForm = "auto",
    ) -> None:
        self.model = model
        self.sampling = sampling or Sampling(temperature=0.4)
        self.warming = warming
        self.rejected_shown = rejected_shown
        self.prompts = prompts or prompts_for(model)
        self.repair: RepairForm = repair
        if repair == "edit" and self.prompts.refiner_edit is None:
            raise InputError(
                f"the prompts {self.prompts.name!r} have no text that asks for edits; choose "
                "repair='rewrite', or prompts with one, such as 'standard'."
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
        """Return one repaired solution: a whole one, or edits of the candidate's program.

        Args:
            problem: What was asked.
            candidate: What to repair.
            review: What is wrong with it.
            rejected: Earlier answers that were refuted.
            tried: Earlier answers that nothing refuted.
            attempt: How many earlier repairs of this candidate there are.
            instruction: Added at the end of the prompt.
            tests: Those that were given are shown to the model.
            evidence: What is known about the candidate; its verdict alone unless given.
        """
        code = problem.kind in EXECUTED_KINDS
        whole = self.prompts.refiner if code else self.prompts.refiner_reasoning
        edit = self._edit_prompt(candidate) if problem.kind == "code" else None
        earlier = format_earlier(
            rejected[-self.rejected_shown :], tried[-self.rejected_shown :], kind=problem.kind
        )

        def messages(prompt: Prompt) -> list[BaseMessage]:
            filled = prompt.messages(
                problem=problem.prompt.strip(),
                tests=format_tests(tests),
                solution=solution_text(candidate, kind=problem.kind),
                evidence=format_evidence(evidence) if evidence else format_verdict(candidate),
                review=review.text or "Find and correct the error.",
                rejected=earlier,
                entry_point=problem.entry_point or "",
                header=known_header(problem) if code else "",
                repair=format_repair(candidate),
                answer_format=answer_format(problem.kind),
            )
            return with_instruction(filled, instruction)

        sampling = self.temperature(attempt)
        if edit is not None:
            return await answer_with_edits(
                self.model, messages(edit), messages(whole), candidate, problem, sampling=sampling
            )
        return await generate(self.model, messages(whole), sampling=sampling)

    def _edit_prompt(self, candidate: Candidate) -> Prompt | None:
        """Return the prompt that asks for edits, where edits are wanted and can be applied."""
        if self.repair == "rewrite" or candidate.program is None:
            return None
        short = candidate.program.strip().count("\n") + 1 < _SHORTEST_EDITED
        return None if short and self.repair == "auto" else self.prompts.refiner_edit

    @property
    def name(self) -> str:
        """The name of its node."""
        return "refine"

    async def apply(self, task: Task) -> Outcome:
        """Return a repair of the move's first parent by its latest review."""
        return await self._role.apply(task)

    @cached_property
    def _role(self) -> Refine:
        """The operator around this agent, whose parameters are read once."""
        return Refine(self)

    def __repr__(self) -> str:
        """The call that makes it, with the model by its name."""
        return f"Refiner({model_name(self.model)!r})"

    def temperature(self, attempt: int) -> Sampling:
        """Return the sampling of an attempt: warmer each time, up to 1.2.

        >>> from refinegraph.agents.models import ScriptedChatModel
        >>> Refiner(ScriptedChatModel(["x"])).temperature(2).temperature
        0.8
        """
        base = self.sampling.temperature or 0.0
        warmer = max(base, min(_HOTTEST, base + self.warming * attempt))
        return self.sampling.model_copy(update={"temperature": round(warmer, 3)})


async def answer_with_edits(
    model: BaseChatModel,
    messages: Sequence[BaseMessage],
    whole: Sequence[BaseMessage],
    candidate: Candidate,
    problem: Problem,
    *,
    sampling: Sampling,
) -> Generations:
    """Ask for edits of a candidate's program until they apply, at last for the whole program.

    A refused edit is shown to the model once with the reason; the next answer that cannot be used
    leads to the messages that ask for the whole program. Costs one to three model calls.
    """
    first = await generate(model, messages, sampling=sampling)
    refusal = _refusal(first, candidate, problem)
    if refusal is None:
        return first
    told = [
        *messages,
        AIMessage(first.choices[0].text),
        HumanMessage(format_refusal(refusal)),
    ]
    second = _after(first, await generate(model, told, sampling=sampling))
    if _refusal(second, candidate, problem) is None:
        return second
    return _after(second, await generate(model, whole, sampling=sampling))


def _refusal(answer: Generations, candidate: Candidate, problem: Problem) -> Refusal | None:
    choice = answer.choices[0]
    edited = edit_program(
        choice.text,
        candidate.program or "",
        entry_point=problem.entry_point,
        preamble=problem.preamble,
        truncated=choice.truncated,
    )
    return edited if isinstance(edited, Refusal) else None


def _after(earlier: Generations, answer: Generations) -> Generations:
    """Return an answer that counts what the earlier ones of the same repair cost."""
    spent = earlier.choices[0].tokens
    choices = tuple(_with_tokens(choice, choice.tokens + spent) for choice in answer.choices)
    return answer.model_copy(update={"choices": choices, "usage": earlier.usage + answer.usage})


def _with_tokens(choice: Choice, tokens: int) -> Choice:
    return choice.model_copy(update={"tokens": tokens})
