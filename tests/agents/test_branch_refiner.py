"""Repairs at the token of which the author of a program was least sure."""

import asyncio
import math
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import BaseMessage

from refinegraph.agents.alternatives import alternatives_of, unused_alternatives
from refinegraph.agents.branch_refiner import BranchRefiner, branchable, reporting
from refinegraph.agents.models import (
    Choice,
    Sampling,
    ScriptedChatModel,
    TokenLogprob,
    TopLogprob,
)
from refinegraph.agents.operators import Task
from refinegraph.agents.prompts import COMPACT2
from refinegraph.agents.refiner import Refiner
from refinegraph.agents.solver import Solver
from refinegraph.graphs.nodes.parse_candidate import read_candidate
from refinegraph.graphs.refinement import refinement_graph
from refinegraph.graphs.strategies import Plan
from refinegraph.runs.runner import run_graph
from refinegraph.schema import Candidate, Move, Problem
from refinegraph.tools.sandbox import Sandbox

_PROBLEM = Problem(
    prompt="Write f(x): add 1, then double.",
    kind="code",
    entry_point="f",
    tests="assert f(1) == 4\nassert f(2) == 6",
)
_PLUS = {"1": 0.5, "2": 0.4, "3": 0.1}
_TIMES = {"2": 0.6, "3": 0.3, "4": 0.1}


def _token(text: str, **others: float) -> TokenLogprob:
    shares = {**others} or {text: 1.0}
    top = tuple(TopLogprob(other, math.log(share)) for other, share in shares.items())
    return TokenLogprob(token=text, logprob=math.log(shares[text]), top=top)


def _program(plus: str, times: str) -> Choice:
    tokens = (
        _token("def f(x):\n    x = x + "),
        _token(plus, **_PLUS),
        _token("\n    return x * "),
        _token(times, **_TIMES),
    )
    return Choice(text="".join(token.token for token in tokens), logprobs=tokens)


def _candidate(choice: Choice, id: str = "0.0") -> Candidate:
    return read_candidate(choice, _PROBLEM, id=id)


def _nothing_more(messages: Sequence[BaseMessage], sampling: Sampling) -> Choice:
    """End every line right after the alternative token."""
    return Choice(text="", finish_reason="stop")


def _task(parent: Candidate, *pool: Candidate, count: int = 1) -> Task:
    move = Move(operator="refine", parents=(parent.id,), count=count)
    return Task(problem=_PROBLEM, move=move, parents=(parent,), pool=(parent, *pool))


def _children(parent: Candidate, pool: Sequence[Candidate], *, count: int) -> list[Candidate]:
    refiner = BranchRefiner(ScriptedChatModel(_nothing_more))
    outcome = asyncio.run(refiner.apply(_task(parent, *pool, count=count)))
    return [
        read_candidate(draft, _PROBLEM, id=f"1.{len(pool) + n}", parents=(parent.id,))
        for n, draft in enumerate(outcome.drafts)
    ]


def test_alternatives_are_ordered_by_how_likely_the_model_found_them() -> None:
    found = _candidate(_program("1", "3")).alternatives
    assert [(other.token, round(other.gap, 2)) for other in found] == [
        ("2", -0.69),
        ("2", 0.22),
        ("4", 1.1),
        ("3", 1.61),
    ]


def test_a_repair_replaces_the_likeliest_token_and_keeps_the_other_lines() -> None:
    parent = _candidate(_program("1", "3"))
    (child,) = _children(parent, (), count=1)
    assert child.program == "def f(x):\n    x = x + 1\n    return x * 2"
    assert child.gap == parent.alternatives[0].gap


def test_the_model_writes_the_rest_of_the_line_after_the_token() -> None:
    model = ScriptedChatModel(" + x\n    ignored")
    outcome = asyncio.run(BranchRefiner(model).apply(_task(_candidate(_program("3", "2")))))
    assert outcome.drafts[0].choice.text == "def f(x):\n    x = x + 1 + x\n    return x * 2"
    assert model.calls[0].sampling.prefix == "def f(x):\n    x = x + 1"
    assert model.calls[0].sampling.stop == ("\n",)


def test_the_review_names_the_line_and_what_to_write() -> None:
    parent = _candidate(_program("1", "3"))
    outcome = asyncio.run(BranchRefiner(ScriptedChatModel("")).apply(_task(parent)))
    (review,) = outcome.reviews
    assert review.wrong_step == "`return x * 3`"
    assert "`return x * 2`" in review.change
    assert not review.approves


def test_every_repair_takes_the_next_alternative() -> None:
    parent = _candidate(_program("1", "3"))
    pool: list[Candidate] = []
    for _ in parent.alternatives:
        pool += _children(parent, pool, count=1)
    assert len({child.program for child in pool}) == len(parent.alternatives)
    assert not branchable()(_task(parent, *pool))
    assert _children(parent, pool, count=1) == []


def test_two_changes_are_tried_in_one_order_only() -> None:
    """All nine programs of two uncertain tokens are reached, each of them once."""
    root = _candidate(_program("1", "2"))
    pool, written = [root], [root.program]
    for parent in pool:
        children = _children(parent, pool, count=len(parent.alternatives) or 1)
        written += [child.program for child in children]
        pool += children
    assert len(written) == len(set(written)) == 9


def test_a_program_that_another_sample_wrote_already_is_not_written_again() -> None:
    parent, other = _candidate(_program("1", "3")), _candidate(_program("1", "2"), "0.1")
    assert [found.token for found in unused_alternatives(parent, [parent, other])] == [
        "2",
        "4",
        "3",
    ]


def test_answers_without_log_probabilities_have_no_alternatives() -> None:
    plain = _program("1", "3").model_copy(update={"logprobs": None})
    assert alternatives_of(plain, plain.text) == ()
    assert not branchable()(_task(_candidate(plain)))


def test_tokens_outside_the_program_and_new_lines_are_no_alternatives() -> None:
    around = Choice(
        text="Sure.\n```python\nf = 1\n```",
        logprobs=(
            _token("Sure.", **{"Sure.": 0.5, "Yes.": 0.5}),
            _token("\n```python\nf = "),
            _token("1", **{"1": 0.5, "2": 0.3, "\n": 0.2}),
            _token("\n```"),
        ),
    )
    assert [other.token for other in alternatives_of(around, "f = 1")] == ["2"]


@given(st.sampled_from(sorted(_PLUS)), st.sampled_from(sorted(_TIMES)))
def test_a_repair_changes_one_line(plus: str, times: str) -> None:
    parent = _candidate(_program(plus, times))
    for child in _children(parent, (), count=len(parent.alternatives)):
        pairs = zip(parent.text.split("\n"), child.text.split("\n"), strict=True)
        assert sum(before != after for before, after in pairs) == 1


def test_a_graph_repairs_by_branches_before_it_asks_a_reviewer() -> None:
    def script(messages: Sequence[BaseMessage], sampling: Sampling) -> Choice:
        return _nothing_more(messages, sampling) if sampling.prefix else _program("1", "3")

    async def run() -> tuple[str | None, int]:
        model = ScriptedChatModel(script)
        async with Sandbox() as sandbox:
            plan = Plan(model=model, sandbox=sandbox, prompts=COMPACT2, rounds=3)
            result = await run_graph(plan.preferring_branches().graph(
                "test", solver=plan.solver(samples=1, temperature=0.8),
                reviewer=plan.reviewer(), refiner=plan.refiner(),
            ), _PROBLEM)  # fmt: skip
        return result.answer, len(model.calls)

    answer, calls = asyncio.run(run())
    assert answer == "def f(x):\n    x = x + 1\n    return x * 2"
    assert calls == 2


def test_a_solver_reports_alternatives_and_other_agents_are_left_alone() -> None:
    solver = Solver(ScriptedChatModel(""), samples=3)
    reported = reporting(solver)
    assert isinstance(reported, Solver)
    assert (reported.samples, reported.sampling.logprobs) == (3, 5)
    assert reporting(reported) is reported


def test_a_plan_prefers_branches_only_where_its_prompts_do() -> None:
    model = ScriptedChatModel("")
    assert not Plan(model=model).preferring_branches().branches
    assert Plan(model=model, prompts=COMPACT2).preferring_branches().branches
    assert not Plan(model=model, prompts=COMPACT2, repair="edit").preferring_branches().branches
    own = Plan(model=model, prompts=COMPACT2, reviewer_model=model)
    assert not own.preferring_branches().branches
    assert not Plan(model=model, prompts=COMPACT2, kind="math").preferring_branches().branches


def test_branches_are_part_of_a_graph_built_by_hand() -> None:
    model = ScriptedChatModel("")
    graph = refinement_graph(
        solver=Solver(model), refiner=Refiner(model), branches=BranchRefiner(model)
    )
    assert "refine" in graph.get_graph().nodes
