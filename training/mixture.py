"""The roles on which tasks are trained, and their frequencies."""

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from refinegraph.embedded.tasks.graded import GradedTask, graded_tasks
from refinegraph.embedded.tasks.naming import free_header
from refinegraph.embedded.tasks.outside import outside_statements
from refinegraph.embedded.tasks.sentences import imperative
from training.attempts import Attempt, reference, spoiled
from training.branches import Tree
from training.practice import Practice
from training.roles import TRACES, TaskTree, lessons_of, outside, step_lines

OUTSIDE_SHARE = 0.05
"""Statements outside the model's scope, per task: they are short, and all have the same answer."""
STEP_SHARE = 0.02
"""Tasks for the role that writes one line, per other task: each has several lines to write."""
UNCLEAR_SHARE = 0.08
"""The share of short tasks with an unclear statement, for which the model must use the examples."""


class Mixture(NamedTuple):
    """The tasks of a phase, and the share of tasks on which each role is trained."""

    steps: tuple[int, ...]
    """The possible numbers of steps."""
    vague: tuple[int, ...] = (0, 0, 1, 2)
    plan: float = 0.0
    tests: float = 0.0
    lesson: float = 0.0
    """The share of tasks with a vague step in which lessons are shown."""
    judged: float = 0.0
    """The share of tasks whose attempts are judged, reviewed and repaired."""
    several: float = 0.0
    """The share of tasks with several attempts, which are compared and combined into one
    program."""
    keep: float = 0.35
    """The share of attempts that are right."""
    own: float = 0.0
    """The share of attempts that the model wrote; all others are generated."""


def draw_trees(
    mixture: Mixture, number: int, *, count: int, own: Sequence[Practice] = ()
) -> list[Tree]:
    """Return the trees of one chunk; equal arguments give equal trees."""
    rng = random.Random(f"mixture {number}")
    tasks = graded_tasks(
        "train", count=count, seed=3_000 + number, steps=mixture.steps, vague=mixture.vague
    )
    trees: list[Tree] = []
    for index, task in enumerate(tasks, start=number * count):
        if own and rng.random() < mixture.own * mixture.judged:
            trees.append(_practised(own[index % len(own)], mixture, rng))
        trees.append(_of_task(task, mixture, rng))
    trees += map(outside, outside_statements(round(count * OUTSIDE_SHARE), seed=number))
    trees += _step_trees(mixture, number, max(1, round(count * STEP_SHARE)), rng)
    rng.shuffle(trees)
    return trees


def _step_trees(mixture: Mixture, number: int, count: int, rng: random.Random) -> Iterator[Tree]:
    """Yield trees for the role that writes the line of one step, drawn from separate tasks."""
    tasks = graded_tasks("train", count=count, seed=9_000_000 + number, steps=mixture.steps)
    for task in tasks:
        yield step_lines(task.steps, [imperative(step, "", rng) for step in task.steps])


def _of_task(task: GradedTask, mixture: Mixture, rng: random.Random) -> Tree:
    roles = TaskTree(task, prompt=_prompt(task, rng))
    roles.solve()
    if rng.random() < mixture.plan:
        roles.plan()
    if rng.random() < mixture.tests and len(task.steps) <= 4:
        roles.write_tests(rng)
    if task.vague and rng.random() < mixture.lesson:
        roles.learn_from(lessons_of(task, rng))
    if rng.random() < mixture.judged * (1 - mixture.own):
        _judge(roles, _attempt(task, mixture, rng), rng)
    if rng.random() < mixture.several:
        attempts = [_attempt(task, mixture, rng) for _ in range(rng.choice((2, 3, 3, 4)))]
        _several(roles, [attempt for attempt in attempts if attempt], rng)
    return roles.tree


def _practised(practice: Practice, mixture: Mixture, rng: random.Random) -> Tree:
    roles = TaskTree(practice.task)
    _judge(roles, practice.attempt, rng)
    if rng.random() < mixture.several:
        _several(roles, [practice.attempt, *practice.others], rng)
    return roles.tree


def _judge(roles: TaskTree, attempt: Attempt | None, rng: random.Random) -> None:
    """Add the roles that judge and repair one attempt."""
    if attempt is None:
        return
    if rng.random() < 0.5:
        roles.is_true(attempt)
    if rng.random() < 0.2:
        roles.score(attempt)
    if rng.random() < 0.15:
        roles.review_unseen(attempt)
    trace = rng.choice(TRACES) if rng.random() < 0.6 else ""
    if rng.random() < 0.6:
        roles.review(attempt, trace=trace, whole=rng.random() < 0.1)
    if rng.random() < 0.6:
        roles.edit(attempt, trace=trace)
    if rng.random() < 0.2:
        roles.judge_steps(attempt)


def _several(roles: TaskTree, attempts: Sequence[Attempt], rng: random.Random) -> None:
    """Add the roles that compare and combine several attempts."""
    right = [attempt for attempt in attempts if attempt.right] or [reference(roles.task)]
    wrong = [attempt for attempt in attempts if not attempt.right]
    if wrong:
        pair = [right[0], wrong[0]]
        rng.shuffle(pair)
        roles.compare(*pair)
    if len(attempts) > 1:
        roles.synthesise(attempts)


def _attempt(task: GradedTask, mixture: Mixture, rng: random.Random) -> Attempt | None:
    return reference(task) if rng.random() < mixture.keep else spoiled(task, rng)


def _prompt(task: GradedTask, rng: random.Random) -> str | None:
    """Occasionally return an unclear statement, for tasks whose examples are sufficient."""
    if len(task.steps) > 2 or len(task.examples) < 2 or rng.random() > UNCLEAR_SHARE:
        return None
    description, _, examples = task.labelled.problem.prompt.partition("\n")
    if not examples.startswith(f"{task.name}("):
        return None
    call = f"{task.name}({', '.join(task.arguments)})"
    if rng.random() < 0.3 or call not in description:
        return (
            f"{rng.choice(('Write', 'Guess', 'Complete', 'See the examples:'))} {call}.\n{examples}"
        )
    words = [_other(word, rng) if "(" not in word else word for word in description.split(" ")]
    return f"{' '.join(words)}\n{examples}"


def _other(word: str, rng: random.Random) -> str:
    """Replace a third of the words with invented ones."""
    if rng.random() > 0.35 or not word.isalpha():
        return word
    return free_header("text", rng).name.replace("_", " ")
