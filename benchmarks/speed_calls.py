"""Compare model calls per second, and the overhead of the graph, with other clients and loops."""

import asyncio
import importlib
import json
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypedDict

from speed_frame import Contest, Goal, Measure, Row

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

AT_ONCE = 64
"""Calls in flight: at 100 ms each, 640 calls a second are possible."""
PROMPT = [{"role": "user", "content": "2 + 2?"}]
ROUNDS_OF_REPAIR = 3
CALLS = {"1 call": 1, "8 samples": 8, "7 calls in 3 rounds": 1 + 2 * ROUNDS_OF_REPAIR}
"""The calls of one problem, by the shape of the work."""

Work = Callable[[int], Awaitable[object]]


class Figures(NamedTuple):
    """The figures of one contender in one round."""

    calls_per_second: float
    cpu_ms_per_problem: float


async def at_once(work: Work, problems: int, calls: int) -> Figures:
    """Do the work for `problems` problems, 64 at a time."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with places:
            await work(number)

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*map(one, range(problems)))
    taken = time.perf_counter() - began
    return Figures(problems * calls / taken, 1000 * (time.process_time() - cpu) / problems)


Ask = Callable[[], Awaitable[object]]


def problem_of(ask: Ask, shape: str) -> Work:
    """Return the calls of one problem in a plain loop: sequential, or all samples concurrently."""

    async def work(_: int) -> None:
        if shape == "8 samples":
            await asyncio.gather(*(ask() for _ in range(CALLS[shape])))
            return
        for _ in range(CALLS[shape]):
            await ask()

    return work


def aiohttp_ask(session: Any, base: str) -> Ask:
    """Return a call through aiohttp."""

    async def ask() -> object:
        body = {"model": "x", "messages": PROMPT}
        async with session.post(f"{base}/chat/completions", json=body) as reply:
            return json.loads(await reply.read())

    return ask


def litellm_ask(base: str) -> Ask:
    """Return a call through litellm."""
    import litellm

    async def ask() -> object:
        return await litellm.acompletion(
            model="openai/x", api_base=base, api_key="x", messages=PROMPT
        )

    return ask


def openai_ask(base: str) -> Ask:
    """Return a call through the OpenAI SDK."""
    client = importlib.import_module("openai").AsyncOpenAI(base_url=base, api_key="x")

    async def ask() -> object:
        return await client.chat.completions.create(model="x", messages=PROMPT)

    return ask


def its_hub_work(base: str) -> Work | None:
    """Return eight samples and a vote with its_hub, or None if it is not installed."""
    try:
        lms = importlib.import_module("its_hub.lms")
        algorithms = importlib.import_module("its_hub.algorithms")
    except ImportError:
        return None
    model = lms.OpenAICompatibleLanguageModel(base, api_key="x", model_name="x")
    vote = algorithms.SelfConsistency()

    async def work(_: int) -> None:
        await vote.ainfer(model, PROMPT[0]["content"], budget=8)

    return work


class _State(TypedDict):
    said: str


def langgraph_work(ask: Ask) -> Work:
    """Return one call in a plain LangGraph with four steps, as many as ours takes."""
    from langgraph.graph import END, START, StateGraph

    async def call(state: _State) -> _State:
        await ask()
        return {"said": "4"}

    async def nothing(state: _State) -> _State:
        return {"said": state["said"]}

    builder: Any = StateGraph(_State)
    names = ("route", "solve", "score", "select")
    for name in names:
        builder.add_node(name, call if name == "solve" else nothing)
    for before, after in zip((START, *names), (*names, END), strict=True):
        builder.add_edge(before, after)
    graph = builder.compile()

    async def work(_: int) -> None:
        await graph.ainvoke({"said": ""})

    return work


def refinegraph_work(base: str, shape: str) -> Work:
    """Return one problem with this library."""
    from refinegraph.agents import Refiner, Reviewer, Solver
    from refinegraph.agents.models import resolve_model
    from refinegraph.graphs.refinement import refinement_graph
    from refinegraph.graphs.routing import AlwaysEasy, AlwaysHard
    from refinegraph.graphs.stopping import rounds
    from refinegraph.runs.runner import run_graph
    from refinegraph.schema import Problem

    model = resolve_model("openai/x", api_base=base)
    if shape == "7 calls in 3 rounds":
        graph = refinement_graph(
            solver=Solver(model),
            reviewer=Reviewer(model),
            refiner=Refiner(model),
            router=AlwaysHard(),
            stop=rounds(ROUNDS_OF_REPAIR),
        )
    else:
        samples = CALLS[shape]
        graph = refinement_graph(solver=Solver(model), router=AlwaysEasy(), samples=samples)

    async def work(number: int) -> None:
        result = await run_graph(graph, Problem(id=str(number), prompt="2 + 2?", kind="math"))
        assert result.usage.llm_calls == CALLS[shape], result.usage

    return work


class _Pair(NamedTuple):
    rate: Contest
    cpu: Contest


def _contest(works: dict[str, Work], problems: int, calls: int) -> _Pair:
    """Return a contest in calls per second, and one in the CPU times of the same rounds."""
    cpu: dict[str, float] = {}

    def measure(name: str, work: Work) -> Measure:
        async def run() -> float:
            figures = await at_once(work, problems, calls)
            cpu[name] = figures.cpu_ms_per_problem
            times.figures.setdefault(name, []).append(figures.cpu_ms_per_problem)
            return figures.calls_per_second

        return run

    times = Contest({})
    return _Pair(Contest({name: measure(name, work) for name, work in works.items()}), times)


async def measure_calls(base: str, latency: float, rounds: int, calls: int) -> list[Row]:
    """Compare calls per second and CPU times; every contender makes the same number of calls.

    `base` is the address of a server that returns one choice per request.
    """
    import aiohttp

    from refinegraph.agents.models import RateLimits, run_scope

    rows: list[Row] = []
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        with run_scope(rate_limits=RateLimits(8 * AT_ONCE)):
            for shape in CALLS:
                rows += await _measure_shape(session, base, shape, rounds, calls)
            rows.append(await _critical_path(base, latency, rounds))
    return rows


async def _measure_shape(session: Any, base: str, shape: str, rounds: int, calls: int) -> list[Row]:
    ask = aiohttp_ask(session, base)
    works: dict[str, Work] = {
        "refinegraph": refinegraph_work(base, shape),
        "aiohttp": problem_of(ask, shape),
        "litellm": problem_of(litellm_ask(base), shape),
    }
    if shape == "1 call":
        works["openai"] = problem_of(openai_ask(base), shape)
        works["LangGraph"] = langgraph_work(ask)
    its_hub = its_hub_work(base) if shape == "8 samples" else None
    if its_hub is not None:
        works["its_hub"] = its_hub
    rate, cpu = _contest(works, max(1, calls // CALLS[shape]), CALLS[shape])
    await rate.run(rounds)
    rows = [
        Row(f"{shape}: calls/s, {name}", tuple(rate.figures[name]), note="calls/s")
        for name in works
    ]
    return rows + _goals(shape, rate, cpu, rounds)


def _goals(shape: str, rate: Contest, cpu: Contest, rounds: int) -> list[Row]:
    for figures in cpu.figures.values():
        del figures[:-rounds]  # the one that warmed up
    to_litellm = rate.ratios("refinegraph", "litellm")
    if shape == "1 call":
        return [
            Row("1 call: calls/s over litellm", to_litellm, Goal(1.5, "higher")),
            Row(
                "1 call: CPU ms a problem above bare LangGraph",
                cpu.differences("refinegraph", "LangGraph"),
                Goal(1.0, "lower"),
            ),
        ]
    if shape == "8 samples":
        its_hub = rate.ratios("refinegraph", "its_hub")
        return [
            Row(f"{shape}: calls/s over litellm", to_litellm),
            Row(f"{shape}: calls/s over its_hub", its_hub, Goal(0.8, "higher"), "not installed"),
        ]
    return [Row(f"{shape}: calls/s over litellm", to_litellm, Goal(2.0, "higher"))]


async def _critical_path(base: str, latency: float, rounds: int) -> Row:
    """Compare a problem of seven sequential calls with seven latencies."""
    shape = "7 calls in 3 rounds"
    work, ratios = refinegraph_work(base, shape), list[float]()
    await work(0)
    for _ in range(rounds):
        began = time.perf_counter()
        await work(0)
        ratios.append((time.perf_counter() - began) / (CALLS[shape] * latency))
    return Row("one problem over its critical path", tuple(ratios), Goal(1.05, "lower"))
