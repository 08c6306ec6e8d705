"""Review and repair a program in one call, for models that are strong enough to do both."""

from collections.abc import Sequence

from langchain_core.language_models import BaseChatModel

from refinegraph.agents.evidence import Evidence
from refinegraph.agents.feedback import (
    format_earlier,
    format_evidence,
    format_tests,
    format_verdict,
    solution_text,
    with_instruction,
)
from refinegraph.agents.models import Sampling, model_name
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

    It is a Refiner that needs no Reviewer: the prompt is read once instead of twice. The review is
    kept beside the repair, so that pages show both. For problems other than code, and candidates
    without a program, it works like a `Refiner` without a review. Costs one model call, at most
    three where edits do not apply.

    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> ReviewAndRepair(ScriptedChatModel([], name="strong"))
    ReviewAndRepair('strong')
    """

    def __init__(
        self,
        model: BaseChatModel,
        *,
        sampling: Sampling | None = None,
        prompts: PromptSet | None = None,
    ) -> None:
        chosen = prompts or prompts_for(model)
        if chosen.review_and_repair is None:
            raise InputError(
                f"the prompts {chosen.name!r} have no text for a review and repair in one call; "
                "use a Reviewer and a Refiner, or prompts with one, such as 'standard'."
            )
        self.model = model
        self.prompts = chosen
        self._prompt: Prompt = chosen.review_and_repair
        self._refiner = Refiner(model, sampling=sampling, prompts=chosen)

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
        """Return a review and a repair of one candidate; the `review` given is not read.

        Args:
            problem: What was asked.
            candidate: What to review and repair.
            review: Taken for the role's sake.
            rejected: Earlier answers that were refuted.
            tried: Earlier answers that nothing refuted.
            attempt: How many earlier repairs of this candidate there are.
            instruction: Added at the end of the prompt.
            tests: Those that were given are shown to the model.
            evidence: What is known about the candidate; its verdict alone unless given.
        """
        if problem.kind != "code" or candidate.program is None:
            made = await self._refiner(
                problem, candidate, review, rejected=rejected, tried=tried, attempt=attempt
            )
            return Outcome(drafts=drafts_of(made.choices))
        shown = self._refiner.rejected_shown
        places = {
            "problem": problem.prompt.strip(),
            "tests": format_tests(tests),
            "solution": solution_text(candidate, kind=problem.kind),
            "evidence": format_evidence(evidence) if evidence else format_verdict(candidate),
        }
        earlier = format_earlier(rejected[-shown:], tried[-shown:], kind=problem.kind)
        asked = self._prompt.messages(**places, rejected=earlier)
        whole = self.prompts.refiner.messages(
            **places,
            rejected=earlier,
            review="Find and correct the error.",
            entry_point=problem.entry_point or "",
            header="",
        )
        made = await answer_with_edits(
            self.model,
            with_instruction(asked, instruction),
            with_instruction(whole, instruction),
            candidate,
            problem,
            sampling=self._refiner.temperature(attempt),
        )
        written = parse_review(made.choices[0].text, candidate)
        return Outcome(drafts=drafts_of(made.choices), reviews=(written,))

    @property
    def name(self) -> str:
        """The name of its node."""
        return "refine"

    async def apply(self, task: Task) -> Outcome:
        """Return a review and a repair of the move's first parent."""
        return await Refine(self).apply(task)

    def __repr__(self) -> str:
        """The call that makes it, with the model by its name."""
        return f"ReviewAndRepair({model_name(self.model)!r})"
