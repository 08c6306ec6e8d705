"""What nodes do at their boundaries: limits of steps, times of execution, kinds of problems."""

# ruff: noqa: E501

from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from refinegraph.agents import Refiner, Reviewer, Solver
from refinegraph.agents.models import Choice, ScriptedChatModel
from refinegraph.agents.operators import Draft, Task
from refinegraph.graphs import refinement_graph
from refinegraph.graphs.checkpoints import checkpoint_serializer
from refinegraph.graphs.judged_selection import knockout, listwise
from refinegraph.graphs.nodes.classify import classify
from refinegraph.graphs.nodes.execute import execute_new
from refinegraph.graphs.nodes.operate import task_of
from refinegraph.graphs.nodes.parse_candidate import entry_point_of, next_ids, read_candidate
from refinegraph.graphs.nodes.score import find_rejected, score_pool
from refinegraph.graphs.nodes.types import PendingMove
from refinegraph.graphs.policies import from_each, move, schedule
from refinegraph.graphs.policies.searching import cut_moves, expansions, scores_by_id
from refinegraph.graphs.search import search_graph
from refinegraph.graphs.stages import solve_parts, stages, subproblems
from refinegraph.graphs.stopping import rounds
from refinegraph.schema import (
    CallCase,
    Candidate,
    Decision,
    Isolation,
    Move,
    Problem,
    Score,
    Verdict,
    VisibleTest,
)
from refinegraph.testing import answers, candidate, review, state, verdict

MATH = Problem(prompt="2 + 2?", kind="math")
CODE = Problem(prompt="Write f(x) such that f(1) returns 2.", kind="code")
TEST = CallCase(id="t1", entry_point="g", arguments="(1,)", expected="2")
MOST = 40


def resumed(reply: object) -> Command[Any]:
    return Command(resume=reply)


# steps


def guess(task: Task) -> list[str]:
    return [f"The answer is {len(task.pool)}."] * task.count


@pytest.mark.parametrize("asks", [False, True])
async def test_every_limit_of_steps_ends_with_an_answer_and_leaves_none_unused(asks: bool) -> None:
    """A move takes two steps; beside them the graph needs to begin and, where it asks, to end."""
    made: list[int] = []
    for limit in range(6, 13):
        graph = search_graph(
            operators={"solve": guess, "refine": guess},
            policy=schedule(move("solve"), *[from_each("refine")] * MOST),
            checkpointer=InMemorySaver(serde=checkpoint_serializer()) if asks else None,
            interrupt_before=("accept",) if asks else (),
        )
        config: RunnableConfig = {"recursion_limit": limit, "configurable": {"thread_id": "1"}}
        values = await graph.ainvoke({"problem": MATH}, config)
        if asks:
            values = await graph.ainvoke(resumed(True), config)
        result = values["result"]
        assert result.stop_reason.rule == "steps"
        assert result.answer is not None
        made.append(len(result.candidates))
    assert made == sorted(made)
    assert made[-1] - made[0] == 3, "two steps more are one move more"
    assert made[0] >= 1


# execution


class Counting:
    """A checker that notes which programs it was given."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def __call__(
        self, problem: Problem, made: Candidate, tests: Sequence[VisibleTest]
    ) -> Verdict:
        self.seen.append(made.id)
        return verdict("passed").model_copy(update={"isolation": Isolation(tier="none")})


async def test_a_program_is_run_when_it_is_new_or_when_there_are_tests_at_last() -> None:
    early = candidate("0.0", program="f = 1").model_copy(update={"revision": 1})
    new = candidate("0.1", program="f = 2")
    run = early.model_copy(update={"id": "0.2", "verdict": verdict("passed")})
    words = candidate("0.3", "4").model_copy(update={"revision": 1})
    checker = Counting()
    await execute_new(checker, state(early, new, run, words, problem=CODE, tests=(TEST,)))
    assert checker.seen == ["0.0", "0.1"]
    untested = Counting()
    done = await execute_new(untested, state(early, new, run, problem=CODE))
    assert untested.seen == []
    assert [each.candidate.id for each in done] == ["0.1"]


# reading


def test_a_text_is_read_with_its_place_in_the_run() -> None:
    plain = read_candidate(Choice(text="The answer is 4."), MATH, id="3.7")
    assert (plain.round, plain.turn, plain.move, plain.operator) == (3, 0, 0, "solve")
    placed = read_candidate(
        Draft(Choice(text="x"), complete=False), MATH, id="1.0", turn=2, move=5, parents=["0.1"]
    )
    assert (placed.turn, placed.move, placed.parents, placed.complete) == (2, 5, ("0.1",), False)
    assert (placed.answer, placed.unusable) == (None, None)
    blank = read_candidate(Choice(text=" \n"), MATH, id="0.0")
    assert blank.unusable == "the model answered nothing"
    lost = read_candidate(Choice(text="Each gets 5.\nSo 3 and 4 remain."), MATH, id="0.0")
    assert lost.unusable == "no final answer was found in the text"


def test_ids_go_on_after_the_last_of_their_round() -> None:
    pool = [candidate(id, "4") for id in ("0.0", "0.1", "1.0", "2.0", "2.1")]
    assert next_ids(pool, round=2, count=1) == ["2.2"]
    assert next_ids(pool, round=1, count=2) == ["1.1", "1.2"]
    assert next_ids(pool, round=3, count=1) == ["3.0"]
    assert next_ids(pool[:2], round=0, count=1) == ["0.2"]


def test_the_function_is_the_problems_or_that_of_the_tests_or_of_the_statement() -> None:
    assert entry_point_of(CODE, [TEST]) == "g"
    assert entry_point_of(CODE, []) == "f"
    assert entry_point_of(CODE.model_copy(update={"entry_point": "h"}), [TEST]) == "h"
    assert entry_point_of(CODE.model_copy(update={"kind": "math"}), [TEST]) is None


# answers and scores


async def test_an_answer_gets_its_class_and_a_pool_with_nothing_new_stays_as_it_is() -> None:
    classed = await classify(MATH, answers("4", "4.0", None))
    assert classed[0].equivalence_class == classed[1].equivalence_class is not None
    assert classed[2].equivalence_class is None
    assert [each.revision for each in classed] == [1, 1, 0]
    again = await classify(MATH, classed)
    assert again == classed
    (new,) = await classify(MATH, answers("5"))
    assert new.equivalence_class is not None
    old = answers("6")
    assert await classify(MATH, old, new=()) == old
    code = [candidate("0.0", "4")]
    assert await classify(CODE, code) == tuple(code)


def test_a_score_that_is_missing_counts_as_the_worst() -> None:
    pool = [
        candidate("0.0", "1", score=0.5),
        candidate("0.1", "2"),
        candidate("0.2", "3", score=0.2),
    ]
    assert scores_by_id(pool) == {"0.0": 0.5, "0.1": 0.2, "0.2": 0.2}
    assert scores_by_id(pool[1:2]) == {"0.1": 0.0}


def test_moves_are_cut_to_what_is_left_the_last_ones_first() -> None:
    moves = expansions("refine", ["a", "b", "a"], width=2)
    assert [(each.parents, each.count) for each in moves] == [(("a",), 4), (("b",), 2)]
    assert [each.count for each in cut_moves(moves, 6)] == [4, 2]
    assert [each.count for each in cut_moves(moves, 5)] == [4, 1]
    assert [each.count for each in cut_moves(moves, 4)] == [4]
    assert cut_moves(moves, 0) == []


class Rising:
    """A scorer of single candidates that scores better with every candidate, and notes them."""

    scores_alone = True

    def __init__(self) -> None:
        self.seen: list[list[str]] = []

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        self.seen.append([each.id for each in candidates])
        return [Score(scorer="rising", value=0.5) for _ in candidates]


async def test_only_what_is_new_or_changed_is_scored_again() -> None:
    rising = Rising()
    scored = (await score_pool([rising], MATH, answers("1", "2"))).candidates
    await score_pool([rising], MATH, (*scored, *answers("1", "2", "3")[2:]), changed=["0.1"])
    assert rising.seen == [["0.0", "0.1"], ["0.1", "0.2"]]
    whole = Rising()
    whole.scores_alone = False
    await score_pool([whole], MATH, scored)
    assert whole.seen == [["0.0", "0.1"]]
    assert [each.score for each in (await score_pool([], MATH, scored)).candidates] == [None, None]


def made(id: str, *tests: Any, parent: str = "", **fields: Any) -> Candidate:
    parents = (parent,) if parent else ()
    judged = verdict(*tests) if tests else None
    return candidate(id, program=f"f = {id}", parents=parents, verdict=judged).model_copy(
        update=fields
    )


@pytest.mark.parametrize(
    ("parent", "child", "reason"),
    [
        (made("0.0", "passed", "failed"), made("1.0", "failed", "passed", parent="0.0"), "it fails 1 test that 0.0 passed"),
        (made("0.0", "passed", "passed"), made("1.0", "failed", "failed", parent="0.0"), "it fails 2 tests that 0.0 passed"),
        (made("0.0", "failed"), made("1.0", "failed", parent="0.0"), None),
        (made("0.0", "passed", "failed"), made("1.0", "passed", "passed", parent="0.0"), None),
        (made("0.0"), made("1.0", parent="0.0", program=None, unusable="no code"), "no code"),
        (made("0.0"), made("1.0", parent="0.0", program=None), "unreadable"),
        (made("0.0", program=None), made("1.0", parent="0.0", program=None), None),
        (made("0.0", "passed"), made("1.0", "failed", parent="0.0", complete=False), None),
        (made("0.0", "passed", complete=False), made("1.0", "failed", parent="0.0"), None),
        (made("0.0", "passed"), made("1.0", "failed"), None),
        (made("0.0", "passed"), made("1.0", "failed", parents=("0.0", "0.1")), None),
    ],
)  # fmt: skip
def test_a_refinement_must_keep_what_its_parent_could(
    parent: Candidate, child: Candidate, reason: str | None
) -> None:
    pool = (parent, child)
    rejected = find_rejected([child], pool, state(*pool))
    assert [each.reason for each in rejected] == ([reason] if reason else [])


# moves


def test_an_operator_sees_the_latest_reviews_of_its_parents() -> None:
    pool = [candidate("0.0", "4"), candidate("0.1", "5")]
    reviews = [
        review("0.0", round=1), review("0.0", round=2), review("0.0", round=2, number=1), review("0.1", round=1),
    ]  # fmt: skip
    at = state(*pool, problem=MATH, reviews=tuple(reviews))
    pending = PendingMove(
        move=Move(operator="refine", parents=("0.0",)), turn=1, index=0, round=3, ids=("3.0",)
    )
    task = task_of(at, pending)
    assert [(each.candidate_id, each.round, each.number) for each in task.reviews] == [
        ("0.0", 2, 0), ("0.0", 2, 1),
    ]  # fmt: skip
    assert (task.round, [each.id for each in task.parents]) == (3, ["0.0"])
    with pytest.raises(LookupError, match=r"no candidate '0\.9' among 2"):
        task_of(at, pending.model_copy(update={"move": Move(operator="refine", parents=("0.9",))}))


# choosing by a model


def judge(*values: float | None) -> Any:
    return lambda problem, pair: [Score(scorer="j", value=value) for value in values]


@pytest.mark.parametrize(
    ("first", "second", "winner"),
    [
        (0.4, 0.6, "0.1"), (0.6, 0.4, "0.0"), (0.5, 0.5, "0.0"), (None, 0.4, "0.0"), (None, 0.6, "0.1"),
        (0.4, None, "0.1"), (0.6, None, "0.0"), (None, None, "0.0"),
    ],
)  # fmt: skip
async def test_a_side_without_points_counts_as_even(
    first: float | None, second: float | None, winner: str
) -> None:
    chosen = await knockout(judge(first, second))(MATH, answers("1", "2"))
    assert (chosen.candidate_id, chosen.reason) == (
        winner,
        "it won a knockout of 2 different answers",
    )


async def test_a_list_is_shown_in_two_orders_and_ends_at_eight() -> None:
    model = ScriptedChatModel('{"best": 1}', cycle=True)
    pool = answers(*map(str, range(10)))
    chosen = await listwise(model)(MATH, pool)
    assert len(model.calls) == 2
    assert all("# Solution 8\n" in call.prompt for call in model.calls)
    assert not any("# Solution 9\n" in call.prompt for call in model.calls)
    assert chosen.reason == "it was chosen 1 of 2 times from 8 answers"
    outside = ScriptedChatModel(['{"best": 9}', '{"best": 2}'])
    second = await listwise(outside)(MATH, answers("1", "2", "3"))
    assert second.reason == "it was chosen 1 of 2 times from 3 answers"


# stages


async def test_a_problem_is_split_into_five_parts_at_most() -> None:
    listed = "\n".join(f"{number}. Part {number}?" for number in range(1, 9))
    split = subproblems(ScriptedChatModel(listed))
    task = Task(problem=MATH, move=Move(operator="solve"))
    assert [note.text for note in (await split.apply(task)).notes] == [
        f"Part {number}?" for number in range(1, 6)
    ]
    whole = await subproblems(ScriptedChatModel("There are none.")).apply(task)
    assert [note.text for note in whole.notes] == ["2 + 2?"]


@pytest.mark.parametrize(("in_turn", "sees"), [(True, True), (False, False)])
async def test_parts_see_earlier_results_only_in_turn(in_turn: bool, sees: bool) -> None:
    solver = ScriptedChatModel("The answer is 7.", cycle=True)
    each = refinement_graph(solver=Solver(solver), stop=rounds(0))
    split, then = ScriptedChatModel("1. A?\n2. B?"), ScriptedChatModel("The answer is 8.")
    graph = search_graph(
        operators={
            "solve": stages(subproblems(split), each=each, then=Solver(then), in_turn=in_turn)
        },
        policy=schedule(move("solve")),
    )
    result = (await graph.ainvoke({"problem": MATH}))["result"]
    assert result.answer == "8"
    assert [note.text for note in result.notes] == ["A?", "B?", "A? 7", "B? 7"]
    assert ("A? 7" in solver.calls[1].prompt) == sees
    assert repr(solve_parts(each)).endswith("in_turn=True)")


# a person


async def test_a_solution_of_a_person_belongs_to_the_turn_in_which_it_was_asked_for() -> None:
    graph = refinement_graph(
        solver=Solver(ScriptedChatModel("The answer is 5.", cycle=True)),
        reviewer=Reviewer(ScriptedChatModel("VERDICT: wrong", cycle=True)),
        refiner=Refiner(ScriptedChatModel("The answer is 6.", cycle=True)),
        stop=rounds(2),
        checkpointer=InMemorySaver(serde=checkpoint_serializer()),
        interrupt_before=("accept",),
    )
    thread: RunnableConfig = {"configurable": {"thread_id": "1"}}
    before = await graph.ainvoke({"problem": MATH}, thread)
    asked = Decision.model_validate(before["decisions"][-1])
    await graph.ainvoke(resumed("The answer is 4."), thread)
    after = await graph.ainvoke(resumed(True), thread)
    (person,) = [each for each in after["result"].candidates if each.operator == "person"]
    assert asked.number > 0
    assert (person.turn, after["result"].answer) == (asked.number, "4")
