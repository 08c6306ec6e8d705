"""Requests share graphs, and their runs begin after the first bytes of all of them."""

import asyncio
from dataclasses import replace

import pytest

pytest.importorskip("starlette", reason="the extra 'serve' is not installed")

from refinegraph.agents.models import ScriptedChatModel
from refinegraph.graphs.refinement import RefinementGraph
from refinegraph.options import RunOptions
from refinegraph.runs.planning import resolve_models
from refinegraph.serving.admission import Admission
from refinegraph.serving.graphs import Graphs


async def graph_of(graphs: Graphs, options: RunOptions) -> RefinementGraph:
    async with graphs.graph(options, resolve_models(options), "code") as graph:
        return graph


async def test_requests_that_differ_in_limits_alone_share_a_graph() -> None:
    graphs, options = Graphs(), RunOptions(model=ScriptedChatModel("x", cycle=True), learn="run")
    one = await graph_of(graphs, options)
    assert await graph_of(graphs, replace(options, timeout=3, budget_tokens=50)) is one
    assert await graph_of(graphs, replace(options, samples=3)) is not one
    assert await graph_of(graphs, replace(options, strategy="single")) is not one


async def test_requests_that_arrive_together_build_one_graph() -> None:
    graphs, options = Graphs(), RunOptions(model=ScriptedChatModel("x", cycle=True), learn="run")
    built = await asyncio.gather(*(graph_of(graphs, options) for _ in range(20)))
    assert len(set(map(id, built))) == 1


async def test_a_run_that_saves_what_it_learns_has_a_graph_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("REFINEGRAPH_HOME", str(tmp_path))
    graphs, options = Graphs(), RunOptions(model=ScriptedChatModel("x", cycle=True), learn="keep")
    assert await graph_of(graphs, options) is not await graph_of(graphs, options)


async def test_only_the_last_graphs_are_kept() -> None:
    graphs, options = Graphs(), RunOptions(model=ScriptedChatModel("x", cycle=True), learn="run")
    one = await graph_of(graphs, options)
    for seed in range(70):
        await graph_of(graphs, replace(options, strategy="single", seed=seed))
    assert await graph_of(graphs, options) is not one


async def test_runs_begin_though_requests_never_stop_to_arrive() -> None:
    admission = Admission(8)

    async def arriving() -> None:
        while True:
            async with admission.place():
                await asyncio.sleep(0)

    rush = asyncio.create_task(arriving())
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await admission.rush_over()
    rush.cancel()
    await asyncio.wait({rush})
    await admission.rush_over()
