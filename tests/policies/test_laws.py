"""Laws of every search policy."""

import random
from typing import Any

import pytest
from all_policies import MOST, POLICIES
from langgraph.checkpoint.memory import InMemorySaver
from searches import OPERATORS, THREAD, Killed, KilledOnce, calls_of, replayed, run

import refinegraph.graphs.policies as policies
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.errors import InputError
from refinegraph.graphs.checkpoints import checkpoint_serializer
from refinegraph.graphs.policies import (
    archive,
    bandit,
    beam,
    from_each,
    move,
    particles,
    schedule,
    supervised,
    tournament,
    uct,
)
from refinegraph.graphs.policies.base import Policy, check_moves
from refinegraph.graphs.policies.searching import spent
from refinegraph.graphs.state import RefinementState

every_policy = pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())


@every_policy
async def test_a_search_is_bounded_and_says_why_it_ends(policy: Policy) -> None:
    state = await run(policy)
    assert state.stop_reason
    assert state.stop_reason.rule in {"candidates", "complete", "schedule", "champion", "exhausted"}
    assert state.stop_reason.detail
    assert spent(state) <= getattr(policy, "max_candidates", MOST)
    assert len(state.candidates) == spent(state)


@every_policy
async def test_decisions_replayed_on_every_prefix_are_the_same(policy: Policy) -> None:
    state = await run(policy)
    for decision in state.decisions:
        first = await replayed(policy, state, decision.number)
        second = await replayed(policy, state, decision.number)
        assert first == second == decision


@every_policy
async def test_moves_name_operators_and_parents_that_exist(policy: Policy) -> None:
    state = await run(policy)
    for decision in state.decisions:
        earlier = [each for each in state.candidates if each.turn < decision.number]
        known = state.model_copy(update={"candidates": tuple(earlier)})
        check_moves(decision, known, tuple(OPERATORS))


@every_policy
async def test_an_unfinished_candidate_is_never_the_answer(policy: Policy) -> None:
    operators = dict.fromkeys(OPERATORS, OPERATORS["step"])
    state = await run(policy, operators=operators)
    assert state.result
    assert any(not each.complete for each in state.candidates)
    chosen = state.result.chosen
    assert chosen is None or chosen.complete
    assert (chosen is None) == (not any(each.complete for each in state.candidates))


@every_policy
@pytest.mark.parametrize("number", range(2))
async def test_a_run_that_is_killed_and_resumed_ends_alike(policy: Policy, number: int) -> None:
    calm = await run(policy)
    at = random.Random(number).randrange(calls_of(calm))
    assert ending(await killed_and_resumed(policy, at)) == ending(calm)


async def test_a_tree_search_ends_alike_wherever_it_is_killed() -> None:
    policy = uct("refine", roots=2, width=2, batch=2, max_candidates=12)
    calm = await run(policy)
    draws = random.Random(50)
    for _ in range(50):
        resumed = await killed_and_resumed(policy, draws.randrange(calls_of(calm)))
        assert ending(resumed) == ending(calm)


async def killed_and_resumed(policy: Policy, at: int) -> RefinementState:
    operators = KilledOnce(at).operators
    saver = InMemorySaver(serde=checkpoint_serializer())
    with pytest.raises(Killed):
        await run(policy, operators=operators, checkpointer=saver)
    assert (await saver.aget_tuple(THREAD)) is not None
    return await run(policy, operators=operators, checkpointer=saver, again=True)


def ending(state: RefinementState) -> Any:
    """Return the parts that two runs must share, without times."""
    assert state.result
    usage = state.result.usage.model_copy(update={"wall_seconds": 0.0})
    return state.candidates, state.decisions, state.result.selection, usage


@pytest.mark.parametrize(
    "policy",
    [policy for name, policy in POLICIES.items() if name != "supervised"],
    ids=[name for name in POLICIES if name != "supervised"],
)
def test_the_repr_makes_an_equal_policy(policy: Policy) -> None:
    assert eval(repr(policy), {**vars(policies), **named()}) == policy


def named() -> dict[str, Any]:
    from refinegraph.schema import Move

    return {name: getattr(policies, name) for name in policies.__all__} | {"Move": Move}


def test_a_repr_omits_default_values() -> None:
    assert repr(uct("refine", width=2)) == "uct('refine', width=2)"
    assert repr(particles("step")) == "particles('step')"
    model = ScriptedChatModel("CHOICE: solve")
    shown = repr(supervised(model, {"again": from_each("refine")}))
    assert shown == "supervised('scripted', {'again': from_each('refine')}, max_candidates=32)"


@pytest.mark.parametrize(
    ("build", "fault"),
    [
        (lambda: uct("refine", width=0), "width must be at least 1, got 0."),
        (lambda: uct("refine", value="median"), "value is 'median'"),  # type: ignore[arg-type]
        (lambda: beam("step", keep=0), "keep must be at least 1"),
        (lambda: particles("step", temperature=-1), "temperature must be at least 0"),
        (lambda: tournament(1), "size must be at least 2, got 1."),
        (lambda: archive({}), "at least one operator"),
        (lambda: archive({"refine": 0}), "refine must be at least 1"),
        (lambda: bandit({}), "at least one arm"),
        (lambda: bandit({"a": lambda: None}), "cannot be an arm of a bandit"),  # type: ignore[dict-item, misc]
        (lambda: schedule(), "at least one wave"),
        (lambda: schedule("solve"), "'solve' cannot be a wave of a schedule"),  # type: ignore[arg-type]
        (lambda: supervised(ScriptedChatModel("x"), {"stop": move("solve")}), "named 'stop'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(build: Any, fault: str) -> None:
    with pytest.raises(InputError) as refused:
        build()
    assert fault in str(refused.value)
