"""What the graph costs beside the models, as ratios within one run.

    python benchmarks/orchestration.py

A server on the loopback answers every chat request after a fixed latency. Compared side by side:
`--help` with an empty interpreter; one problem with its critical path; many problems at once with
a bare loop of `litellm.acompletion` that makes the same number of calls.
"""

import argparse
import asyncio
import contextlib
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

SERVER = """
import asyncio, sys
from aiohttp import web

async def answer(request):
    asked = await request.json()
    await asyncio.sleep(float(sys.argv[1]))
    message = {"role": "assistant", "content": "The answer is 4."}
    choices = [{"index": n, "finish_reason": "stop", "message": message}
               for n in range(asked.get("n") or 1)]
    usage = {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}
    return web.json_response({"id": "1", "object": "chat.completion", "created": 1,
                              "model": asked["model"], "choices": choices, "usage": usage})

async def main():
    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@contextlib.asynccontextmanager
async def server(latency: float) -> AsyncGenerator[str]:
    """Run the server in a process of its own and yield its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, str(latency), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    port = int(await process.stdout.readline())
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        await process.wait()


def wall(command: list[str], times: int = 7) -> float:
    """Return the median seconds of a command."""

    def once() -> float:
        began = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        return time.perf_counter() - began

    once()
    return statistics.median(once() for _ in range(times))


def help_ratio() -> None:
    """Compare `--help` with an interpreter that does nothing."""
    bare = wall([sys.executable, "-c", "pass"])
    ours = wall([sys.executable, "-m", "refinegraph", "--help"])
    print(f"--help / python -c pass          {ours / bare:6.2f} x   (at most 8)")


async def problem_ratio(base: str, latency: float) -> None:
    """Compare one problem of five calls in a row with its critical path."""
    from refinegraph.agents import Refiner, Reviewer, Solver
    from refinegraph.agents.models import resolve_model
    from refinegraph.graphs.refinement import refinement_graph
    from refinegraph.graphs.routing import AlwaysHard
    from refinegraph.graphs.stopping import rounds
    from refinegraph.schema import Problem
    from refinegraph.solving import run_graph

    model = resolve_model("openai/x", api_base=base)
    graph = refinement_graph(
        solver=Solver(model),
        reviewer=Reviewer(model),
        refiner=Refiner(model),
        router=AlwaysHard(),
        stop=rounds(2),
    )
    problem = Problem(prompt="2 + 2?", kind="math")
    result = await run_graph(graph, problem)
    taken: list[float] = []
    for _ in range(7):
        began = time.perf_counter()
        result = await run_graph(graph, problem)
        taken.append(time.perf_counter() - began)
    path = 5 * latency
    assert result.usage.llm_calls == 5
    ratio = statistics.median(taken) / path
    print(f"one problem / critical path      {ratio:6.2f} x   (at most 1.10)")


async def throughput_ratio(base: str, problems: int, at_once: int) -> None:
    """Compare calls a second with a bare litellm loop, interleaved."""
    import litellm

    from refinegraph.agents import Solver
    from refinegraph.agents.models import InFlight, resolve_model, run_scope
    from refinegraph.graphs.refinement import refinement_graph
    from refinegraph.graphs.routing import AlwaysEasy
    from refinegraph.schema import Problem
    from refinegraph.solving import run_graph

    graph = refinement_graph(
        solver=Solver(resolve_model("openai/x", api_base=base)), router=AlwaysEasy()
    )
    asked = [{"role": "user", "content": "2 + 2?"}]

    async def ours(number: int) -> None:
        await run_graph(graph, Problem(id=str(number), prompt="2 + 2?", kind="math"))

    async def bare(_: int) -> None:
        await litellm.acompletion(model="openai/x", api_base=base, api_key="x", messages=asked)

    async def rate(work: Callable[[int], object]) -> float:
        places = asyncio.Semaphore(at_once)

        async def one(number: int) -> None:
            async with places:
                await work(number)  # type: ignore[misc]

        began = time.perf_counter()
        await asyncio.gather(*map(one, range(problems)))
        return problems / (time.perf_counter() - began)

    with run_scope(in_flight=InFlight(at_once)):
        await rate(bare)
        await rate(ours)
        pairs = [(await rate(ours), await rate(bare)) for _ in range(5)]
    ratio = statistics.median(mine / other for mine, other in pairs)
    calls = ", ".join(f"{mine:.0f}/{other:.0f}" for mine, other in pairs)
    print(f"calls a second / bare litellm    {ratio:6.2f} x   (at least 0.80)   {calls}")


async def memory(base: str, problems: int) -> None:
    """Print how much memory many problems in flight take."""
    from refinegraph.agents import Solver
    from refinegraph.agents.models import resolve_model
    from refinegraph.graphs.refinement import refinement_graph
    from refinegraph.graphs.routing import AlwaysEasy
    from refinegraph.schema import Problem
    from refinegraph.solving import run_graph

    graph = refinement_graph(
        solver=Solver(resolve_model("openai/x", api_base=base)), router=AlwaysEasy()
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    works = (run_graph(graph, Problem(prompt="2 + 2?", kind="math")) for _ in range(problems))
    await asyncio.gather(*works)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{problems} problems in flight          {grown:6.0f} MB  (at most 300)")


async def main() -> None:
    """Run every comparison."""
    parser = argparse.ArgumentParser(description="Measure what the graph costs.")
    parser.add_argument("--latency", type=float, default=0.1, help="seconds a model call")
    options = parser.parse_args()
    help_ratio()
    async with server(options.latency) as base:
        await problem_ratio(base, options.latency)
        await throughput_ratio(base, problems=200, at_once=64)
        await memory(base, problems=1000)


if __name__ == "__main__":
    asyncio.run(main())
