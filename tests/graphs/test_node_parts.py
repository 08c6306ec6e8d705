"""Decisions of single nodes, without a graph."""

from typing import Any

import pytest

from refinegraph.agents.models import run_scope
from refinegraph.errors import InputError, ModelError
from refinegraph.graphs.events import Decided, NodeStarted, Spent, TestsKnown
from refinegraph.graphs.nodes.execute import execute_new
from refinegraph.graphs.nodes.human import interrupt_points, prefer_human
from refinegraph.graphs.nodes.route import (
    Router,
    begin,
    pending_moves,
    repository_tests,
    visible_tests,
)
from refinegraph.graphs.nodes.select import choose_answer, select_node, summarise
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.stopping import rounds
from refinegraph.schema import (
    CallCase,
    CaseOutcome,
    Decision,
    Failure,
    Frozen,
    Move,
    Problem,
    Repository,
    Selection,
    StopReason,
    Usage,
)
from refinegraph.testing import (
    FakeSandbox,
    answers,
    candidate,
    programs,
    sandbox_failure,
    state,
    verdict,
)
from refinegraph.tools.checkers import sandbox_checker

TEST = CallCase(id="t1", entry_point="f", arguments="(1,)", expected="2")
GUESS = TEST.model_copy(update={"id": "g1", "origin": "generated"})
CODE = Problem(prompt="Write f.", kind="code", entry_point="f")
MATH = Problem(prompt="1 + 1?", kind="math")
SOLVE = Move(operator="solve")


# execute


async def executed(*pool: Any, tests: tuple[CallCase, ...] = (TEST,)) -> tuple[list[Any], int]:
    sandbox = FakeSandbox({"good": True})
    at = state(*pool, problem=CODE, tests=tests)
    return await execute_new(sandbox_checker(sandbox), at), len(sandbox.runs)


async def test_new_programs_are_run_once() -> None:
    fresh = candidate("0.0", program="good = 1")
    runs, count = await executed(fresh)
    assert count == 1
    assert runs[0].candidate.verdict.passed
    assert runs[0].candidate.revision == 1
    assert runs[0].isolation.tier == "none"
    assert (await executed(runs[0].candidate)) == ([], 0)


async def test_programs_that_are_older_than_the_tests_are_run_now() -> None:
    old = candidate("0.0", program="good = 1").model_copy(update={"revision": 3})
    runs, count = await executed(old)
    assert (count, runs[0].candidate.revision) == (1, 4)
    assert await executed(old, tests=()) == ([], 0)
    generated = old.model_copy(update={"generated_passed": ()})
    assert await executed(generated) == ([], 0)
    unreadable = candidate("0.1", unusable="none").model_copy(update={"revision": 1})
    assert await executed(unreadable) == ([], 0)


async def test_candidates_without_program_or_tests_are_only_revised() -> None:
    for pool, tests in (
        (candidate("0.0", unusable="none"), (TEST,)),
        (candidate("0.0", program="good = 1"), ()),
    ):
        runs, count = await executed(pool, tests=tests)
        assert count == 0
        assert (runs[0].candidate.verdict, runs[0].isolation) == (None, None)
        assert runs[0].candidate.revision == 1


async def test_generated_tests_alone_are_no_verdict() -> None:
    program = candidate("0.0", program="good = 1")
    (run,), _ = await executed(program, tests=(GUESS,))
    assert run.candidate.verdict is None
    assert run.candidate.generated_passed == ("g1",)
    (both,), _ = await executed(program, tests=(TEST, GUESS))
    assert both.candidate.verdict.passed_ids == {"t1", "g1"}


# route


def test_a_run_begins_once_with_its_visible_tests() -> None:
    heard: list[Frozen] = []
    with run_scope(on_event=heard.append):
        opening: Any = begin(state(problem=CODE.model_copy(update={"tests": "assert f(1) == 2"})))
    assert [test.id for test in opening["tests"]] == ["t1"]
    assert opening["initial_problem"] is not None and opening["started"]
    assert [type(event) for event in heard] == [TestsKnown]
    later = state(problem=CODE).model_copy(update={"started": 1.0})
    assert begin(later) == {}
    with run_scope(on_event=heard.append):
        none: Any = begin(state(problem=CODE))
    assert none["tests"] == ()
    assert len(heard) == 1
    known: Any = begin(state(problem=CODE, tests=(GUESS,)))
    assert known["tests"] == (GUESS,)


def test_tests_are_given_or_the_examples_of_code() -> None:
    shown = Problem(prompt="Write f.\n>>> f(1)\n2", kind="code", entry_point="f")
    assert [test.origin for test in visible_tests(shown)] == ["statement"]
    assert visible_tests(shown.model_copy(update={"kind": "math"})) == ()
    unnamed = Problem(prompt="def g(x):\n    '''\n    >>> g(1)\n    2\n    '''", kind="code")
    assert [test.entry_point for test in visible_tests(unnamed)] == ["g"]  # type: ignore[union-attr]
    given = shown.model_copy(update={"tests": "assert f(3) == 4"})
    assert [test.origin for test in visible_tests(given)] == ["given"]


def test_a_checkout_is_tested_by_what_fails_and_by_its_suite() -> None:
    failing = (CaseOutcome(id="a", status="failed"), CaseOutcome(id="b", status="error"))
    for passing, expected in ((1, ["a", "b", "suite"]), (0, ["a", "b"])):
        repository = Repository(
            root="/r", digest="d", command="pytest", failing=failing, passing=passing
        )
        assert [test.id for test in repository_tests(repository)] == expected


def test_moves_get_the_ids_of_their_candidates() -> None:
    at = state(*answers("1", "2"))
    decision = Decision(number=3, round=0, moves=(Move(operator="a", count=2), Move(operator="b")))
    pending = pending_moves(at, decision)
    assert [(each.move.operator, each.index, each.turn) for each in pending] == [
        ("a", 0, 3),
        ("b", 1, 3),
    ]
    assert [each.ids for each in pending] == [("0.2", "0.3"), ("0.4",)]
    later = pending_moves(at, decision.model_copy(update={"round": 2}))
    assert [each.ids for each in later] == [("2.0", "2.1"), ("2.2",)]


def router(policy: Any, **fields: Any) -> Router:
    given: dict[str, Any] = {
        "stop": None,
        "operators": ["solve", "refine"],
        "proposing": ["solve"],
        **fields,
    }
    return Router(policy=policy, **given)


async def test_a_router_asks_its_rule_before_its_policy() -> None:
    asked: list[int] = []

    def policy(at: Any) -> Move:
        asked.append(at.round)
        return SOLVE

    made = state(*answers("1"), round=1).model_copy(update={"progress": 0, "started": 1.0})
    heard: list[Frozen] = []
    with run_scope(on_event=heard.append):
        route = await router(policy, stop=rounds(2))(made)
    assert route.decision.moves == (SOLVE,)
    assert route.update.get("decisions") == (route.decision,)
    assert route.update.get("round") == 1
    assert [event.decision for event in heard if isinstance(event, Decided)] == [route.decision]
    stopped = await router(policy, stop=rounds(1))(made)
    assert stopped.decision.stop_reason is not None
    assert stopped.decision.stop_reason.rule == "rounds"
    out = await router(policy)(state(), steps_left=False)
    assert out.decision.stop_reason is not None
    assert out.decision.stop_reason.rule == "steps"
    assert asked == [1]


async def test_a_router_counts_time_from_the_start_of_the_run() -> None:
    begun = state(problem=MATH).model_copy(update={"started": 1.0, "elapsed": 5.0})
    route = await router(lambda _: SOLVE)(begun)
    assert route.update.get("elapsed", 0) > 1e9
    kept = begun.model_copy(update={"elapsed": 1e12})
    assert (await router(lambda _: SOLVE)(kept)).update.get("elapsed") == 1e12
    fresh = await router(lambda _: SOLVE)(state(problem=MATH))
    assert 0 <= fresh.update.get("elapsed", -1) < 60


async def test_moves_to_unknown_operators_are_refused() -> None:
    with pytest.raises(InputError, match="the operator 'dance'"):
        await router(lambda _: Move(operator="dance"))(state())


def failed(kind: Any, move: int = 0, error: str = "ModelRequestRefused") -> Failure:
    return Failure(
        kind=kind, node="solve", round=0, candidate_id=None, detail="slow down", turn=0,
        move=move, error=error,
    )  # fmt: skip


async def test_a_run_in_which_every_model_failed_ends_with_the_models_error() -> None:
    moves = (SOLVE, Move(operator="refine"))
    begun = state(problem=MATH, decisions=[Decision(moves=moves)])

    async def outcome(*failures: Failure, pool: Any = ()) -> str:
        at = begun.model_copy(update={"failures": failures, "candidates": pool})
        try:
            route = await router(lambda _: STOP)(at)
        except ModelError as error:
            return f"{type(error).__name__}: {error}"
        return route.decision.stop_reason.rule if route.decision.stop_reason else "goes on"

    assert await outcome(failed("model")) == "ModelRequestRefused: slow down"
    assert await outcome(failed("model"), pool=answers("1")) == "exhausted"
    assert await outcome(failed("model", error="Gone")) == "ModelError: slow down"
    assert await outcome(failed("deadline")) == "budget"
    assert await outcome(failed("model", move=1)) == "failed"
    assert await outcome(failed("model"), failed("deadline")) == "budget"


STOP = StopReason(rule="mine", detail="enough")


# select


async def test_only_complete_candidates_in_the_running_are_chosen_from() -> None:
    unfinished = candidate("0.0", "4", score=1.0).model_copy(update={"complete": False})
    pool = (unfinished, candidate("0.1", "5", score=0.1))
    assert (await choose_answer(best_of(), state(*pool))).candidate_id == "0.1"
    nothing = await choose_answer(best_of(), state(unfinished))
    assert (nothing.candidate_id, nothing.reason) == (None, "no candidate was completed")
    with pytest.raises(InputError, match=r"the selector returned '0\.0'; expected a Selection"):
        await choose_answer(lambda problem, candidates: "0.0", state(*answers("4")))  # type: ignore[arg-type,return-value]


@pytest.mark.parametrize(
    ("made", "tests", "solved"),
    [
        (programs("f = 1", verdicts=[verdict("passed")]), (TEST,), True),
        (programs("f = 1", verdicts=[verdict("failed")]), (TEST,), False),
        (programs("f = 1"), (TEST,), False),
        (programs("f = 1", verdicts=[sandbox_failure()]), (TEST,), None),
        (programs("f = 1", verdicts=[verdict("passed")]), (GUESS,), None),
        (programs("f = 1", verdicts=[verdict("passed")]), (), True),
        (programs("f = 1", verdicts=[verdict("failed")]), (), False),
        (programs("f = 1"), (), None),
        ((), (TEST,), False),
    ],
)
def test_an_answer_is_solved_refuted_or_unproved(
    made: Any, tests: tuple[CallCase, ...], solved: bool | None
) -> None:
    choice = Selection(candidate_id="0.0" if made else None, reason="r")
    result = summarise(state(*made, problem=CODE, tests=tests), choice, strategy="s")
    assert result.solved is solved
    assert result.answer == ("f = 1" if made else None)
    assert result.stop_reason.rule == "unfinished"


async def test_the_select_node_adds_what_the_selector_cost() -> None:
    heard: list[Frozen] = []
    at = state(*answers("4"), usage=Usage(llm_calls=2)).model_copy(update={"elapsed": 1.23456})
    with run_scope(on_event=heard.append):
        update: Any = await select_node(best_of(), strategy="mine", seed=7)(at)
    result = update["result"]
    assert result is not None
    assert (result.answer, result.strategy, result.seed) == ("4", "mine", 7)
    assert (result.usage.llm_calls, result.usage.wall_seconds) == (2, 1.235)
    assert update["usage"] == Usage()
    assert [type(event) for event in heard] == [NodeStarted]
    assert Spent not in map(type, heard)


# a person


def test_what_a_person_wrote_is_taken_unless_it_is_refuted() -> None:
    def by_person(id: str, **fields: Any) -> Any:
        return candidate(id, **fields).model_copy(update={"operator": "person"})

    choose: Any = prefer_human(best_of())
    first, second = by_person("0.1", answer="5"), by_person("0.2", answer="6")
    assert choose(MATH, [*answers("4"), first, second]).candidate_id == "0.2"
    wrong = by_person("0.3", program="f = 1", verdict=verdict("failed"))
    right = by_person("0.4", program="f = 2", verdict=verdict("passed"))
    assert choose(CODE, [right, wrong]).candidate_id == "0.4"
    assert choose(CODE, [right, wrong]).reason == "a person wrote it"
    assert choose(CODE, [wrong, *programs("f = 3")]).candidate_id is not None
    assert choose(MATH, [*answers("4"), by_person("0.5", answer=None)]).candidate_id == "0.0"
    assert repr(choose) == "prefer_human(best_of())"


def test_interrupt_points_are_named_once_and_known() -> None:
    assert interrupt_points(["accept", "refine", "accept"]) == ("accept", "refine")
    with pytest.raises(
        InputError, match="unknown interrupt point 'solve'; expected one of: refine, accept"
    ):
        interrupt_points(["solve"])
