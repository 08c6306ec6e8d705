"""The bundled tasks, which the model in the package never saw in training."""

from collections.abc import Iterator
from itertools import islice

from refinegraph.embedded.tasks import graded_tasks
from refinegraph.repl.session import Session
from refinegraph.schema import Problem, RefinementResult

FEWEST, MOST = 2, 12
"""Minimum and maximum number of tasks: one that needs no repair beside one that does, and few
enough to wait for."""
SEED = 2026
_MOST = 500
"""Number of different tasks: more than anybody asks for in a session."""
_STEPS, _VAGUE = (2, 3, 4, 5, 6, 8), (0, 0, 1, 1, 2)
"""Steps of a task, and how many of them the statement leaves to the examples: from tasks that the
model usually solves at once to tasks that it rarely solves without a repair."""


def examples() -> Iterator[Problem]:
    """Yield the tasks in the order in which the seed draws them; none is picked by hand."""
    tasks = graded_tasks("held_out", count=_MOST, seed=SEED, steps=_STEPS, vague=_VAGUE, plain=True)
    for task in tasks:
        yield task.labelled.problem


def example(number: int) -> Problem:
    """Return a task by its number, from 1; after the last one, counting starts again.

    >>> example(1).id, example(501).id
    ('held_out-2026-0', 'held_out-2026-0')
    """
    return next(islice(examples(), (number - 1) % _MOST, None))


def tour(session: Session) -> bool:
    """Solve tasks in order until a failing answer was repaired; return whether one was.

    Shows at least two tasks and at most twelve.
    """
    repaired = False
    while session.examples < FEWEST or (not repaired and session.examples < MOST):
        session.examples += 1
        problem = example(session.examples)
        session.say(f"\n── task {session.examples} ──\n{problem.prompt}\n", "bold")
        session.say(f"must pass: {'; '.join(_calls(problem.tests))}\n", "dim")
        session.solve(problem, announced=True)
        if session.result is None:
            break
        repaired = repaired or was_repaired(session.result)
    return repaired


def _calls(tests: str) -> Iterator[str]:
    """Yield the tests without the keyword, as the statement shows its examples."""
    for line in tests.splitlines():
        yield line.removeprefix("assert ")


def was_repaired(result: RefinementResult) -> bool:
    """Whether the answer is proved and is a refinement of a candidate that failed."""
    return bool(result.solved and result.chosen and result.chosen.parent_id)
