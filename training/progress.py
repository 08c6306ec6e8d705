"""How good a model is at held-out tasks, in the figures by which learning loops are judged."""

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
"""Tasks of so many steps, or with half as many vague ones, count as the hardest."""
_TEMPERATURE = 0.8


class Progress(NamedTuple):
    """What a model can do after a round."""

    pass_1: float
    """The share of single samples that the hidden tests accept."""
    pass_k: float
    """The share of tasks with a right sample among all."""
    gap: float
    """`pass_k - pass_1`: what a selector could still gain; it shrinks when a model narrows."""
    diversity: float
    """Different programs by samples."""
    damage: float
    """Of right programs, the share that a review and a repair make wrong."""
    hardest: float
    """`pass_1` on the hardest tasks."""
    fooled: float
    """Of the samples that pass the visible tests, the share that the hidden ones refuse."""
    by_task: tuple[float, ...]
    """`pass_1` of every task, for paired intervals."""


class _Tried(NamedTuple):
    right: tuple[bool, ...]
    passed: tuple[bool, ...]
    different: float
    damaged: bool | None
    hard: bool


def measure_progress(model: Path, tasks: Sequence[GradedTask], *, samples: int) -> Progress:
    """Sample from the model of a GGUF file, run everything, and count."""
    return asyncio.run(_measure(model, tasks, samples))


async def _measure(model: Path, tasks: Sequence[GradedTask], samples: int) -> Progress:
    async with Sandbox() as sandbox:
        measure = Measure(trained_model(model, label=model.stem), sandbox)
        tried = await several(lambda task: _try(measure, task, samples), tasks)
    by_task = tuple(sum(each.right) / len(each.right) for each in tried)
    hard = [share for share, each in zip(by_task, tried, strict=True) if each.hard]
    passing = [
        right for each in tried for right, ok in zip(each.right, each.passed, strict=True) if ok
    ]
    pass_1, pass_k = _mean(by_task), _mean([float(any(each.right)) for each in tried])
    return Progress(
        pass_1=pass_1,
        pass_k=pass_k,
        gap=pass_k - pass_1,
        diversity=_mean([each.different for each in tried]),
        damage=_mean([float(each.damaged) for each in tried if each.damaged is not None]),
        hardest=_mean(hard),
        fooled=1 - _mean(list(map(float, passing))) if passing else 0.0,
        by_task=by_task,
    )


async def _try(measure: Measure, task: GradedTask, samples: int) -> _Tried:
    programs = await measure.solve(task, n=samples, temperature=_TEMPERATURE)
    candidates = [await measure.tried(task, program) for program in programs]
    passed = tuple(bool(each.verdict and each.verdict.passed) for each in candidates)
    right = tuple([await measure.is_right(task, program) for program in programs])
    kept = next((program for program, ok in zip(programs, right, strict=True) if ok), None)
    return _Tried(
        right,
        passed,
        len(set(programs)) / len(programs),
        None if kept is None else await _is_damaged(measure, task, kept),
        len(task.steps) >= HARD_STEPS or 2 * task.vague >= HARD_STEPS,
    )


async def _is_damaged(measure: Measure, task: GradedTask, program: str) -> bool:
    candidate = await measure.tried(task, program)
    evidence = f"It passed all {len(candidate.verdict.tests)} tests." if candidate.verdict else ""
    places = {"problem": task.labelled.problem.prompt, "solution": program, "evidence": evidence}
    [(review, _)] = await measure.ask_counted(COMPACT2.reviewer, 1, 0.0, **places)
    [(edit, _)] = await measure.ask_counted(COMPACT2.refiner_edit, 1, 0.0, review=review, **places)
    return not await measure.is_right(task, edited(edit, program))


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0
