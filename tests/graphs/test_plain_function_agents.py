"""Plain functions as Solver, Reviewer and Refiner, sync or async, with text as their answers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from refinegraph.errors import InputError
from refinegraph.graphs import refinement_graph
from refinegraph.schema import Candidate, Problem, RefinementResult, Review

PROBLEM = Problem(prompt="Write add(a, b).", tests="assert add(1, 2) == 3")


def solver(problem: Problem) -> str:
    return "def add(a, b): return a - b"


def refiner(problem: Problem, candidate: Candidate, review: Review) -> str:
    assert review.change == "use plus" or review.text == "use plus"
    return "def add(a, b): return a + b"


def in_fields(problem: Problem, candidate: Candidate) -> str:
    return "VERDICT: wrong\nSTEP: a - b\nCHANGE: use plus"


def in_words(problem: Problem, candidate: Candidate) -> str:
    return "use plus"


async def later(problem: Problem, candidate: Candidate) -> str:
    await asyncio.sleep(0)
    return "use plus"


Reviewing = Callable[[Problem, Candidate], str | Awaitable[str]]


def solved(reviewer: Any) -> RefinementResult:
    agents: dict[str, Any] = {"solver": solver, "reviewer": reviewer, "refiner": refiner}
    graph = refinement_graph(**agents)
    result: RefinementResult = graph.invoke({"problem": PROBLEM})["result"]
    return result


@pytest.mark.parametrize("reviewer", [in_fields, in_words, later])
def test_a_reviewer_may_return_text(reviewer: Reviewing) -> None:
    result = solved(reviewer)
    assert result.solved
    assert [review.candidate_id for review in result.reviews] == ["0.0"]


def test_an_invalid_review_is_named_in_the_error() -> None:
    with pytest.raises(InputError, match=r"the reviewer returned 3 \(int\); expected text"):
        solved(lambda problem, candidate: 3)
