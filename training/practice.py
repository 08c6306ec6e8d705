"""The model's own attempts at training tasks: mistakes of others teach less."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from refinegraph.embedded.tasks.graded import GradedTask, graded_tasks
from training.attempts import Attempt, read_attempt

KEEP = 0.35
"""The share of attempts that are right and are to be kept as they are."""
SAMPLES = 4
_TEMPERATURE = 0.9


class Practice(NamedTuple):
    """One attempt at one task of the training split, with the model's other ones."""

    task: GradedTask
    attempt: Attempt
    others: tuple[Attempt, ...]


class Writer(Protocol):
    """Writes an answer to every prompt."""

    def __call__(
        self, prompts: Sequence[str], *, temperature: float = ..., seed: int = ...
    ) -> list[str]:
        """Return the answers in the order of the prompts."""
        ...


def practice(
    write: Writer,
    path: Path,
    *,
    count: int,
    seed: int,
    steps: Sequence[int],
    vague: Sequence[int],
) -> list[Practice]:
    """Return attempts in an order that is the same every time; made once, then read from `path`."""
    tasks = list(graded_tasks("train", count=count, seed=seed, steps=steps, vague=vague))
    if not path.exists():
        fresh = path.with_suffix(".new")
        lines = (json.dumps(each) for each in sample_programs(write, tasks, seed=seed))
        fresh.write_text("".join(f"{line}\n" for line in lines))
        fresh.replace(path)
    programs = [json.loads(line) for line in path.read_text().splitlines()]
    return _chosen(tasks, programs, seed)


def sample_programs(
    write: Writer, tasks: Sequence[GradedTask], *, seed: int, samples: int = SAMPLES
) -> list[list[str]]:
    """Return the different programs that the model writes for every task."""
    from refinegraph.agents.prompts import COMPACT2
    from training.roles import header_of, render

    prompts: list[str] = []
    headers: list[str] = []
    for task in tasks:
        problem = task.labelled.problem
        headers.append(header_of(problem))
        prompts.append(render(COMPACT2.solver, problem=problem.prompt, header=headers[-1]))
    answers = [
        write(prompts, temperature=_TEMPERATURE, seed=seed * 100 + number)
        for number in range(samples)
    ]
    return [
        sorted({f"{header}{each[place]}" for each in answers})
        for place, header in enumerate(headers)
    ]


def _chosen(
    tasks: Sequence[GradedTask], programs: Sequence[Sequence[str]], seed: int
) -> list[Practice]:
    """Mix wrong attempts with as many right ones as are to be kept."""
    rng = random.Random(seed)
    wrong: list[Practice] = []
    right: list[Practice] = []
    for task, texts in zip(tasks, programs, strict=True):
        attempts = [each for text in texts if (each := read_attempt(task, text))]
        for attempt in attempts:
            others = tuple(other for other in attempts if other is not attempt)[:3]
            (right if attempt.passed else wrong).append(Practice(task, attempt, others))
    rng.shuffle(right)
    chosen = wrong + right[: round(len(wrong) * KEEP / (1 - KEEP))]
    rng.shuffle(chosen)
    return chosen
