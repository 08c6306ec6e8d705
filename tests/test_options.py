"""Options are declared once, checked everywhere, and compared if they affect results."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from refinegraph.agents.models import ScriptedChatModel
from refinegraph.errors import InputError
from refinegraph.graphs.named import (
    POLICIES,
    PROMPT_SETS,
    ROUTERS,
    SELECTORS,
    STOP_RULES,
    parse_stop,
)
from refinegraph.graphs.named_scorers import SCORERS, build_scorer
from refinegraph.graphs.parts import Named, target
from refinegraph.graphs.stopping import (
    StopRule,
    accepted,
    budget,
    oscillating,
    rounds,
    same_failure,
    stalled,
)
from refinegraph.options import CommandOptions, RunOptions, SolveOptions, settings
from refinegraph.options.config import read_file
from refinegraph.runs.planning import plan_of, resolve_models
from refinegraph.values import UnfitValue

COUNTS = st.integers(min_value=1, max_value=10**9)
AMOUNTS = st.floats(min_value=1e-9, max_value=1e9, allow_nan=False)
RULES = st.one_of(
    st.just(accepted()),
    st.just(oscillating()),
    st.integers(min_value=0, max_value=99).map(rounds),
    st.builds(stalled, COUNTS, minimum_gain=AMOUNTS),
    st.integers(min_value=2, max_value=9).map(same_failure),
    st.builds(budget, usd=AMOUNTS, tokens=COUNTS),
    st.builds(budget, calls=COUNTS, seconds=AMOUNTS),
)


def combined(rules: st.SearchStrategy[StopRule]) -> st.SearchStrategy[StopRule]:
    either = st.builds(lambda left, right: left | right, rules, rules)
    both = st.builds(lambda left, right: left & right, rules, rules)
    return st.one_of(either, both, rules.map(lambda rule: ~rule))


@given(st.recursive(RULES, combined, max_leaves=8))
def test_what_a_stop_rule_prints_parses_back(rule: StopRule) -> None:
    assert parse_stop(repr(rule)) == rule
    assert RunOptions(stop=repr(rule)).stop == repr(rule)


@given(st.text(max_size=60))
def test_any_text_is_a_stop_rule_or_refused(text: str) -> None:
    try:
        assert isinstance(parse_stop(text), StopRule)
    except UnfitValue as error:
        assert str(error)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("round(3)", "'round' (did you mean 'rounds'?); known: accepted, rounds, stalled"),
        ("rounds()", "write rounds(LIMIT)"),
        ("rounds(-1)", "limit=-1, which is not a whole number of at least 0"),
        ("rounds(1, 2)", "gives rounds 2 values"),
        ("rounds(2, limit=3)", "its limit twice"),
        ("budget(tokn=3)", "unknown 'tokn'; known: usd, tokens, calls, seconds"),
        ("budget(tokens='3')", "where a number is expected"),
        ("__import__('os').system('true')", "in it; expected calls"),
        ("rounds(3) if accepted() else rounds(4)", "in it; expected calls"),
        ("(lambda: rounds(3))()", "in it; expected calls"),
        ("~" * 1_900 + "accepted()", "cannot be parsed"),
        ("(" * 500, "cannot be parsed"),
        ("a" * 3_000, "longer than 2,000"),
        ("", "cannot be parsed"),
    ],
)
def test_a_stop_rule_that_is_none_is_refused_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        RunOptions(stop=text)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("part", [*STOP_RULES, *ROUTERS, *SELECTORS, *POLICIES, *SCORERS])
def test_every_name_refers_to_something(part: Any) -> None:
    assert callable(target(part.target))


def test_names_become_parts_of_the_plan() -> None:
    model = ScriptedChatModel([])
    options = RunOptions(
        model=model,
        router="agreement(threshold=0.7)",
        select="weighted-vote",
        stop="rounds(2)",
        policy="refine-loop",
        prompts="compact",
        scorer="execution, judge, prm:http://127.0.0.1:9/v1/Qwen/PRM",
    )
    plan = plan_of(options, kind="math", models=resolve_models(options))
    assert repr(plan.router) == "AgreementRouter(threshold=0.7)"
    assert repr(plan.select) == "weighted_vote()"
    assert plan.stop == rounds(2)
    assert repr(plan.policy).startswith("RefineLoop(router=AgreementRouter(threshold=0.7), stop=r")
    assert plan.prompts is not None
    assert plan.prompts.name == "compact"
    assert isinstance(plan.scorer, list)
    assert [repr(scorer).partition("(")[0] for scorer in plan.scorer] == [
        *("execution", "Judge", "RewardModel")
    ]
    assert "format='qwen-prm'" in repr(plan.scorer[-1])


def test_prompt_sets_that_are_named_are_all_there_are() -> None:
    from refinegraph.agents.prompts import PROMPT_SETS as SETS

    assert tuple(SETS) == PROMPT_SETS


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("orm:http://127.0.0.1:9/m", "outcome"),
        ("orm:http://127.0.0.1:9/m#rerank", "rerank"),
        ("prm:http://127.0.0.1:9/peiyi9979/math-shepherd-7b", "math-shepherd"),
        ("prm:https://host/Skywork/PRM", "skywork-prm"),
    ],
)
def test_a_reward_model_is_asked_as_its_name_says(text: str, form: str) -> None:
    scorer = build_scorer(text, judge=ScriptedChatModel([]), resolve=lambda name: fail(name))
    assert f"format={form!r}" in repr(scorer)


def fail(name: str) -> ScriptedChatModel:
    raise AssertionError(name)


@pytest.mark.parametrize(
    ("given_options", "said"),
    [
        ({"samples": 0}, "samples=0 is not a whole number of at least 1."),
        ({"samples": True}, "samples=True is not a whole number."),
        ({"samples": 2.5}, "samples=2.5 is not a whole number."),
        ({"temperature": float("nan")}, "temperature=nan is not a number."),
        ({"budget_usd": 0}, "budget_usd=0 is not above 0."),
        ({"model": 3}, "model=3 is neither the name of a model nor a LangChain chat model."),
        ({"model": " "}, "model=' ' names no model."),
        ({"kind": "poem"}, "kind='poem' is none of code, math, choice, text."),
        ({"trace": "yes"}, "trace='yes' is neither True nor False."),
        ({"prices": (1,)}, "prices=(1,) is not two numbers"),
        ({"ask": ["lunch"]}, "names an unknown interrupt point 'lunch'; known: refine, accept."),
        ({"router": "agrement"}, "names no router: 'agrement' (did you mean 'agreement'?)"),
        ({"select": 3}, "select=3 is neither the name of a selector nor a function."),
        ({"scorer": "prm:http://127.0.0.1:9"}, "names no model after the address"),
        ({"scorer": "juge"}, "names no scorer: 'juge' (did you mean 'judge'?)"),
        ({"cache": "a", "replay": "b"}, "cache and replay were both given"),
        ({"fallback": [3]}, "is neither the name of a model"),
        ({"api_base": "http://me:hush@host", "samples": "3"}, "samples='3' is not a whole number"),
    ],
)
def test_a_value_that_does_not_fit_is_named(given_options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as refused:
        RunOptions(**given_options)
    assert said in str(refused.value)
    assert "hush" not in str(refused.value)


def test_options_of_python_are_checked_too() -> None:
    wrong: dict[str, Any] = {"sandbox": 3, "checkpointer": "x", "on_event": 3, "tests": None}
    for name, value in wrong.items():
        with pytest.raises(InputError, match=f"^{name}="):
            SolveOptions("x", **{name: value})
    with pytest.raises(InputError, match=r"^problem=3 is not text"):
        SolveOptions(3)  # type: ignore[arg-type]


def test_the_digest_counts_what_affects_results_alone() -> None:
    plain = RunOptions()
    same: dict[str, Any] = {"api_base": "http://127.0.0.1:1/v1", "hedge": 3, "cache": ""}
    for name, value in same.items():
        assert RunOptions(**{name: value}).digest() == plain.digest()
    other: dict[str, Any] = {
        "trace": True,
        "min_gain_per_1k_tokens": 0.5,
        "budget_tokens": 9,
        "prices": (1, 2),
    }
    for name, value in other.items():
        changed = RunOptions(**{name: value})
        assert changed.digest() != plain.digest()
        assert changed.difference(plain).startswith(f"{name} was ")
    assert plain.difference(RunOptions()) == ""


def test_a_calibration_file_counts_by_its_content(tmp_path: Any) -> None:
    one, copy, other = (tmp_path / name for name in ("one", "copy", "other"))
    one.write_text("1")
    copy.write_text("1")
    other.write_text("2")
    assert RunOptions(calibration=one).digest() == RunOptions(calibration=copy).digest()
    assert (
        RunOptions(calibration=one)
        .difference(RunOptions(calibration=other))
        .startswith("calibration was ")
    )


def test_options_are_hashable_and_equal_ones_have_equal_hashes() -> None:
    model = ScriptedChatModel([])
    assert RunOptions(model=model) == RunOptions(model=model)
    assert hash(RunOptions(model=model)) == hash(RunOptions(model=model))
    assert SolveOptions("x") != SolveOptions("y")


def test_options_survive_as_plain_data_without_credentials() -> None:
    options = RunOptions(
        api_base="http://me:hush@127.0.0.1:1/v1?key=hush",
        prices=(1, 2),
        fallback=("openai/x",),
        stop="rounds(3)|accepted()",
        scorer="judge:openai/y",
    )
    adapter = TypeAdapter(RunOptions)
    text = adapter.dump_json(options).decode()
    assert "hush" not in text
    assert adapter.validate_json(text) == options.without_secrets
    assert json.loads(text)["api_base"] == "http://127.0.0.1:1/v1"


def test_every_setting_is_classified_and_nothing_that_names_a_place_is_safe() -> None:
    unsafe = {name for name, option in settings().items() if option.safe is False}
    places = {
        "api_base",
        "calibration",
        "home",
        "ledger",
        "log_json",
        "memory",
        "otel",
        "replay",
        "store",
    }
    assert unsafe == {*places, "output", "prices"}
    for name in ("model", "solver_model", "reviewer_model", "refiner_model", "tester_model"):
        safe = settings()[name].is_safe
        assert safe("openai/gpt-5-mini")
        assert safe("ollama_chat/qwen3:8b")
        assert safe("embedded")
        for place in ("local/x.gguf", "/tmp/x", "openai/../x", "replicate/me/x", "x/http://h"):
            assert not safe(place)
    assert settings()["scorer"].is_safe(("judge", "execution"))
    assert not settings()["scorer"].is_safe(("judge:openai/x",))
    assert not settings()["scorer"].is_safe(("prm:http://127.0.0.1:9/m",))


def test_every_field_of_every_set_is_declared() -> None:
    for declaring in (RunOptions, SolveOptions, CommandOptions):
        assert [each.name for each in fields(declaring)] == list(declaring.declared)
    assert all(option.help for option in SolveOptions.declared.values())


def test_a_name_of_a_table_may_be_written_with_its_values() -> None:
    named = Named("selector", SELECTORS)
    assert repr(named.build(named.check("weighted-vote(top=8)"))) == "weighted_vote(top=8)"


def test_options_of_earlier_records_and_files_are_read_by_their_old_names(tmp_path: Path) -> None:
    assert RunOptions.from_data({"price": 0.5}).min_gain_per_1k_tokens == 0.5
    file = tmp_path / "refinegraph.toml"
    file.write_text("price = 0.25\n")
    assert read_file(file).values == {"min_gain_per_1k_tokens": 0.25}
