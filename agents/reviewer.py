"""The Reviewer names the first wrong step of a candidate and the reason."""

import re
from collections.abc import Sequence
from functools import cached_property

from refinegraph.agents.evidence import Evidence
from refinegraph.agents.feedback import (
    format_evidence,
    format_steps,
    format_tests,
    format_verdict,
    solution_text,
    with_instruction,
)
from refinegraph.agents.models import Sampling, generate, model_name
from refinegraph.agents.models.model_like import ModelLike, as_chat_model
from refinegraph.agents.operators.algebra import Operator
from refinegraph.agents.operators.roles import ReviewEach
from refinegraph.agents.operators.task import Outcome, Task
from refinegraph.agents.prompts import PromptSet, prompts_for
from refinegraph.agents.protocols import Reviewed
from refinegraph.schema import EXECUTED_KINDS, Candidate, Problem, Review, VisibleTest

_FIELD = re.compile(r"^[\s>*#-]*(VERDICT|STEP|WHY|CHANGE)\**\s*:\**", re.IGNORECASE | re.MULTILINE)
_FENCE = re.compile(r"(```|~~~).*?(\1|\Z)", re.DOTALL)
_EDIT = re.compile(r"^(?:```.*\n)?<{5,}", re.MULTILINE)
"""Start of the edits in an answer that contains both a review and a repair."""
_WITHHELD = "[program omitted: reviews must not contain a full solution]"


class Reviewer(Operator):
    """Find the first wrong step of a candidate from the available evidence.

    For code, the evidence is the result of execution: the failing case, the expected and actual
    values, and the traceback limited to the candidate's own lines. For reasoning, it is the step
    scores. Models locate errors poorly but correct them well once the location is known
    (BIG-Bench Mistake, arXiv 2311.08516), so the review states the location first. Approval is
    an opinion, not proof. Costs one model call.
    """

    def __init__(
        self,
        model: ModelLike,
        *,
        sampling: Sampling | None = None,
        prompts: PromptSet | None = None,
    ) -> None:
        self.model = as_chat_model(model)
        self.sampling = sampling or Sampling(temperature=0.2)
        self.prompts = prompts or prompts_for(self.model)

    async def __call__(
        self,
        problem: Problem,
        candidate: Candidate,
        *,
        trace: str = "",
        instruction: str = "",
        tests: Sequence[VisibleTest] = (),
        evidence: Evidence | None = None,
    ) -> Reviewed:
        """Return a review of a candidate.

        Args:
            problem: The problem to solve.
            candidate: The candidate to review.
            trace: The failing case traced line by line.
            instruction: Text to append to the prompt, such as what to look for.
            tests: Visible tests; those that came with the problem are shown to the model.
            evidence: Evidence to show instead of the candidate's verdict alone.
        """
        code = problem.kind in EXECUTED_KINDS
        prompt = self.prompts.reviewer if code else self.prompts.reviewer_reasoning
        findings = _findings(candidate, evidence) if code else format_steps(candidate)
        messages = prompt.messages(
            problem=problem.prompt.strip(),
            tests=format_tests(tests),
            solution=solution_text(candidate, kind=problem.kind),
            evidence=f"{findings}\n\n{trace}" if trace else findings,
        )
        drafts = await generate(
            self.model, with_instruction(messages, instruction), sampling=self.sampling
        )
        text = drafts.choices[0].text
        return Reviewed(parse_review(text, candidate), drafts.usage)

    @property
    def name(self) -> str:
        """The name of the operator's node."""
        return "review"

    async def apply(self, task: Task) -> Outcome:
        """Return one review for each parent of the move, requested concurrently."""
        return await self._role.apply(task)

    @cached_property
    def _role(self) -> ReviewEach:
        """The operator around this agent, cached because it inspects the agent's parameters."""
        return ReviewEach(self)

    def __repr__(self) -> str:
        """Return the constructor call, with the model's name in place of the model."""
        return f"Reviewer({model_name(self.model)!r})"


def parse_review(text: str, candidate: Candidate) -> Review:
    """Parse a review leniently and remove code blocks that contain a whole program.

    A block is removed if it defines a function or has more than four lines. Text without labelled
    fields becomes the evidence of the review.

    >>> from refinegraph.schema import Candidate
    >>> wrong = Candidate(id="0.0", text="return a - b")
    >>> written = "VERDICT: wrong\\nSTEP: a - b\\nWHY: it subtracts\\nCHANGE: add"
    >>> review = parse_review(written, wrong)
    >>> review.approves, review.wrong_step, review.change
    (False, 'a - b', 'add')
    """
    prose = text[: match.start()] if (match := _EDIT.search(text)) else text
    review = _FENCE.sub(_without_programs, prose).strip()
    parts = _FIELD.split(review)
    fields = {
        name.upper(): value.strip() for name, value in zip(parts[1::2], parts[2::2], strict=True)
    }
    return Review(
        candidate_id=candidate.id,
        round=candidate.round + 1,
        approves=fields.get("VERDICT", "").lower().lstrip("*` ").startswith(("right", "correct")),
        wrong_step=fields.get("STEP", ""),
        evidence=fields.get("WHY", "" if fields else review),
        change=fields.get("CHANGE", ""),
        text=review,
    )


def _findings(candidate: Candidate, evidence: Evidence | None) -> str:
    return format_evidence(evidence) if evidence else format_verdict(candidate)


def _without_programs(block: re.Match[str]) -> str:
    # Five lines or a definition are a solution rather than a pointer to the error.
    is_program = "def " in block[0] or block[0].count("\n") > 4
    return _WITHHELD if is_program else block[0]
