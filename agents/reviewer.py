"""The Reviewer says which step is wrong and why."""

import re
from collections.abc import Sequence
from functools import cached_property

from langchain_core.language_models import BaseChatModel

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
from refinegraph.agents.operators.algebra import Operator
from refinegraph.agents.operators.roles import ReviewEach
from refinegraph.agents.operators.task import Outcome, Task
from refinegraph.agents.prompts import PromptSet, prompts_for
from refinegraph.agents.protocols import Reviewed
from refinegraph.schema import EXECUTED_KINDS, Candidate, Problem, Review, VisibleTest

_FIELD = re.compile(r"^[\s>*#-]*(VERDICT|STEP|WHY|CHANGE)\**\s*:\**", re.IGNORECASE | re.MULTILINE)
_FENCE = re.compile(r"(```|~~~).*?(\1|\Z)", re.DOTALL)
_EDIT = re.compile(r"^(?:```.*\n)?<{5,}", re.MULTILINE)
"""Where the edits of an answer begin that reviews and repairs at once."""
_WITHHELD = "[program omitted: reviews must not contain a full solution]"


class Reviewer(Operator):
    """Find the first wrong step of a candidate from the evidence there is.

    For code the evidence is what execution proved: the failing case, expected, got, and the
    traceback cut to the candidate's own lines; for reasoning it is the scores of the steps.
    Models find errors badly and correct them well once told where they are (BIG-Bench Mistake,
    arXiv 2311.08516), so the place comes first. Approval is an opinion and proves nothing.
    Costs one model call.
    """

    def __init__(
        self,
        model: BaseChatModel,
        *,
        sampling: Sampling | None = None,
        prompts: PromptSet | None = None,
    ) -> None:
        self.model = model
        self.sampling = sampling or Sampling(temperature=0.2)
        self.prompts = prompts or prompts_for(model)

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
        """Return a review; `trace` shows the values of the failing case line by line.

        An `instruction`, such as what to look at, is added at the end of the prompt. `tests` that
        were given are shown, and the `evidence` in place of the candidate's verdict alone.
        """
        code = problem.kind in EXECUTED_KINDS
        prompt = self.prompts.reviewer if code else self.prompts.reviewer_reasoning
        known = _known(candidate, evidence) if code else format_steps(candidate)
        messages = prompt.messages(
            problem=problem.prompt.strip(),
            tests=format_tests(tests),
            solution=solution_text(candidate, kind=problem.kind),
            evidence=f"{known}\n\n{trace}" if trace else known,
        )
        asked = with_instruction(messages, instruction)
        drafts = await generate(self.model, asked, sampling=self.sampling)
        text = drafts.choices[0].text
        return Reviewed(parse_review(text, candidate), drafts.usage)

    @property
    def name(self) -> str:
        """The name of its node."""
        return "review"

    async def apply(self, task: Task) -> Outcome:
        """Return one review for every parent of the move, all asked for at once."""
        return await self._role.apply(task)

    @cached_property
    def _role(self) -> ReviewEach:
        """The operator around this agent, whose parameters are read once."""
        return ReviewEach(self)

    def __repr__(self) -> str:
        """The call that makes it, with the model by its name."""
        return f"Reviewer({model_name(self.model)!r})"


def parse_review(text: str, candidate: Candidate) -> Review:
    """Read a review whatever its form; blocks of code longer than a few lines are withheld.

    >>> from refinegraph.schema import Candidate
    >>> wrong = Candidate(id="0.0", text="return a - b")
    >>> written = "VERDICT: wrong\\nSTEP: a - b\\nWHY: it subtracts\\nCHANGE: add"
    >>> review = parse_review(written, wrong)
    >>> review.approves, review.wrong_step, review.change
    (False, 'a - b', 'add')
    """
    prose = text[: match.start()] if (match := _EDIT.search(text)) else text
    pointed = _FENCE.sub(_without_programs, prose).strip()
    parts = _FIELD.split(pointed)
    fields = {
        name.upper(): value.strip() for name, value in zip(parts[1::2], parts[2::2], strict=True)
    }
    return Review(
        candidate_id=candidate.id,
        round=candidate.round + 1,
        approves=fields.get("VERDICT", "").lower().lstrip("*` ").startswith(("right", "correct")),
        wrong_step=fields.get("STEP", ""),
        evidence=fields.get("WHY", "" if fields else pointed),
        change=fields.get("CHANGE", ""),
        text=pointed,
    )


def _known(candidate: Candidate, evidence: Evidence | None) -> str:
    return format_evidence(evidence) if evidence else format_verdict(candidate)


def _without_programs(block: re.Match[str]) -> str:
    whole = "def " in block[0] or block[0].count("\n") > 4
    return _WITHHELD if whole else block[0]
