"""The Solver proposes solutions."""

from collections.abc import Sequence
from functools import cached_property

from langchain_core.messages import BaseMessage

from refinegraph.agents.abstention import check_abstention
from refinegraph.agents.feedback import format_tests, known_header, with_instruction
from refinegraph.agents.models import Generations, Sampling, generate, model_name
from refinegraph.agents.models.model_like import ModelLike, as_chat_model
from refinegraph.agents.operators.algebra import Operator
from refinegraph.agents.operators.roles import Solve
from refinegraph.agents.operators.task import Outcome, Task
from refinegraph.agents.prompts import PromptSet, prompts_for
from refinegraph.schema import EXECUTED_KINDS, Kind, Problem, VisibleTest
from refinegraph.values import Number, check_argument

_ANSWER_FORMATS: dict[Kind, str] = {
    "code": "",
    "repository": "",
    "math": "Put the final answer in \\boxed{} on the last line.",
    "choice": "Put the letter of the right choice in \\boxed{} on the last line.",
    "text": "Give the final answer after `The answer is` on the last line.",
}


def answer_format(kind: Kind) -> str:
    """Return the sentence that tells a model where to put its final answer.

    >>> answer_format("math")
    'Put the final answer in \\\\boxed{} on the last line.'
    """
    return _ANSWER_FORMATS[kind]


class Solver(Operator):
    """Propose one or more solutions to a problem.

    Costs one model call if the provider returns several choices per call, otherwise one call per
    sample.

    >>> import asyncio
    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> from refinegraph.schema import Problem
    >>> solver = Solver(ScriptedChatModel(["first", "second"]), samples=2)
    >>> drafts = asyncio.run(solver(Problem(prompt="Write add(a, b).")))
    >>> [choice.text for choice in drafts.choices]
    ['first', 'second']
    """

    def __init__(
        self,
        model: ModelLike,
        *,
        samples: int = 1,
        sampling: Sampling | None = None,
        prompts: PromptSet | None = None,
    ) -> None:
        self.model = as_chat_model(model)
        self.samples = check_argument("Solver", "samples", samples, Number(whole=True, minimum=1))
        # Greedy decoding for a single sample; several samples need variety to be worth their cost.
        self.sampling = sampling or Sampling(temperature=0.0 if samples == 1 else 0.8)
        self.prompts = prompts or prompts_for(self.model)

    async def __call__(
        self,
        problem: Problem,
        *,
        samples: int | None = None,
        tests: Sequence[VisibleTest] = (),
        instruction: str = "",
    ) -> Generations:
        """Return `samples` proposals, showing the model those `tests` that came with the problem.

        An `instruction`, such as a persona, is appended to the prompt. Raises `ModelAbstained` if
        at least half of the answers say that the model does not know this kind of problem; only
        models trained to abstain do so.
        """
        count = self.samples if samples is None else samples
        messages = self.messages(problem, tests=tests, instruction=instruction)
        drafts = await generate(self.model, messages, n=count, sampling=self.sampling)
        check_abstention(drafts, self.prompts, self.model)
        return drafts

    def messages(
        self, problem: Problem, *, tests: Sequence[VisibleTest] = (), instruction: str = ""
    ) -> list[BaseMessage]:
        """Return the messages that ask for a solution."""
        prompt = (
            self.prompts.solver if problem.kind in EXECUTED_KINDS else self.prompts.solver_reasoning
        )
        messages = prompt.messages(
            problem=problem.prompt.strip(),
            tests=format_tests(tests),
            entry_point=problem.entry_point or "",
            header=known_header(problem) if problem.kind == "code" else "",
            answer_format=answer_format(problem.kind),
        )
        return with_instruction(messages, instruction)

    @property
    def name(self) -> str:
        """The name of the operator's node."""
        return "solve"

    async def apply(self, task: Task) -> Outcome:
        """Return as many proposals as the move requests."""
        return await self._role.apply(task)

    @cached_property
    def _role(self) -> Solve:
        """The operator around this agent, cached because it inspects the agent's parameters."""
        return Solve(self)

    def __repr__(self) -> str:
        """Return the constructor call, with the model's name in place of the model."""
        return f"Solver({model_name(self.model)!r}, samples={self.samples})"
