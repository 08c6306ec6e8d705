"""Laws of every search policy."""

import hashlib
import random
from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.messages import BaseMessage
from langgraph.checkpoint.memory import InMemorySaver
from searches import OPERATORS, THREAD, Killed, KilledOnce, calls_of, replayed, run

import refinegraph.graphs.policies as policies
from refinegraph.agents.models import Sampling, ScriptedChatModel
from refinegraph.errors import InputError
from refinegraph.graphs.checkpoints import checkpoint_serializer
from refinegraph.graphs.policies import (
    ab_mcts,
    archive,
    bandit,
    beam,
    best_first,
    beta,
    each_with_others,
    from_all,
    from_each,
    is_complete,
    move,
    multinomial,
    particles,
    schedule,
    supervised,
    tournament,
    uct,
)
from refinegraph.graphs.policies.base import Policy, check_moves
from refinegraph.graphs.policies.searching import spent
from refinegraph.graphs.policies.waves import Wave
from refinegraph.graphs.state import RefinementState

MOST = 14


def fickle(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
    """Choose an item that depends only on the prompt."""
    prompt = str(messages[-1].content)
    items = [line[2:].partition(":")[0] for line in prompt.splitlines() if line.startswith("- ")]
    going_on = [item for item in items if item != "stop"]
    digest = hashlib.sha256(prompt.encode()).digest()[0]
    return f"CHOICE: {going_on[digest % len(going_on)]}"


MENU: dict[str, Wave] = {"solve": move("solve", count=2), "refine": from_each("refine", best=2)}
ARMS = {"tree": uct("refine", max_candidates=6), "first": best_first("refine", max_candidates=8)}

POLICIES: dict[str, Policy] = {
    "schedule": schedule(
        move("solve", count=3),
        each_with_others("merge"),
        from_each("refine", best=2),
        from_all("merge"),
    ),
    "uct": uct("refine", roots=2, width=2, max_candidates=MOST),
    "uct in batches": uct("refine", roots=3, width=1, batch=3, max_candidates=MOST),
    "uct by priors": uct("refine", roots=2, width=2, prior="softmax", max_candidates=MOST),
    "mcts self-refine": uct("refine", value="best_child", batch=2, max_candidates=MOST),
    "uct over steps": uct(
        "step", root="step", roots=2, width=2, done=is_complete, max_candidates=MOST
    ),
    "beam": beam("step", keep=2, width=2, max_candidates=MOST),
    "beam to the end": beam("step", keep=2, width=2, max_candidates=99),
    "best_first": best_first("refine", width=2, batch=2, max_candidates=MOST),
    "best_first over steps": best_first("step", root="step", done=is_complete, max_candidates=99),
    "particles": particles("step", n=4, temperature=0.1),
    "particles, multinomial": particles("step", n=4, resample=multinomial, max_candidates=MOST),
    "tournament": tournament(7, max_candidates=MOST),
    "archive": archive(
        {"refine": 1, "merge": 2}, islands=2, migration_interval=2, max_candidates=MOST
    ),
    "ab_mcts": ab_mcts("solve", "refine", max_candidates=MOST),
    "ab_mcts, beta": ab_mcts(
        "solve", "refine", belief=beta(), batch=2, seed=3, max_candidates=MOST
    ),
    "bandit": bandit(ARMS, max_candidates=MOST),
    "bandit, thompson": bandit(ARMS, rule="thompson", seed=2, max_candidates=99),
    "bandit of bandits": bandit(
        {"a": bandit(ARMS), "b": schedule(move("solve"))}, max_candidates=MOST
    ),
    "supervised": supervised(ScriptedChatModel(fickle), MENU, max_candidates=MOST),
}

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
