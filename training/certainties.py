"""Measure what the certainty of a program's author tells about the program."""

from collections.abc import Sequence
from typing import NamedTuple

from refinegraph.agents import Solver
from refinegraph.agents.models import Sampling
from refinegraph.agents.prompts import COMPACT2
from refinegraph.embedded.tasks import GradedTask
from refinegraph.graphs.nodes.parse_candidate import read_candidate
from refinegraph.tools.scorers import step_certainty
from training.attempts import read_attempt
from training.figure import Figure
from training.measuring import MAX_TOKENS, Measure, several

_SAMPLES = 4
"""Samples of a task, of which the distinct ones are compared with each other: a choice."""


class Sample(NamedTuple):
    """The certainty of a program, and what is known about it."""

    value: float
    steps: tuple[float, ...]
    is_right: bool
    wrong_step: int
    """The index of its first wrong step; -1 if it is right."""

    @property
    def names_wrong_line(self) -> bool:
        """Whether the least certain line is the first wrong one; the header comes first."""
        return self.steps.index(min(self.steps)) == self.wrong_step + 1


async def measure_certainty(measure: Measure, tasks: Sequence[GradedTask]) -> list[Figure]:
    """Return the figures of `step_certainty` on samples of the model."""
    sampled = await several(lambda task: _samples(measure, task), tasks)
    firsts = [of_task[0] for of_task in sampled if of_task]  # independent of each other
    right = [sample for sample in firsts if sample.is_right]
    wrong = [sample for sample in firsts if not sample.is_right]
    pairs = [
        _above(one, other)
        for of_task in sampled
        for one in of_task
        for other in of_task
        if one.is_right and not other.is_right
    ]
    located = [float(sample.names_wrong_line) for sample in wrong]
    first = sum(sample.wrong_step == 0 for sample in wrong) / max(1, len(wrong))
    areas = [sum(_above(one, other) for other in wrong) / len(wrong) for one in right if wrong]
    return [
        Figure("step certainty", "names the first wrong line", tuple(located),
               "always the first step", first),
        Figure("step certainty", "area under the curve, over all tasks", tuple(areas), "constant",
               0.5),
        Figure("step certainty", "right program first, within a task", tuple(pairs), "guess", 0.5),
    ]  # fmt: skip


def _above(right: Sample, wrong: Sample) -> float:
    return 0.5 if right.value == wrong.value else float(right.value > wrong.value)


async def _samples(measure: Measure, task: GradedTask) -> list[Sample]:
    """Return the distinct programs of a task that follow its steps, with their certainties."""
    problem = task.labelled.problem
    sampling = Sampling(
        temperature=0.8, seed=3, max_tokens=MAX_TOKENS, logprobs=step_certainty.logprobs
    )
    solver = Solver(measure.model, samples=_SAMPLES, sampling=sampling, prompts=COMPACT2)
    samples: dict[str, Sample] = {}
    for choice in (await solver(problem)).choices:
        candidate = read_candidate(choice, problem, id="0.0")
        attempt = read_attempt(task, choice.text.strip("\n"))
        [score] = step_certainty()(problem, [candidate])
        if candidate.program is None or attempt is None or score.value is None:
            continue
        if attempt.right or attempt.wrong_step >= 0:
            samples[candidate.program] = Sample(
                score.value, score.steps, attempt.right, attempt.wrong_step
            )
    return list(samples.values())
