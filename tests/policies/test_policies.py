"""The distinctive behaviour of every policy."""

import math
from collections import Counter
from random import Random
from typing import Any

import pytest
from searches import PROBLEM, candidate, make, run, state_of

from refinegraph.agents.models import RetryPolicy, ScriptedChatModel
from refinegraph.agents.operators import Task
from refinegraph.errors import ModelRequestRefused
from refinegraph.graphs.policies import (
    FirstWave,
    ab_mcts,
    archive,
    bandit,
    beam,
    best_first,
    each_with_others,
    from_all,
    from_each,
    is_complete,
    move,
    particles,
    schedule,
    supervised,
    systematic,
    tournament,
    uct,
)
from refinegraph.graphs.policies.candidate_tree import tree_of
from refinegraph.graphs.policies.monte_carlo import best_child
from refinegraph.graphs.policies.particle_filter import particles_of
from refinegraph.graphs.policies.supervisor import progress_report
from refinegraph.graphs.policies.waves import Wave
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Candidate, Decision, Feature, Move, Problem, StopReason


def parents_of(choice: Any) -> list[tuple[str, ...]]:
    moves = choice.moves if isinstance(choice, Decision) else choice
    return [move.parents for move in moves]


# schedule


async def test_a_debate_shows_everyone_the_answers_of_the_others() -> None:
    debate = schedule(
        move("solve", count=3), each_with_others("refine"), each_with_others("refine")
    )
    state = await run(debate)
    assert [len(decision.moves) for decision in state.decisions] == [1, 3, 3, 0]
    assert parents_of(state.decisions[1]) == [
        ("0.0", "0.1", "0.2"),
        ("0.1", "0.0", "0.2"),
        ("0.2", "0.0", "0.1"),
    ]
    assert parents_of(state.decisions[2])[0] == ("1.0", "1.1", "1.2")


async def test_waves_take_the_best_or_all_candidates_and_empty_waves_are_skipped() -> None:
    first = [candidate("0.0", 0.1), candidate("0.1", 0.9), candidate("0.2", 0.5)]
    state = state_of(*first)
    assert parents_of(from_each("refine", best=2)(state)) == [("0.1",), ("0.2",)]
    assert parents_of(from_all("merge")(state)) == [("0.0", "0.1", "0.2")]
    course = schedule(from_all("merge"), lambda state: [], move("solve"))
    ended = await run(course)
    assert [decision.moves for decision in ended.decisions] == [(Move(operator="solve"),), ()]


async def test_a_schedule_begins_with_its_first_wave_whatever_came_before() -> None:
    state = await run(FirstWave(schedule(from_all("merge")), samples=2))
    assert [each.operator for each in state.candidates] == ["solve", "solve", "merge"]
    other = Decision(moves=(move("solve"),), features=(Feature(name="menu again", value=1),))
    choice = await schedule(move("refine"), move("merge"))(
        state_of(candidate("0.0"), decisions=[other])
    )
    assert isinstance(choice, Decision)
    assert choice.moves == (move("refine"),)


async def test_the_last_wave_of_a_chain_is_the_output_of_its_last_stage() -> None:
    def draft(task: Task) -> str:
        return "a draft"

    state = await run(
        schedule(move("solve"), from_each("refine")),
        operators={"solve": draft, "refine": make},
        candidates=[candidate("0.0"), candidate("0.0.1", 0.5, "0.0")],
    )
    assert parents_of(state.decisions[1]) == [("0.0.1",), ("0.1",)]


# uct


LOPSIDED = [candidate("0.0", 0.9), candidate("0.1", 0.2), candidate("1.0", 0.8, "0.0")]


@pytest.mark.parametrize(("explore", "expected"), [(0.0, "1.0"), (5.0, "0.1")])
def test_exploration_prefers_rarely_tried_branches(explore: float, expected: str) -> None:
    policy = uct("refine", explore=explore, roots=2, width=1)
    assert parents_of(policy(state_of(*LOPSIDED))) == [(expected,)]


def test_virtual_loss_spreads_a_batch() -> None:
    first = [candidate("0.0", 0.9), candidate("0.1", 0.8), candidate("0.2", 0.1)]
    greedy = uct("refine", explore=0.0, roots=3, batch=2)
    assert greedy(state_of(*first)) == [move("refine", "0.0"), move("refine", "0.1")]
    once = uct("refine", explore=0.0, roots=3)
    assert once(state_of(*first)) == [move("refine", "0.0")]


def test_an_expansion_in_flight_counts_as_the_worst_score_and_no_less() -> None:
    close = [candidate("0.0", 0.9), candidate("0.1", 0.8)]
    policy = uct("refine", explore=0.0, roots=2, batch=2)
    assert policy(state_of(*close)) == [move("refine", "0.0", count=2)]


def test_best_child_is_the_value_of_mcts_self_refine() -> None:
    children = [candidate("1.0", 0.2, "0.0"), candidate("1.1", 0.8, "0.0")]
    tree = tree_of(state_of(candidate("0.0", 0.4), *children))
    tree.value_nodes(best_child)
    assert [node.value for node in tree.nodes] == [pytest.approx(0.6), 0.2, 0.8]
    tree.value_nodes(lambda node: float(len(node.children)))
    assert [node.value for node in tree.nodes] == [2.0, 0.0, 0.0]


def test_without_a_width_any_candidate_may_be_widened() -> None:
    line = [candidate("0.0", 0.9), candidate("1.0", 0.1, "0.0"), candidate("1.1", 0.1, "0.0")]
    assert parents_of(uct("refine", explore=0.1)(state_of(*line))) == [("0.0",)]


def test_a_candidate_without_a_score_counts_as_the_worst() -> None:
    tree = tree_of(state_of(candidate("0.0", 0.7), candidate("0.1", None), candidate("0.2", 0.3)))
    assert [node.score for node in tree.nodes] == [0.7, 0.3, 0.3]
    assert tree.root.visits == 3


def test_finished_candidates_are_not_expanded() -> None:
    policy = uct("step", roots=2, width=1, done=is_complete)
    half = candidate("0.1", 0.1, complete=False)
    assert parents_of(policy(state_of(candidate("0.0", 0.9), half))) == [("0.1",)]
    stop = policy(state_of(candidate("0.0", 0.9), candidate("0.1", 0.1)))
    assert isinstance(stop, StopReason)
    assert stop.rule == "complete"


# beam and best_first


def test_a_beam_expands_the_best_and_finished_candidates_compete() -> None:
    steps = [candidate(f"0.{n}", n / 10, complete=n == 4) for n in range(5)]
    policy = beam("step", keep=3, width=2)
    assert policy(state_of(*steps)) == [move("step", "0.3", count=2), move("step", "0.2", count=2)]
    later = [candidate("1.0", 0.1, "0.3", complete=False), candidate("1.1", 0.05, "0.2")]
    assert parents_of(beam("step", keep=2)(state_of(*steps, *later))) == [("1.0",)]
    stop = beam("step", keep=1)(state_of(*steps, *later))
    assert isinstance(stop, StopReason)
    assert stop.rule == "complete"


def test_best_first_returns_to_a_better_candidate() -> None:
    first = [candidate("0.0", 0.9), candidate("0.1", 0.6)]
    worse = [candidate("1.0", 0.3, "0.0"), candidate("1.1", 0.2, "0.0")]
    policy = best_first("refine", width=2)
    assert policy(state_of(*first)) == [move("refine", "0.0", count=2)]
    assert policy(state_of(*first, *worse)) == [move("refine", "0.1", count=2)]


# particles


def test_systematic_resampling_draws_by_the_shares() -> None:
    drawn = Counter(systematic([0.5, 0.3, 0.2], 10, Random(1)))
    assert drawn == {0: 5, 1: 3, 2: 2}
    assert systematic([0.0, 1.0], 3, Random(1)) == [1, 1, 1]


def test_particles_multiply_and_die_by_their_scores() -> None:
    steps = [candidate(f"0.{n}", score, complete=False) for n, score in enumerate((0.9, 0.1))]
    decided = particles("step", n=4, temperature=0)(state_of(*steps))
    assert isinstance(decided, Decision)
    assert decided.moves == (move("step", "0.0", count=4),)
    even = particles("step", n=4, temperature=1e9)(state_of(*steps))
    assert isinstance(even, Decision)
    assert [move.count for move in even.moves] == [2, 2]


def test_finished_particles_keep_their_multiplicity() -> None:
    steps = [candidate("0.0", 0.5), candidate("0.1", 0.5, complete=False)]
    policy = particles("step", n=4)
    decided = policy(state_of(*steps))
    assert isinstance(decided, Decision)
    assert decided.moves == (move("step", "0.1", count=2),)
    assert decided.features == (Feature(name="finished 0.0", value=2),)
    grown = [candidate("1.0", 0.5, "0.1"), candidate("1.1", 0.5, "0.1")]
    first = Decision(moves=(move("step", count=4),))
    after = state_of(*steps, *grown, decisions=[first, decided.model_copy(update={"number": 1})])
    assert [each.id for each in particles_of(after)] == ["0.0", "0.0", "1.0", "1.1"]
    stop = policy(after)
    assert isinstance(stop, StopReason)
    assert stop.detail == "all 4 particles are finished"


# tournament


async def test_winners_are_crossed_and_the_field_halves() -> None:
    state = await run(tournament(8, max_candidates=99))
    assert [len(decision.moves) for decision in state.decisions[1:]] == [4, 2, 0]
    scores = {each.id: each.score or 0.0 for each in state.candidates}
    first = [parents[0] for parents in parents_of(state.decisions[1])]
    assert len(set(first)) == 4
    assert max(scores[f"0.{n}"] for n in range(8)) == max(scores[id] for id in first)
    assert min(scores[f"0.{n}"] for n in range(8)) < min(scores[id] for id in first)


async def test_a_match_may_be_judged_by_anything() -> None:
    async def younger(problem: Problem, first: Candidate, second: Candidate) -> bool:
        return first.sort_key > second.sort_key

    pair = [candidate("0.0", 0.9), candidate("0.1", 0.1), candidate("0.2", 0.5)]
    choice = await tournament(3, beats=younger)(state_of(*pair))
    assert all("0.2" in parents for parents in parents_of(choice))


# archive


def test_an_archive_keeps_the_best_of_every_niche() -> None:
    made = [
        candidate("0.0", 0.9, answer="4"),
        candidate("0.1", 0.5, answer="4"),
        candidate("0.2", 0.1, answer="5"),
    ]
    [members] = archive({"refine": 1}, islands=1).members(state_of(*made))
    assert [each.id for each in members] == ["0.0", "0.2"]
    policy = archive({"refine": 1}, islands=1, best_probability=0.0, batch=40)
    assert {parents[0] for parents in parents_of(policy(state_of(*made)))} == {"0.0", "0.2"}
    greedy = archive({"refine": 1}, islands=1, best_probability=1.0, batch=9)
    assert {parents[0] for parents in parents_of(greedy(state_of(*made)))} == {"0.0"}


async def test_islands_keep_to_themselves_until_they_migrate() -> None:
    policy = archive({"refine": 1, "merge": 2}, islands=3, migration_interval=3, max_candidates=60)
    state = await run(policy)
    homes = {
        each.id: int(state.decisions[each.turn].features[each.move].value)
        for each in state.candidates
    }
    abroad = [
        decision.number
        for decision in state.decisions
        for feature, made in zip(decision.features, decision.moves, strict=False)
        if any(homes[parent] != feature.value for parent in made.parents)
    ]
    assert set(homes.values()) == {0, 1, 2}
    assert abroad
    assert all(number % 3 == 0 for number in abroad)


# ab_mcts


def test_ab_mcts_goes_deeper_where_that_paid_and_wider_where_it_did_not() -> None:
    first = [candidate(f"0.{n}", 0.5) for n in range(3)]

    def chosen(scores: float) -> Counter[int]:
        below = [candidate(f"1.{n}", scores, "0.0") for n in range(12)]
        state = state_of(*first, *below)
        choices = [ab_mcts("solve", "refine", seed=seed)(state) for seed in range(60)]
        return Counter(len(parents_of(choice)[0]) for choice in choices)

    assert chosen(1.0)[1] > 50
    assert chosen(0.0)[0] > 40


# bandit


def only(operator: str, times: int = 99) -> Any:
    def policy(state: RefinementState) -> list[Move]:
        assert all(each.operator == operator for each in state.candidates)
        assert [each.number for each in state.decisions] == list(range(len(state.decisions)))
        return [move(operator)] if len(state.decisions) < times else []

    return policy


@pytest.mark.parametrize("rule", ["ucb1", "thompson"])
async def test_a_bandit_prefers_the_arm_that_brings_more(rule: Any) -> None:
    def score(problem: Problem, candidates: list[Candidate]) -> Any:
        return [candidate("0.0", float(each.operator == "solve")).scores[0] for each in candidates]

    policy = bandit(
        {"bad": only("refine"), "good": only("solve")}, rule=rule, explore=0.5, max_candidates=30
    )
    state = await run(policy, scorer=score)
    pulls = Counter(decision.features[0].name for decision in state.decisions if decision.moves)
    assert pulls["arm bad"] >= 1
    assert pulls["arm good"] > 2 * pulls["arm bad"]


async def test_an_arm_that_stops_is_out_and_the_last_one_ends_the_search() -> None:
    state = await run(bandit({"short": only("solve", 2), "long": only("refine", 5)}))
    assert Counter(each.operator for each in state.candidates) == {"solve": 2, "refine": 5}
    assert state.stop_reason
    assert state.stop_reason.detail == "all 2 arms have stopped"


async def test_an_arm_counts_its_own_rounds() -> None:
    rounds: list[int] = []

    def deeper(state: RefinementState) -> list[Move]:
        rounds.append(state.round)
        assert all(each.round <= state.round for each in state.candidates)
        if not state.candidates:
            return [move("solve")]
        return [move("refine", state.candidates[-1])] if state.round < 3 else []

    await run(bandit({"one": deeper, "two": deeper}))
    assert Counter(rounds)[0] >= 2
    assert max(rounds) == 3


# supervised


MENU: dict[str, Wave] = {"more": move("solve", count=2), "mend": from_each("refine", best=1)}


async def test_a_supervisor_sees_the_progress_and_chooses_from_the_menu() -> None:
    model = ScriptedChatModel(["The best is weak.\nCHOICE: `mend`", "CHOICE: stop"])
    policy = supervised(model, MENU)
    state = await run(policy)
    assert [each.operator for each in state.candidates] == ["solve", "solve", "refine"]
    assert state.stop_reason == StopReason(rule="supervisor", detail="scripted chose to stop")
    assert len(model.calls) == 2
    assert "2 candidates were made, 2 of them complete." in model.calls[0].prompt
    assert "- more: solve, 2 at once" in model.calls[0].prompt
    assert state.decisions[0].features == (Feature(name="menu more", value=0),)


async def test_calls_of_a_supervisor_are_charged_and_nonsense_takes_the_first_item() -> None:
    model = ScriptedChatModel(["mend or more?", "I cannot say", "CHOICE: stop"])
    state = await run(supervised(model, MENU))
    assert state.usage.llm_calls == len(model.calls) == 3
    assert state.usage.unparsable == 2
    assert [each.operator for each in state.candidates] == ["solve"] * 6


async def test_a_failing_supervisor_ends_the_search_with_the_candidates_so_far() -> None:
    refused = ModelRequestRefused("no such model")
    model = ScriptedChatModel([refused], retry=RetryPolicy(attempts=1), cycle=True)
    state = await run(supervised(model, MENU))
    assert state.stop_reason
    assert state.stop_reason.rule == "failed"
    assert state.result
    assert state.result.answer is not None


def test_a_progress_report_is_short_and_names_the_best() -> None:
    made = [candidate("0.0", 0.2), candidate("1.0", 0.75, "0.0", operator="refine")]
    report = progress_report(state_of(*made))
    assert "Best: candidate 1.0 by refine, score 0.75" in report
    assert len(report.splitlines()) == 4
    assert PROBLEM.prompt not in report
    assert math.isclose(made[1].score or 0.0, 0.75)
