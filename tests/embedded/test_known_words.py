"""The model in the package declines problems that have none of the words that it knows."""

import pytest

import refinegraph as rg
from refinegraph.embedded.scope import knows_words_of
from refinegraph.embedded.tasks import generate_tasks, handwritten_tasks
from refinegraph.embedded.tasks.outside import outside_statements
from refinegraph.errors import ModelAbstained


def test_statements_of_the_trained_kind_are_never_declined() -> None:
    tasks = generate_tasks("held_out", count=300, seed=5, lengths=(1, 2, 3), vague_share=0.5)
    statements = [task.labelled.problem.prompt for task in tasks]
    statements += [task.problem.prompt for task in handwritten_tasks()]
    assert [text for text in statements if not knows_words_of(text)] == []


def test_more_than_half_of_the_statements_outside_are_declined() -> None:
    known = sum(map(knows_words_of, outside_statements(500, seed=3)))
    assert known < 250


@pytest.mark.parametrize("statement", ["x", "Write is_leap(year).", "keep(x) == [1]"])
def test_a_problem_without_known_words_is_declined_before_a_call(statement: str) -> None:
    with pytest.raises(ModelAbstained, match="none of the words that it knows; name another"):
        rg.solve(statement, model="embedded")
