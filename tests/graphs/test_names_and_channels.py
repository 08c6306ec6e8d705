"""Names of parts, and channels that reject invalid values."""

from typing import Any, cast

import pytest
from langgraph.channels.last_value import LastValue
from langgraph.errors import EmptyChannelError
from langgraph.types import Overwrite

from refinegraph.agents.models import ScriptedChatModel
from refinegraph.errors import StateError
from refinegraph.graphs.channels import CheckedChannel, CheckedFold, growing
from refinegraph.graphs.named import (
    POLICIES,
    ROUTERS,
    SELECTORS,
    STOP_RULES,
    StopExpression,
    build_policy,
    parse_stop,
)
from refinegraph.graphs.named_scorers import SCORERS, ScorerNames, build_scorer
from refinegraph.graphs.parts import Named, build, target
from refinegraph.graphs.strategies import Plan
from refinegraph.tools.scorers import agreement, execution
from refinegraph.values import UnfitValue

# stop rules and other parts


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("rounds(3)", "rounds(3)"),
        ("rounds(limit=3)", "rounds(3)"),
        ("rounds(0)", "rounds(0)"),
        ("accepted", "accepted()"),
        ("stalled(2, minimum_gain=0.1)", "stalled(2, minimum_gain=0.1)"),
        ("same_failure", "same_failure(3)"),
        ("same_failure(2)", "same_failure(2)"),
        ("budget(usd=0.5, tokens=20_000)", "budget(usd=0.5, tokens=20000)"),
        (" (rounds(1) | accepted()) & ~oscillating() ",
         "(rounds(1) | accepted()) & ~oscillating()"),
        ("~(rounds(1) & accepted)", "~(rounds(1) & accepted())"),
    ],
)  # fmt: skip
def test_a_text_names_a_stop_rule(text: str, rule: str) -> None:
    assert repr(parse_stop(text)) == rule
    assert StopExpression().check(text) == rule
    assert repr(StopExpression().build(rule)) == rule


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("round(3)", "names no stop rule: 'round'"),
        ("rounds", "lacks a value; write rounds(LIMIT)"),
        ("rounds()", "lacks a value; write rounds(LIMIT)"),
        ("rounds(1, 2)", "gives rounds 2 values; write rounds(LIMIT)"),
        ("rounds(1, limit=2)", "gives rounds its limit twice"),
        ("rounds(1, most=2)", "gives rounds an unknown 'most'; known: limit"),
        ("accepted(1)", "gives accepted 1 values; write accepted"),
        ("accepted(x=1)", "gives accepted an unknown 'x'; known: none"),
        ("rounds(-1)", "gives rounds limit=-1, which"),
        ("rounds(1.5)", "gives rounds limit=1.5, which"),
        ("stalled(0)", "gives stalled patience=0, which"),
        ("same_failure(1)", "gives same_failure times=1, which"),
        ("budget(usd=0)", "gives budget usd=0, which"),
        ("budget(calls=0)", "gives budget calls=0, which"),
    ],
)
def test_a_text_that_names_no_rule_says_why(text: str, words: str) -> None:
    with pytest.raises(UnfitValue) as refused:
        parse_stop(text)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "text", ["", "rounds(", "rounds(x)", "1", "a.b()", "rounds(3) or x", "x y"]
)
def test_only_rules_are_evaluated(text: str) -> None:
    with pytest.raises(UnfitValue):
        parse_stop(text)


@pytest.mark.parametrize(
    ("noun", "parts", "text", "made"),
    [
        ("router", ROUTERS, "agreement", "AgreementRouter(threshold=0.6)"),
        ("router", ROUTERS, "agreement(threshold=1)", "AgreementRouter(threshold=1.0)"),
        ("router", ROUTERS, "agreement(threshold=0)", "AgreementRouter(threshold=0.0)"),
        ("router", ROUTERS, "always_easy", "AlwaysEasy()"),
        ("router", ROUTERS, "always-hard", "AlwaysHard()"),
        ("selector", SELECTORS, "weighted-vote(top=2)", "weighted_vote(top=2)"),
        ("selector", SELECTORS, "best-of", "best_of()"),
    ],
)
def test_every_name_is_built_with_its_values(noun: str, parts: Any, text: str, made: str) -> None:
    named = Named(noun, parts)
    assert repr(named.build(named.check(f" {text} "))) == made


def test_names_are_checked_and_objects_pass() -> None:
    routers = Named("router", ROUTERS)
    assert routers.check(len) is len
    assert routers.build(len) is len
    for wrong in ("agreement(threshold=1.1)", "agreement(threshold=-0.1)", "agrement", 3):
        with pytest.raises(UnfitValue):
            routers.check(wrong)
    with pytest.raises(UnfitValue, match=r"did you mean|known: agreement"):
        build("agrement", "router", ROUTERS)
    assert routers.metavar == "NAME"


@pytest.mark.parametrize("part", [*STOP_RULES, *ROUTERS, *SELECTORS, *POLICIES, *SCORERS])
def test_every_name_refers_to_an_importable_object(part: Any) -> None:
    assert callable(target(part.target))
    assert part.usage.startswith(part.name)


def test_policies_are_built_with_the_sizes_of_a_plan() -> None:
    model = ScriptedChatModel([])
    loop: Any = build_policy("refine-loop", Plan(model=model))
    assert repr(loop.stop) == "accepted() | rounds(3)"
    none: Any = build_policy("refine-loop", Plan(model=model, rounds=0))
    assert repr(none.stop) == "accepted() | rounds(0)"
    for name in ("execution-gain", "expected-gain"):
        few, usual = (
            repr(build_policy(name, Plan(model=model, samples=samples))) for samples in (4, None)
        )
        assert few != usual


# scorers


def scorer_of(text: str) -> Any:
    model = ScriptedChatModel([])
    asked: list[str] = []

    def resolve(name: str) -> Any:
        asked.append(name)
        return ScriptedChatModel([])

    made: Any = build_scorer(text, judge=model, resolve=resolve)
    return made, asked


def test_scorers_are_built_from_their_names() -> None:
    assert repr(scorer_of("execution")[0]) == repr(execution())
    assert repr(scorer_of(" agreement ")[0]) == repr(agreement())
    assert scorer_of("judge")[1] == []
    assert scorer_of("judge:openai/x")[1] == ["openai/x"]


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("orm:http://h:1/m", "RewardModel('http://h:1', 'm', format='outcome')"),
        ("orm:https://h/v1/m/n", "RewardModel('https://h', 'm/n', format='outcome')"),
        ("prm:http://h/m#score", "RewardModel('http://h', 'm', format='score')"),
        ("prm:http://h/Math-Shepherd", "RewardModel('http://h', 'Math-Shepherd', "
         "format='math-shepherd')"),
        ("prm:http://h/m", "RewardModel('http://h', 'm', format='qwen-prm')"),
    ],
)  # fmt: skip
def test_served_scorers_are_an_address_a_model_and_a_format(text: str, made: str) -> None:
    assert repr(scorer_of(text)[0]) == made


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("judges", "names no scorer: 'judges'"),
        ("execution:x", "has 'x' after 'execution', which takes no argument"),
        ("orm", "needs an address, such as orm:http://127.0.0.1:8000/MODEL"),
        ("orm:ftp://h/m", "needs an address"),
        ("orm:http://", "needs an address"),
        ("orm:http://u@h/m", "needs an address"),
        ("orm:http:h/m", "needs an address"),
        ("orm:http://h", "names no model after the address; write orm:http://h/MODEL"),
        ("orm:http://h/v1", "names no model after the address"),
        (3, "is neither a scorer nor a list of such"),
        ([], "is neither a scorer nor a list of such"),
        ([3], "is neither the name of a scorer nor a function"),
    ],
)
def test_scorers_that_are_none_are_refused(value: object, words: str) -> None:
    with pytest.raises(UnfitValue) as refused:
        ScorerNames().check(value)
    assert words in str(refused.value)


def test_scorers_are_listed_by_commas_or_given() -> None:
    names = ScorerNames()
    assert names.check("execution, judge:m") == ("execution", "judge:m")
    assert names.check(["agreement", len]) == ("agreement", len)
    assert names.check(len) == (len,)


# channels


def plus(one: Any, other: Any) -> Any:
    return one + other


def minus(one: Any, other: Any) -> Any:
    return one - other


MISSING = cast("Any", LastValue(int).checkpoint())


def channel(**how: Any) -> CheckedChannel[Any]:
    made: CheckedChannel[Any] = CheckedChannel(int, **how)
    made.key = "count"
    return made


def test_a_channel_holds_one_checked_value() -> None:
    empty = channel()
    assert not empty.is_available()
    with pytest.raises(EmptyChannelError):
        empty.get()
    assert empty.update([]) is False
    assert empty.update(["3"]) is True
    assert (empty.get(), empty.is_available()) == (3, True)
    with pytest.raises(StateError, match=r"a write to `count` was refused: .*, got 'x'; nothing"):
        empty.update(["x"])
    with pytest.raises(StateError, match="`count` was written 2 times in one super-step"):
        empty.update([1, 2])
    assert empty.get() == 3
    assert channel(default=5).get() == 5


def test_parallel_writes_are_merged_or_none_of_them_is() -> None:
    adding = channel(merge=plus, default=10)
    assert adding.update([1, 2])
    assert adding.get() == 13
    with pytest.raises(StateError):
        adding.update([1, "x"])
    assert adding.get() == 13
    assert adding.update([Overwrite(value=4)])
    assert adding.get() == 4
    first = channel(merge=plus)
    first.update([1, 2])
    assert first.get() == 3


def test_a_channel_is_restored_unchanged() -> None:
    held = channel(merge=plus, default=1)
    held.update([4])
    twin = held.copy()
    assert (twin.get(), twin == held, twin is held) == (5, True, False)
    twin.update([1])
    assert (twin.get(), held.get()) == (6, 5)
    assert held.from_checkpoint(held.checkpoint()).get() == 5
    assert held.from_checkpoint(MISSING).get() == 1
    with pytest.raises(StateError, match="count"):
        held.from_checkpoint("x")
    assert held.ValueType is int and held.UpdateType is int


def test_channels_are_equal_where_they_hold_and_merge_alike() -> None:
    assert channel() == channel(default=3)
    assert channel(merge=plus) != channel()
    assert channel() != CheckedChannel(str)
    assert channel() != 3
    assert CheckedFold(int, plus) == CheckedFold(int, plus)
    assert CheckedFold(int, plus) != CheckedFold(int, minus)
    assert CheckedFold(int, plus) != CheckedFold(str, plus)
    assert CheckedFold(int, plus) != 3
    one, other = growing(tuple[int, ...], plus), growing(tuple[int, ...], plus)
    assert one == other
    assert one != growing(tuple[int, ...], max)
    assert one != 3
    assert one.ValueType == one.UpdateType == tuple[int, ...]


def test_a_growing_channel_takes_all_writes_of_a_step_or_none() -> None:
    grown = growing(tuple[int, ...], plus)
    grown.key = "items"
    assert grown.update([(1,), (2, 3)])
    assert grown.get() == (1, 2, 3)
    with pytest.raises(StateError, match="items"):
        grown.update([(4,), ("x",)])
    with pytest.raises(StateError, match="items"):
        grown.update([Overwrite(value=("x",))])
    assert grown.get() == (1, 2, 3)
    assert grown.update([Overwrite(value=(9,))])
    assert grown.get() == (9,)
