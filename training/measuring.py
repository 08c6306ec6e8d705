"""Call a model, run the programs that it writes, and judge them by their tests."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from langchain_core.messages import HumanMessage

from refinegraph.agents.models import Sampling, generate
from refinegraph.agents.models.providers.local_chat import LocalChatModel
from refinegraph.agents.prompts import COMPACT2, Prompt
from refinegraph.embedded.tasks import GradedTask
from refinegraph.schema import Candidate, Verdict
from refinegraph.tools.edits import EditedProgram, edit_program
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.test_cases import parse_tests
from refinegraph.tools.test_cases.checking import check_program
from training.roles import (
    header_of,
    render,
)

SEED = 70_000
"""The seed of the held-out tasks on which figures are measured."""
_CONCURRENT = 8
"""Tasks in progress at the same time: a choice."""
MAX_TOKENS = 260
"""Maximum tokens of an answer: a program of ten steps has about 110."""
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Measure:
    """A model and a sandbox that judges its programs."""

    def __init__(self, model: LocalChatModel, sandbox: Sandbox) -> None:
        self.model = model
        self.sandbox = sandbox

    async def ask(
        self, prompt: Prompt | None, *, n: int = 1, temperature: float = 0.0, **values: str
    ) -> list[str]:
        """Return n answers, each starting with the header that its prompt ended with."""
        return [text for text, _ in await self.ask_counted(prompt, n, temperature, **values)]

    async def ask_counted(
        self, prompt: Prompt | None, n: int = 1, temperature: float = 0.0, **values: str
    ) -> list[tuple[str, int]]:
        """Return n answers with their average number of tokens."""
        sampling = Sampling(temperature=temperature, seed=1, max_tokens=MAX_TOKENS)
        message = HumanMessage(render(prompt, **values))
        drafts = await generate(self.model, [message], n=n, sampling=sampling)
        tokens = drafts.usage.completion_tokens // n
        return [(choice.text.strip("\n"), tokens) for choice in drafts.choices]

    async def solve(self, task: GradedTask, *, n: int = 1, temperature: float = 0.0) -> list[str]:
        """Return programs of the Solver."""
        problem = task.labelled.problem
        return await self.ask(
            COMPACT2.solver, n=n, temperature=temperature, problem=problem.prompt,
            header=header_of(problem),
        )  # fmt: skip

    async def is_right(self, task: GradedTask, program: str) -> bool:
        """Return whether a program passes the hidden tests."""
        return (await self._verdict(task, program, task.labelled.gold.tests)).passed

    async def tried(self, task: GradedTask, program: str) -> Candidate:
        """Return a program as a candidate with the verdict of the visible tests."""
        verdict = await self._verdict(task, program, task.labelled.problem.tests)
        return Candidate(id="0.0", operator="solve", text=program, program=program, verdict=verdict)

    async def _verdict(self, task: GradedTask, program: str, tests: str) -> Verdict:
        problem = task.labelled.problem
        parsed = parse_tests(tests, entry_point=problem.entry_point)
        return await check_program(self.sandbox, program, parsed, problem=problem)


async def several(
    work: Callable[[_Item], Awaitable[_Result]], items: Iterable[_Item]
) -> list[_Result]:
    """Process the items, a few of them concurrently, and return the results in order."""
    slots = asyncio.Semaphore(_CONCURRENT)

    async def one(item: _Item) -> _Result:
        async with slots:
            return await work(item)

    return await asyncio.gather(*map(one, items))


def edited(answer: str, program: str) -> str:
    """Return a program after an edit, or the unchanged program if the edit does not apply."""
    applied = edit_program(answer, program)
    return applied.source if isinstance(applied, EditedProgram) else program
