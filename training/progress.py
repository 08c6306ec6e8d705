"""Measure a model on held-out tasks, for comparing learning loops."""

import asyncio
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from refinegraph.agents.models.providers.local_chat import trained_model
from refinegraph.agents.prompts import COMPACT2
from refinegraph.embedded.tasks import GradedTask
from refinegraph.tools.sandbox import Sandbox
from training.measuring import Measure, edited, several

HARD_STEPS = 6
"""Tasks with at least this many steps, or half as many vague steps, are the hardest."""
_TEMPERATURE = 0.8
"""High enough that samples differ; the exact value is a choice."""


class Progress(NamedTuple):
    """The figures of a model after a round."""

    pass_1: float
    """The share of single samples that pass the hidden tests."""
    greedy: float
    """The share of likeliest answers that pass the hidden tests. If `pass_1` rises and this does
    not, the model only became more certain of the answers that it preferred before."""
    pass_k: float
    """The share of tasks for which at least one sample is right."""
    gap: float
    """`pass_k - pass_1`, the possible gain of a selector; it shrinks when a model loses
    diversity."""
    diversity: float
    """The number of distinct programs divided by the number of samples."""
    damage: float
    """The share of right programs that a review and a repair break."""
    hardest: float
    """`pass_1` on the hardest tasks."""
    fooled: float
    """Of the samples that pass the visible tests, the share that fail the hidden ones."""
    by_task: tuple[float, ...]
    """`pass_1` of every task, for paired intervals."""


class _Tried(NamedTuple):
    right: tuple[bool, ...]
    likeliest: bool
    passed: tuple[bool, ...]
    different: float
    damaged: bool | None
    hard: bool


def measure_progress(model: Path, tasks: Sequence[GradedTask], *, samples: int) -> Progress:
    """Sample from the model in a GGUF file, run the programs, and return the figures."""
    return asyncio.run(_measure(model, tasks, samples))


async def _measure(model: Path, tasks: Sequence[GradedTask], samples: int) -> Progress:
    async with Sandbox() as sandbox:
        measure = Measure(trained_model(model, label=model.stem), sandbox)
        tried = await several(lambda task: _try(measure, task, samples), tasks)
    by_task = tuple(sum(task.right) / len(task.right) for task in tried)
    hard = [share for share, task in zip(by_task, tried, strict=True) if task.hard]
    passing = [
        right for task in tried for right, ok in zip(task.right, task.passed, strict=True) if ok
    ]
    pass_1, pass_k = _mean(by_task), _mean([float(any(task.right)) for task in tried])
    return Progress(
        pass_1=pass_1,
        greedy=_mean([float(task.likeliest) for task in tried]),
        pass_k=pass_k,
        gap=pass_k - pass_1,
        diversity=_mean([task.different for task in tried]),
        damage=_mean([float(task.damaged) for task in tried if task.damaged is not None]),
        hardest=_mean(hard),
        fooled=1 - _mean(list(map(float, passing))) if passing else 0.0,
        by_task=by_task,
    )


async def _try(measure: Measure, task: GradedTask, samples: int) -> _Tried:
    [likeliest] = await measure.solve(task)
    programs = await measure.solve(task, n=samples, temperature=_TEMPERATURE)
    candidates = [await measure.tried(task, program) for program in programs]
    passed = tuple(bool(candidate.verdict and candidate.verdict.passed) for candidate in candidates)
    right = tuple([await measure.is_right(task, program) for program in programs])
    kept = next((program for program, ok in zip(programs, right, strict=True) if ok), None)
    return _Tried(
        right,
        await measure.is_right(task, likeliest),
        passed,
        len(set(programs)) / len(programs),
        None if kept is None else await _is_damaged(measure, task, kept),
        len(task.steps) >= HARD_STEPS or 2 * task.vague >= HARD_STEPS,
    )


async def _is_damaged(measure: Measure, task: GradedTask, program: str) -> bool:
    candidate = await measure.tried(task, program)
    evidence = f"It passed all {len(candidate.verdict.tests)} tests." if candidate.verdict else ""
    values = {"problem": task.labelled.problem.prompt, "solution": program, "evidence": evidence}
    [(review, _)] = await measure.ask_counted(COMPACT2.reviewer, 1, 0.0, **values)
    [(edit, _)] = await measure.ask_counted(COMPACT2.refiner_edit, 1, 0.0, review=review, **values)
    return not await measure.is_right(task, edited(edit, program))


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0
