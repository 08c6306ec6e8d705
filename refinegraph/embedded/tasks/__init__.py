"""A family of small programming tasks, as many as wanted, with reference programs and hidden tests.

Every task is composed of one to four of some 120 operations over integers, lists, strings, words
and dictionaries, and stated in plain English with two to four examples. A composition belongs to
one split by its name alone, so that held-out tasks are new to a model trained on the others.
"""

from refinegraph.embedded.tasks.composition import OPERATIONS, Split, split_of
from refinegraph.embedded.tasks.generation import Task, generate_tasks
from refinegraph.embedded.tasks.handwritten import handwritten_tasks, reference_program

__all__ = [
    "OPERATIONS",
    "Split",
    "Task",
    "generate_tasks",
    "handwritten_tasks",
    "reference_program",
    "split_of",
]
