"""The Refiner repairs a candidate as its review says."""

from collections.abc import Sequence
from functools import cached_property

from langchain_core.language_models import BaseChatModel

from refinegraph.agents.evidence import (
    describe_earlier,
    describe_repair,
    describe_verdict,
    known_header,
    solution_text,
    with_instruction,
)
from refinegraph.agents.models import Generations, Sampling, generate, model_name
from refinegraph.agents.operators.algebra import Operator
from refinegraph.agents.operators.roles import Refine
from refinegraph.agents.operators.task import Outcome, Task
from refinegraph.agents.prompts import PromptSet, prompts_for
from refinegraph.agents.solver import answer_format
from refinegraph.schema import Candidate, Problem, Review

_HOTTEST = 1.2


class Refiner(Operator):
    """Rewrite a candidate so that what its review names is mended.

    Solvers hold on to their answers even against good feedback (arXiv 2506.11930), so the
    temperature rises by `warming` with every earlier attempt on the same candidate, and the
    last answers that were tried are listed, those that execution refuted as wrong. Costs one
    model call.
    """

    def __init__(
        self,
        model: BaseChatModel,
        *,
        sampling: Sampling | None = None,
        warming: float = 0.2,
        rejected_shown: int = 3,
        prompts: PromptSet | None = None,
    ) -> None:
        self.model = model
        self.sampling = sampling or Sampling(temperature=0.4)
        self.warming = warming
        self.rejected_shown = rejected_shown
        self.prompts = prompts or prompts_for(model)

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
    ) -> Generations:
        """Return one rewritten solution.

        `rejected` are earlier answers that were refuted and `tried` those that nothing refuted;
        `attempt` counts the earlier repairs of this candidate. An `instruction` is added at the
        end of the prompt.
        """
        code = problem.kind == "code"
        prompt = self.prompts.refiner if code else self.prompts.refiner_reasoning
        messages = prompt.messages(
            problem=problem.prompt.strip(),
            solution=solution_text(candidate, kind=problem.kind),
            evidence=describe_verdict(candidate),
            review=review.text or "Find and correct the error.",
            rejected=describe_earlier(
                rejected[-self.rejected_shown :],
                tried[-self.rejected_shown :],
                kind=problem.kind,
            ),
            entry_point=problem.entry_point or "",
            header=known_header(problem) if code else "",
            repair=describe_repair(candidate),
            answer_format=answer_format(problem.kind),
        )
        asked = with_instruction(messages, instruction)
        return await generate(self.model, asked, sampling=self.temperature(attempt))

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
