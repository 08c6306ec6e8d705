"""The bundled tasks: compositions that the model in the package never saw in training."""

from collections.abc import Iterator
from itertools import islice

from refinegraph.embedded.tasks import generate_tasks
from refinegraph.schema import Problem

SEED = 2026
_MOST = 500
_VAGUE_SHARE = 0.5


def examples() -> Iterator[Problem]:
    """Yield the tasks in the order in which the seed draws them: none is picked by hand."""
    tasks = generate_tasks(
        "held_out", count=_MOST, seed=SEED, lengths=(2, 3, 3, 4), vague_share=_VAGUE_SHARE
    )
    for task in tasks:
        yield task.labelled.problem


def example(number: int) -> Problem:
    """Return a task by its number, from 1; after the last one it begins again.

    >>> example(1).id, example(501).id
    ('held_out-2026-0', 'held_out-2026-0')
    """
    return next(islice(examples(), (number - 1) % _MOST, None))
