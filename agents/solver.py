"""The Solver proposes solutions."""

from collections.abc import Sequence

from langchain_core.language_models import BaseChatModel

from refinegraph.agents.evidence import describe_tests, known_header
from refinegraph.agents.models import Generations, Sampling, generate
from refinegraph.agents.prompts import PromptSet, prompts_for
from refinegraph.schema import Kind, Problem, VisibleTest

_ANSWER_FORMATS: dict[Kind, str] = {
    "code": "",
    "math": "Put the final answer in \\boxed{} on the last line.",
    "choice": "Put the letter of the right choice in \\boxed{} on the last line.",
    "text": "Give the final answer after `The answer is` on the last line.",
}


def answer_format(kind: Kind) -> str:
    """Say where the final answer of a problem goes.

    >>> answer_format("math")
    'Put the final answer in \\\\boxed{} on the last line.'
    """
    return _ANSWER_FORMATS[kind]


class Solver:
    """Propose solutions to a problem, several at a time.

    Costs one model call where the provider returns several choices a call, else one a sample.

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
        model: BaseChatModel,
        *,
        samples: int = 1,
        sampling: Sampling | None = None,
        prompts: PromptSet | None = None,
    ) -> None:
        self.model = model
        self.samples = samples
        self.sampling = sampling or Sampling(temperature=0.0 if samples == 1 else 0.8)
        self.prompts = prompts or prompts_for(model)

    async def __call__(
        self,
        problem: Problem,
        *,
        samples: int | None = None,
        tests: Sequence[VisibleTest] = (),
    ) -> Generations:
        """Return that many proposals; `tests` that were given are shown to the model."""
        prompt = self.prompts.solver if problem.kind == "code" else self.prompts.solver_reasoning
        messages = prompt.messages(
            problem=problem.prompt.strip(),
            tests=describe_tests(tests),
            entry_point=problem.entry_point or "",
            header=known_header(problem),
            answer_format=answer_format(problem.kind),
        )
        wanted = self.samples if samples is None else samples
        return await generate(self.model, messages, n=wanted, sampling=self.sampling)
