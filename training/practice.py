"""The model's own attempts at training tasks, run in the sandbox: mistakes of others teach less."""

import asyncio
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from langchain_core.messages import HumanMessage

from refinegraph.agents.feedback import format_verdict, solution_text
from refinegraph.agents.models import Choice, Sampling, generate
from refinegraph.agents.models.providers.local_chat import LocalChatModel
from refinegraph.agents.prompts import EMBEDDED
from refinegraph.embedded.tasks import Task, generate_tasks
from refinegraph.graphs.nodes.parse_candidate import read_candidate
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.test_cases.checking import check_program
from training.documents import Attempt, render
from training.mistakes import given_cases

LENGTHS = (1, 2, 3, 3, 4, 4)
KEEP = 0.35
"""The share of attempts that are right and are to be kept as they are."""
_SAMPLES = 4
_TEMPERATURE = 0.9
_AT_ONCE = 8


class Practice(NamedTuple):
    """One attempt at one task of the training split."""

    task: Task
    attempt: Attempt


def practice(
    model: Path, path: Path, *, tasks: int, plain_names: bool, seed: int, vague_share: float
) -> list[Practice]:
    """Return attempts in an order that is the same every time; made once, then read from `path`."""
    tried = list(
        generate_tasks(
            "train",
            count=tasks,
            seed=seed,
            lengths=LENGTHS,
            vague_share=vague_share,
            plain_names=plain_names,
        )
    )
    if not path.exists():
        found = asyncio.run(_collect(model, tried))
        fresh = path.with_suffix(".new")
        fresh.write_text("".join(f"{json.dumps(each)}\n" for each in found))
        fresh.replace(path)
    return _chosen(_read(path, tried), seed)


def _read(path: Path, tasks: Sequence[Task]) -> Iterator[Practice]:
    for line in path.read_text().splitlines():
        number, program, evidence, right = json.loads(line)
        yield Practice(tasks[number], Attempt(program, evidence, right))


def _chosen(found: Iterable[Practice], seed: int) -> list[Practice]:
    """Mix wrong attempts with as many right ones as are to be kept."""
    rng = random.Random(seed)
    attempts = list(found)
    wrong = [each for each in attempts if not each.attempt.right]
    right = [each for each in attempts if each.attempt.right]
    rng.shuffle(right)
    chosen = wrong + right[: round(len(wrong) * KEEP / (1 - KEEP))]
    rng.shuffle(chosen)
    return chosen


async def _collect(path: Path, tasks: Sequence[Task]) -> list[tuple[int, str, str, bool]]:
    model = LocalChatModel(path=path, label="in training", whole_vocabulary=True)
    found: list[tuple[int, str, str, bool]] = []
    numbered = enumerate(tasks)
    async with Sandbox() as sandbox:
        while several := list(islice(numbered, _AT_ONCE)):
            for each in await asyncio.gather(*(_try(model, sandbox, *one) for one in several)):
                found.extend(each)
    return found


async def _try(
    model: LocalChatModel, sandbox: Sandbox, number: int, task: Task
) -> list[tuple[int, str, str, bool]]:
    problem = task.labelled.problem
    prompt = HumanMessage(render(EMBEDDED.solver, problem=problem.prompt))
    sampling = Sampling(temperature=_TEMPERATURE, seed=number, max_tokens=160)
    drafts = await generate(model, [prompt], n=_SAMPLES, sampling=sampling)
    different = {choice.text: choice for choice in drafts.choices}
    return [
        (number, *(await _judged(sandbox, task, different[each]))) for each in sorted(different)
    ]


async def _judged(sandbox: Sandbox, task: Task, choice: Choice) -> tuple[str, str, bool]:
    """Run an attempt on the given tests, and word what came of it as the agents do."""
    problem = task.labelled.problem
    candidate = read_candidate(
        choice, problem, id="0.0", operator="solve", entry_point=problem.entry_point
    )
    if candidate.program is None:
        return solution_text(candidate, kind="code"), format_verdict(candidate), False
    verdict = await check_program(sandbox, candidate.program, given_cases(task), problem=problem)
    tried = candidate.model_copy(update={"verdict": verdict})
    return solution_text(tried, kind="code"), format_verdict(tried), verdict.passed
