"""Every candidate is scored once, and a failing scorer does not affect the others."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import pytest

from refinegraph.agents.models import run_scope
from refinegraph.errors import ContextTooLong, DeadlineExceeded, ModelError, ModelRequestRefused
from refinegraph.graphs.events import BranchFailed, CandidateJudged, RefinementRejected
from refinegraph.graphs.nodes.score import changed_candidates, find_rejected, score_node
from refinegraph.graphs.nodes.score import score_pool as score
from refinegraph.schema import Candidate, Decision, Frozen, Move, Problem, RejectedRefinement, Score
from refinegraph.testing import FakeSandbox, answers, candidate, programs, state, verdict
from refinegraph.tools.checkers import sandbox_checker

MATH = Problem(prompt="2 + 2?", kind="math")


class Recorder:
    """A scorer that returns a fixed value or fails, and records its candidates."""

    def __init__(self, *, alone: bool = True, unfinished: bool = False, value: float = 0.5) -> None:
        self.scores_alone = alone
        self.scores_unfinished = unfinished
        self.value = value
        self.error: Exception | None = None
        self.shown: list[list[str]] = []

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        self.shown.append([candidate.id for candidate in candidates])
        if self.error:
            raise self.error
        return [Score(scorer="recorder", value=self.value) for _ in candidates]


def values(pool: Sequence[Candidate]) -> list[list[float | None]]:
    return [[score.value for score in candidate.scores] for candidate in pool]


async def test_only_new_and_changed_candidates_are_shown_to_scorers_of_single_ones() -> None:
    alone = Recorder()
    first = await score([alone], MATH, answers("4", "5"))
    again = await score([alone], MATH, [*first.candidates, candidate("1.0", "4")], changed=["0.1"])
    assert alone.shown == [["0.0", "0.1"], ["0.1", "1.0"]]
    assert values(again.candidates) == [[0.5]] * 3
    assert again.candidates[0] is first.candidates[0]
    unchanged = await score([alone], MATH, first.candidates)
    assert unchanged.candidates == first.candidates
    assert len(alone.shown) == 2


async def test_one_scorer_of_the_whole_pool_makes_all_see_it() -> None:
    alone, together = Recorder(), Recorder(alone=False)
    first = await score([alone, together], MATH, answers("4", "5"))
    await score([alone, together], MATH, [*first.candidates, candidate("1.0", "4")])
    assert alone.shown == together.shown == [["0.0", "0.1"], ["0.0", "0.1", "1.0"]]


async def test_a_score_that_stays_the_same_is_no_change() -> None:
    alone = Recorder(alone=False)
    first = await score([alone], MATH, answers("4"))
    assert first.candidates[0].revision == answers("4")[0].revision + 1
    second = await score([alone], MATH, first.candidates)
    assert second.candidates[0] is first.candidates[0]
    alone.value = 0.75
    third = await score([alone], MATH, second.candidates)
    assert third.candidates[0].revision == first.candidates[0].revision + 1


async def test_a_failing_scorer_keeps_earlier_scores_and_does_not_affect_other_scorers() -> None:
    good, bad = Recorder(value=0.25), Recorder(alone=False, value=0.75)
    first = await score([good, bad], MATH, answers("4"))
    bad.error = ModelError("It is down.")
    later = await score([good, bad], MATH, [*first.candidates, candidate("0.1", "5")])
    assert values(later.candidates) == [[0.25, 0.75], [0.25, None]]
    assert [str(error) for error in later.errors] == ["It is down."]


@pytest.mark.parametrize(("failed_before", "asked_again"), [(True, True), (False, False)])
async def test_what_a_scorer_failed_to_score_is_asked_for_again(
    failed_before: bool, asked_again: bool
) -> None:
    alone = Recorder()
    alone.error = ModelError("It is down.")
    missed = await score([alone], MATH, answers("4"))
    alone.error = None
    again = await score([alone], MATH, missed.candidates, failed_before=failed_before)
    assert values(again.candidates) == ([[0.5]] if asked_again else [[None]])


async def test_a_refusal_is_raised_only_at_the_first_scoring() -> None:
    alone = Recorder(alone=False)
    alone.error = ModelRequestRefused("No such model.")
    with pytest.raises(ModelRequestRefused, match="No such model"):
        await score([alone], MATH, answers("4"))
    later = await score([alone], MATH, answers("4", scores=[0.5]))
    assert [type(error) for error in later.errors] == [ModelRequestRefused]


async def test_a_context_that_is_too_long_is_no_wrong_set_up() -> None:
    alone = Recorder()
    alone.error = ContextTooLong("Too long.")
    assert values((await score([alone], MATH, answers("4"))).candidates) == [[None]]


async def test_unfinished_candidates_are_shown_only_to_who_can_judge_them() -> None:
    part = candidate("0.1", "5").model_copy(update={"complete": False})
    pool = (*answers("4"), part)
    strict, lenient = Recorder(), Recorder(unfinished=True)
    found = await score([strict, lenient], MATH, pool)
    assert strict.shown == [["0.0"]]
    assert lenient.shown == [["0.0", "0.1"]]
    assert values(found.candidates) == [[0.5, 0.5], [None, 0.5]]
    alone = await score([Recorder()], MATH, [part])
    assert values(alone.candidates) == [[None]]


async def test_without_scorers_or_candidates_nothing_is_asked() -> None:
    assert (await score([], MATH, answers("4"))).candidates == answers("4")
    recorder = Recorder()
    assert (await score([recorder], MATH, ())).candidates == ()
    assert recorder.shown == []


async def test_a_scorer_that_outlasts_the_run_is_a_failure_and_not_an_error() -> None:
    async def endless(problem: Problem, candidates: Sequence[Candidate]) -> Any:
        await asyncio.Event().wait()

    with run_scope(deadline=time.monotonic()):
        found = await score([endless], MATH, answers("4"))
    assert [type(error) for error in found.errors] == [DeadlineExceeded]
    assert "time limit expired before" in str(found.errors[0])


async def test_a_time_limit_inside_a_scorer_is_an_error_of_its_own() -> None:
    alone = Recorder()
    alone.error = TimeoutError("of the scorer")
    with pytest.raises(TimeoutError, match="of the scorer"):
        await score([alone], MATH, answers("4"))


def test_changed_candidates_are_those_that_differ() -> None:
    before = answers("4", "5", "6")
    now = (before[0], before[1].model_copy(), before[2].model_copy(update={"answer": "7"}))
    assert changed_candidates(now, before) == (now[2],)


def test_a_refinement_may_lose_no_test_of_its_only_parent() -> None:
    parent = programs("f = 1", verdicts=[verdict("passed", "passed", "failed")])[0]
    worse = candidate(
        "1.0", program="f = 2", parents="0.0", verdict=verdict("failed", "failed", "passed")
    )
    better = candidate(
        "1.1", program="f = 3", parents="0.0", verdict=verdict("passed", "passed", "passed")
    )
    pool = [parent, worse, better]
    found = find_rejected([worse, better], pool, state(*pool))
    assert found == (
        RejectedRefinement(
            candidate_id="1.0",
            parent_id="0.0",
            lost=("t1", "t2"),
            reason="it fails 2 tests that 0.0 passed",
        ),
    )
    untested = worse.model_copy(update={"verdict": None})
    assert find_rejected([untested], [parent, untested], state(parent, untested))[0].lost == (
        "t1",
        "t2",
    )


def test_nothing_is_rejected_twice_nor_for_want_of_a_single_parent() -> None:
    first, second = programs("f = 1", "f = 2", verdicts=[verdict("passed"), verdict("passed")])
    child = candidate("1.0", program="f = 3", parents="0.0", verdict=verdict("failed"))
    merged = candidate("1.1", program="f = 4", parents=("0.0", "0.1"), verdict=verdict("failed"))
    pool = [first, second, child, merged]
    rejected = find_rejected([child, merged], pool, state(*pool))
    assert [rejection.candidate_id for rejection in rejected] == ["1.0"]
    assert find_rejected([child, merged], pool, state(*pool, rejected=rejected)) == ()
    assert find_rejected([child], [child], state(child)) == ()


def test_a_refinement_has_to_be_readable_where_its_parent_was() -> None:
    parent, none = answers("4", None)
    unreadable = candidate("1.0", None, parents="0.0").model_copy(update={"unusable": "no box"})
    other = candidate("1.1", None, parents="0.1")
    pool = [parent, none, unreadable, other]
    found = find_rejected([unreadable, other], pool, state(*pool))
    assert [(each.candidate_id, each.reason) for each in found] == [("1.0", "no box")]
    silent = unreadable.model_copy(update={"unusable": None})
    assert find_rejected([silent], [parent, silent], state(*pool))[0].reason == "unreadable"


@pytest.mark.parametrize("unfinished", ["0.0", "1.0"])
def test_unfinished_candidates_and_their_continuations_are_not_rejected(unfinished: str) -> None:
    parent = programs("f = 1", verdicts=[verdict("passed")])[0]
    child = candidate("1.0", program="f = 2", parents="0.0", verdict=verdict("failed"))
    pool = [each.model_copy(update={"complete": each.id != unfinished}) for each in (parent, child)]
    assert find_rejected(pool[1:], pool, state(*pool)) == ()


async def test_score_node_reports_what_it_judged_rejected_and_could_not_score() -> None:
    parent = programs("f = 1", verdicts=[verdict("passed")])[0]
    child = candidate("1.0", program="f = 2", parents="0.0", verdict=verdict("failed"))
    alone = Recorder()
    alone.error = ModelError("It is down.")
    heard: list[Frozen] = []
    node = score_node([alone], checker=sandbox_checker(FakeSandbox({})))
    before = state(parent, child, decisions=[Decision(number=4, moves=(Move(operator="refine"),))])
    with run_scope(on_event=heard.append):
        update: Any = await node(before)
    judged = [event.candidate.id for event in heard if isinstance(event, CandidateJudged)]
    assert judged == [each.id for each in update["candidates"]] == ["0.0", "1.0"]
    rejected = [event for event in heard if isinstance(event, RefinementRejected)]
    assert [(event.candidate_id, event.parent_id) for event in rejected] == [("1.0", "0.0")]
    assert [each.candidate_id for each in update["rejected"]] == ["1.0"]
    assert [event.detail for event in heard if isinstance(event, BranchFailed)] == ["It is down."]
    (failure,) = update["failures"]
    assert (failure.node, failure.turn, failure.error) == ("score", 4, "ModelError")
