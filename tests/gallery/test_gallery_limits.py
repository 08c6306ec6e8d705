"""The plan's limit and seed hold for every model call of a system."""

import pytest
from gallery_runs import QUESTION, by_word, run_system

from refinegraph.agents.models import ScriptedChatModel
from refinegraph.graphs.strategies import Plan, build_strategy
from refinegraph.runs.runner import run_graph
from refinegraph.tools.scorers import self_certainty

SYSTEMS = {
    "align-cot": "prompts of its own",
    "multiagent-debate": "prompts with several parents",
    "self-eval-beam": "steps, and a judge that scores them",
    "least-to-most": "a graph within the graph",
    "sr-nle": "reviews",
}


@pytest.mark.parametrize("name", SYSTEMS)
async def test_every_call_has_the_limit_and_the_seed_of_the_plan(name: str) -> None:
    model = by_word({"VERDICT": "VERDICT: wrong\nCHANGE: add again"})
    await run_system(name, model, samples=2, rounds=1, max_tokens=50, seed=7)
    assert len(model.calls) > 1
    assert {call.sampling.max_tokens for call in model.calls} == {50}
    assert all((call.sampling.seed or 0) >= 7 for call in model.calls)


async def test_a_limit_of_its_own_stays() -> None:
    model = by_word({"temperature": "0.5"})
    await run_system("self-decoding-config", model, max_tokens=50)
    assert [call.sampling.max_tokens for call in model.calls] == [64, 50]


async def test_no_limit_is_invented() -> None:
    model = by_word({})
    await run_system("align-cot", model)
    assert {(call.sampling.max_tokens, call.sampling.seed) for call in model.calls} == {
        (None, None)
    }


async def test_a_limit_ends_with_its_run() -> None:
    model = ScriptedChatModel(lambda messages, sampling: "The answer is 4.")
    for limit in (50, None):
        plan = Plan(model=model, kind="math", max_tokens=limit)
        await run_graph(build_strategy("align-cot", plan), QUESTION)
    assert [call.sampling.max_tokens for call in model.calls] == [50] * 3 + [None] * 3


@pytest.mark.parametrize("name", ["iterative-deepening", "multiagent-debate"])
async def test_every_call_reports_the_log_probabilities_that_the_scorer_needs(name: str) -> None:
    model = by_word({})
    await run_system(name, model, samples=2, rounds=1, scorer=self_certainty())
    assert len(model.calls) > 1
    assert {call.sampling.logprobs for call in model.calls} == {self_certainty.logprobs}
