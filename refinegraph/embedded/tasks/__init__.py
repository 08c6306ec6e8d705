"""A family of small programming tasks, as many as wanted, with reference programs and hidden tests.

`generate_tasks` composes one to four of some 150 operations over integers, lists, strings, words
and dictionaries, and states them in plain English with two to four examples; the model in the
package was trained on these. `graded_tasks` makes tasks of one to ten steps in many wordings, with
as many vague steps as are asked for; its held-out tasks compute nothing that a trained one does.
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
