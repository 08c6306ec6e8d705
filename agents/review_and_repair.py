"""Review and repair a program in one call, for models strong enough to do both."""

from collections.abc import Sequence

from refinegraph.agents.evidence import Evidence
from refinegraph.agents.feedback import repair_fields, with_instruction
from refinegraph.agents.models import Sampling, model_name
from refinegraph.agents.models.model_like import ModelLike, as_chat_model
from refinegraph.agents.operators.algebra import Operator
from refinegraph.agents.operators.roles import Refine
from refinegraph.agents.operators.task import Outcome, Task, drafts_of
from refinegraph.agents.prompts import Prompt, PromptSet, prompts_for
from refinegraph.agents.refiner import Refiner, answer_with_edits
from refinegraph.agents.reviewer import parse_review
from refinegraph.errors import InputError
from refinegraph.schema import Candidate, Problem, Review, VisibleTest


class ReviewAndRepair(Operator):
    """Ask for the first wrong line and for the edits that correct it, in one answer.

    This Refiner needs no Reviewer, so the model reads the prompt once instead of twice. The review
    is stored with the repair and appears in the report. For problems other than code, and for
    candidates without a program, it works like a `Refiner` without a review. Costs one model call,
    at most three if edits do not apply.

    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> ReviewAndRepair(ScriptedChatModel([], name="strong"))
    ReviewAndRepair('strong')
    """

    def __init__(
        self,
        model: ModelLike,
        *,
        sampling: Sampling | None = None,
        prompts: PromptSet | None = None,
    ) -> None:
        chat_model = as_chat_model(model)
        prompt_set = prompts or prompts_for(chat_model)
        if prompt_set.review_and_repair is None:
            raise InputError(
                f"prompt set {prompt_set.name!r} has no prompt for a review and repair in one "
                "call; use a Reviewer and a Refiner, or a prompt set with one, such as 'standard'."
            )
        self.model = chat_model
        self.prompts = prompt_set
        self._prompt: Prompt = prompt_set.review_and_repair
        self._refiner = Refiner(chat_model, sampling=sampling, prompts=prompt_set)

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
    ) -> Outcome:
        """Return a review and a repair of one candidate.

        Args:
            problem: The problem to solve.
            candidate: The candidate to review and repair.
            review: Ignored; present because every Refiner takes a review.
            rejected: Earlier answers that were refuted.
            tried: Earlier answers that were not refuted.
            attempt: Number of earlier repairs of this candidate.
            instruction: Text to append to the prompt.
            tests: Visible tests; those that came with the problem are shown to the model.
            evidence: Evidence to show instead of the candidate's verdict alone.
        """
        if problem.kind != "code" or candidate.program is None:
            answer = await self._refiner(
                problem, candidate, review, rejected=rejected, tried=tried, attempt=attempt
            )
            return Outcome(drafts=drafts_of(answer.choices))
        fields = {
            **repair_fields(problem, candidate, tests=tests, evidence=evidence),
            "rejected": self._refiner.format_earlier(rejected, tried, kind=problem.kind),
            "review": "Find and correct the error.",
            "header": "",
        }
        messages = self._prompt.messages(**fields)
        whole = self.prompts.refiner.messages(**fields)
        answer = await answer_with_edits(
            self.model,
            with_instruction(messages, instruction),
            with_instruction(whole, instruction),
            candidate,
            problem,
            sampling=self._refiner.temperature(attempt),
        )
        parsed = parse_review(answer.choices[0].text, candidate)
        return Outcome(drafts=drafts_of(answer.choices), reviews=(parsed,))

    @property
    def name(self) -> str:
        """The name of the operator's node."""
        return "refine"

    async def apply(self, task: Task) -> Outcome:
        """Return a review and a repair of the move's first parent."""
        return await Refine(self).apply(task)

    def __repr__(self) -> str:
        """Return the constructor call, with the model's name in place of the model."""
        return f"ReviewAndRepair({model_name(self.model)!r})"
