"""The bundled tasks, which the model in the package never saw in training."""

from collections.abc import Iterator
from itertools import islice

from refinegraph.embedded.tasks import generate_tasks
from refinegraph.repl.session import Session
from refinegraph.schema import Problem, RefinementResult

FEWEST, MOST = 3, 12
"""Minimum and maximum number of tasks: enough to rule out luck, few enough to wait for."""
SEED = 2026
_MOST = 500
_VAGUE_SHARE = 0.5


def examples() -> Iterator[Problem]:
    """Yield the tasks in the order in which the seed draws them; none is picked by hand."""
    tasks = generate_tasks(
        "held_out", count=_MOST, seed=SEED, lengths=(2, 3, 3, 4), vague_share=_VAGUE_SHARE
    )
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

    Shows at least three tasks and at most twelve.
    """
    repaired = False
    while session.examples < FEWEST or (not repaired and session.examples < MOST):
        session.examples += 1
        problem = example(session.examples)
        session.say(f"\n── task {session.examples} ──\n{problem.prompt}\n", "bold")
        session.solve(problem, announced=True)
        if session.result is None:
            break
        repaired = repaired or was_repaired(session.result)
    return repaired


def was_repaired(result: RefinementResult) -> bool:
    """Whether the answer is proved and is a refinement of a candidate that failed."""
    return bool(result.solved and result.chosen and result.chosen.parent_id)
