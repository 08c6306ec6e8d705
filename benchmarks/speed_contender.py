"""One contender of the speed benchmark, in a process of its own.

    python speed_contender.py NAME SHAPE ADDRESS

The first line of its output says "ready" or "not installed". It then reads lines with two numbers,
how many problems to do and how many of them at once, and answers with the wall time and the CPU
time that they took, in seconds. With one process per contender, no package slows down another: the
imports of litellm, for example, lengthen every pass of the garbage collector.
"""

import asyncio
import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, TypedDict

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

PROMPT = [{"role": "user", "content": "2 + 2?"}]
ROUNDS_OF_REPAIR = 3
"""One sample, then three reviews and repairs: the seven calls of the comparison."""
CALLS = {"1 call": 1, "8 samples": 8, "7 calls in 3 rounds": 1 + 2 * ROUNDS_OF_REPAIR}
"""The calls of one problem, by the shape of the work."""
SUPER_STEPS = {"7 calls in 3 rounds": 3 * (1 + ROUNDS_OF_REPAIR)}
"""The super-steps of one problem: route, solve and score, and three for each round."""
MAX_SECONDS = 30.0
"""Time limit of a call: an answer takes a tenth of a second, so a longer call hangs."""
MAX_CALLS = 1024
"""More calls than are ever in flight; the benchmark limits them itself."""

Ask = Callable[[], Awaitable[object]]
Work = Callable[[int], Awaitable[object]]


def problem_of(ask: Ask, shape: str) -> Work:
    """Return the calls of one problem in a plain loop: sequential, or all samples concurrently."""

    async def work(_: int) -> None:
        if shape == "8 samples":
            await asyncio.gather(*(ask() for _ in range(CALLS[shape])))
            return
        for _ in range(CALLS[shape]):
            await ask()

    return work


@asynccontextmanager
async def aiohttp_ask(base: str) -> AsyncGenerator[Ask]:
    """Yield a call through aiohttp."""
    aiohttp: Any = importlib.import_module("aiohttp")
    connector = aiohttp.TCPConnector(limit=0)
    limit = aiohttp.ClientTimeout(total=MAX_SECONDS)
    async with aiohttp.ClientSession(connector=connector, timeout=limit) as session:

        async def ask() -> object:
            body = {"model": "x", "messages": PROMPT}
            async with session.post(f"{base}/chat/completions", json=body) as reply:
                return json.loads(await reply.read())

        yield ask


@asynccontextmanager
async def aiohttp_loop(base: str, shape: str) -> AsyncGenerator[Work]:
    """Yield a plain loop over aiohttp."""
    async with aiohttp_ask(base) as ask:
        yield problem_of(ask, shape)


@asynccontextmanager
async def litellm_loop(base: str, shape: str) -> AsyncGenerator[Work]:
    """Yield a plain loop over litellm."""
    litellm: Any = importlib.import_module("litellm")

    async def ask() -> object:
        return await litellm.acompletion(
            model="openai/x", api_base=base, api_key="x", messages=PROMPT, timeout=MAX_SECONDS
        )

    yield problem_of(ask, shape)


@asynccontextmanager
async def openai_loop(base: str, shape: str) -> AsyncGenerator[Work]:
    """Yield a plain loop over the OpenAI SDK."""
    openai: Any = importlib.import_module("openai")
    client = openai.AsyncOpenAI(base_url=base, api_key="x", timeout=MAX_SECONDS)

    async def ask() -> object:
        return await client.chat.completions.create(model="x", messages=PROMPT)

    yield problem_of(ask, shape)


@asynccontextmanager
async def its_hub_vote(base: str, shape: str) -> AsyncGenerator[Work]:
    """Yield samples and a vote with its_hub."""
    models: Any = importlib.import_module("its_hub.core.lms.openai_lm")
    algorithms: Any = importlib.import_module("its_hub.core.algorithms.self_consistency")
    vote = algorithms.SelfConsistency()
    model = models.OpenAICompatibleLanguageModel(base, api_key="x", model_name="x")
    async with model:

        async def work(_: int) -> None:
            await vote.ainfer(model, PROMPT[0]["content"], budget=CALLS[shape])

        yield work


class _State(TypedDict):
    said: str


@asynccontextmanager
async def langgraph_loop(base: str, shape: str) -> AsyncGenerator[Work]:
    """Yield one call in a plain LangGraph with four steps, as many as a person would write."""
    from langgraph.graph import END, START, StateGraph

    async with aiohttp_ask(base) as ask:

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

        yield work


@asynccontextmanager
async def refinegraph_work(
    base: str, shape: str, *, scripted: bool = False, stored: bool = False
) -> AsyncGenerator[Work]:
    """Yield problems by this library: over HTTP or scripted, and with or without checkpoints."""
    from refinegraph.agents.models import RateLimits, ScriptedChatModel, resolve_model, run_scope
    from refinegraph.runs.runner import run_graph
    from refinegraph.schema import Problem

    script = ScriptedChatModel("The answer is 4.", cycle=True)
    model = script if scripted else resolve_model("openai/x", api_base=base)
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        saver: Any = None
        if stored:
            from refinegraph.graphs.sqlite_checkpoints import latest_checkpoints

            saver = await stack.enter_async_context(latest_checkpoints(Path(folder) / "runs"))
        graph = _graph(model, shape, saver)
        # A scripted problem is over at once, so that a limit on its calls is of no interest.
        limits = nullcontext() if scripted else run_scope(rate_limits=RateLimits(MAX_CALLS))
        stack.enter_context(limits)

        async def work(number: int) -> None:
            problem = Problem(id=str(number), prompt="2 + 2?", kind="math")
            if scripted and not stored:  # in super-steps, as a stored run
                result = (await graph.ainvoke({"problem": problem}))["result"]
            else:
                result = await run_graph(graph, problem)
            assert result.usage.llm_calls == CALLS[shape], result.usage

        yield work


def _graph(model: Any, shape: str, saver: Any) -> Any:
    from refinegraph.agents import Refiner, Reviewer, Solver
    from refinegraph.graphs.refinement import refinement_graph
    from refinegraph.graphs.routing import AlwaysEasy, AlwaysHard
    from refinegraph.graphs.stopping import rounds

    if shape != "7 calls in 3 rounds":
        return refinement_graph(
            solver=Solver(model), router=AlwaysEasy(), samples=CALLS[shape], checkpointer=saver
        )
    return refinement_graph(
        solver=Solver(model),
        reviewer=Reviewer(model),
        refiner=Refiner(model),
        router=AlwaysHard(),
        stop=rounds(ROUNDS_OF_REPAIR),
        checkpointer=saver,
    )


CONTENDERS: dict[str, Callable[[str, str], Any]] = {
    "refinegraph": refinegraph_work,
    "refinegraph, scripted": lambda base, shape: refinegraph_work(base, shape, scripted=True),
    "refinegraph, stored": lambda base, shape: refinegraph_work(
        base, shape, scripted=True, stored=True
    ),
    "aiohttp": aiohttp_loop,
    "litellm": litellm_loop,
    "openai": openai_loop,
    "LangGraph": langgraph_loop,
    "its_hub": its_hub_vote,
}


async def timed(work: Work, problems: int, at_once: int) -> dict[str, float]:
    """Do the work for several problems; return the wall time and the CPU time in seconds."""
    places = asyncio.Semaphore(at_once)

    async def one(number: int) -> None:
        async with places:
            await work(number)

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*map(one, range(problems)))
    return {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - cpu}


async def main() -> None:
    """Do what the input says until it ends."""
    name, shape, base = sys.argv[1:]
    async with AsyncExitStack() as stack:
        try:
            work = await stack.enter_async_context(CONTENDERS[name](base, shape))
        except ImportError:
            print("not installed", flush=True)
            return
        print("ready", flush=True)
        # A thread reads, because idle connections need the event loop when the server closes them.
        while line := await asyncio.to_thread(sys.stdin.readline):
            problems, at_once = map(int, line.split())
            print(json.dumps(await timed(work, problems, at_once)), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
