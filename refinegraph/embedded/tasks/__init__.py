"""Generators of small programming tasks with reference programs and hidden tests.

`generate_tasks` composes one to four of about 150 operations on integers, lists, strings, words and
dictionaries, and states them in plain English with two to four examples. The model in the package
was trained on such tasks. `graded_tasks` generates tasks of one to ten steps in many wordings, with
a chosen number of vague steps; none of its held-out tasks computes the same function as a training
task.
"""

from refinegraph.embedded.tasks.composition import OPERATIONS, Split, split_of
from refinegraph.embedded.tasks.generation import Task, generate_tasks
from refinegraph.embedded.tasks.graded import GradedTask, graded_tasks
from refinegraph.embedded.tasks.handwritten import handwritten_tasks, reference_program

__all__ = [
    "OPERATIONS",
    "GradedTask",
    "Split",
    "Task",
    "generate_tasks",
    "graded_tasks",
    "handwritten_tasks",
    "reference_program",
    "split_of",
]
