"""The model's own attempts at training tasks, which teach it more than generated mistakes."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from refinegraph.embedded.tasks.graded import GradedTask, graded_tasks
from training.attempts import Attempt, read_attempt

KEEP = 0.35
"""The share of right attempts, which teach the model to leave a program as it is."""
SAMPLES = 4
"""Programs sampled per task: a choice."""
_TEMPERATURE = 0.9
"""High enough that the samples of a task differ; the exact value is a choice."""


class Practice(NamedTuple):
    """One attempt at a task of the training split, with other attempts by the model."""

    task: GradedTask
    attempt: Attempt
    others: tuple[Attempt, ...]


class Writer(Protocol):
    """A function that writes an answer to every prompt."""

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
    """Return attempts in a reproducible order; they are sampled once and then read from `path`."""
    tasks = list(graded_tasks("train", count=count, seed=seed, steps=steps, vague=vague))
    if not path.exists():
        fresh = path.with_suffix(".new")
        lines = (json.dumps(texts) for texts in sample_programs(write, tasks, seed=seed))
        fresh.write_text("".join(f"{line}\n" for line in lines))
        fresh.replace(path)
    programs = [json.loads(line) for line in path.read_text().splitlines()]
    return _chosen(tasks, programs, seed)


def sample_programs(
    write: Writer, tasks: Sequence[GradedTask], *, seed: int, samples: int = SAMPLES
) -> list[list[str]]:
    """Return the distinct programs that the model writes for every task."""
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
        sorted({f"{header}{sample[index]}" for sample in answers})
        for index, header in enumerate(headers)
    ]


def _chosen(
    tasks: Sequence[GradedTask], programs: Sequence[Sequence[str]], seed: int
) -> list[Practice]:
    """Combine all wrong attempts with a share of right ones."""
    rng = random.Random(seed)
    wrong: list[Practice] = []
    right: list[Practice] = []
    for task, texts in zip(tasks, programs, strict=True):
        attempts = [attempt for text in texts if (attempt := read_attempt(task, text))]
        for attempt in attempts:
            others = tuple(other for other in attempts if other is not attempt)[:3]
            (right if attempt.passed else wrong).append(Practice(task, attempt, others))
    rng.shuffle(right)
    chosen = wrong + right[: round(len(wrong) * KEEP / (1 - KEEP))]
    rng.shuffle(chosen)
    return chosen
