"""Measure the overhead of the graph compared with the models, as ratios within one run.

    python benchmarks/orchestration.py
    python benchmarks/orchestration.py --against PATH

Without `--against`, a local server answers every chat request after a fixed latency, and the
benchmark compares `--help` with an empty interpreter, one problem with its critical path, and many
concurrent problems with a plain loop of `litellm.acompletion` that makes the same number of calls.
With `--against`, it compares only the CPU time of a problem with that of another checkout of
refinegraph, whose root is PATH; both run alternately, each in a separate process.
"""

import argparse
import asyncio
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from chat_server import chat_server

if TYPE_CHECKING:
    from refinegraph.graphs.refinement import RefinementGraph

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")


def wall(command: list[str], times: int = 7) -> float:
    """Return the median duration of a command in seconds."""

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


def one_call_graph(base: str) -> "RefinementGraph":
    """Return a graph that makes one call per problem."""
    from refinegraph.agents import Solver
    from refinegraph.agents.models import resolve_model
    from refinegraph.graphs.refinement import refinement_graph
    from refinegraph.graphs.routing import AlwaysEasy

    return refinement_graph(
        solver=Solver(resolve_model("openai/x", api_base=base)), router=AlwaysEasy()
    )


def five_call_graph(base: str) -> "RefinementGraph":
    """Return a graph that makes five sequential calls per problem."""
    from refinegraph.agents import Refiner, Reviewer, Solver
    from refinegraph.agents.models import resolve_model
    from refinegraph.graphs.refinement import refinement_graph
    from refinegraph.graphs.routing import AlwaysHard
    from refinegraph.graphs.stopping import rounds

    model = resolve_model("openai/x", api_base=base)
    return refinement_graph(
        solver=Solver(model),
        reviewer=Reviewer(model),
        refiner=Refiner(model),
        router=AlwaysHard(),
        stop=rounds(2),
    )


async def problem_ratio(base: str, latency: float) -> None:
    """Compare a problem with five sequential calls with its critical path."""
    from refinegraph.runs.runner import run_graph
    from refinegraph.schema import Problem

    graph = five_call_graph(base)
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


async def throughput_ratio(base: str, problems: int, at_once: int, calls: int) -> None:
    """Compare calls per second with a plain litellm loop that makes the same calls, interleaved."""
    import litellm

    from refinegraph.agents.models import RateLimits, run_scope
    from refinegraph.runs.runner import run_graph
    from refinegraph.schema import Problem

    graph = one_call_graph(base) if calls == 1 else five_call_graph(base)
    asked = [{"role": "user", "content": "2 + 2?"}]

    async def ours(number: int) -> None:
        await run_graph(graph, Problem(id=str(number), prompt="2 + 2?", kind="math"))

    async def bare(_: int) -> None:
        for _ in range(calls):
            await litellm.acompletion(model="openai/x", api_base=base, api_key="x", messages=asked)

    async def rate(work: Callable[[int], object]) -> float:
        places = asyncio.Semaphore(at_once)

        async def one(number: int) -> None:
            async with places:
                await work(number)  # type: ignore[misc]

        began = time.perf_counter()
        await asyncio.gather(*map(one, range(problems)))
        return calls * problems / (time.perf_counter() - began)

    with run_scope(rate_limits=RateLimits(at_once)):
        await rate(bare)
        await rate(ours)
        pairs = [(await rate(ours), await rate(bare)) for _ in range(5)]
    ratio = statistics.median(mine / other for mine, other in pairs)
    shown = ", ".join(f"{mine:.0f}/{other:.0f}" for mine, other in pairs)
    print(f"calls per second / plain litellm {ratio:6.2f} x   {calls} per problem   {shown}")


async def durability() -> None:
    """Print the cost of storing a run: milliseconds per super-step, and the size of the file."""
    from tempfile import TemporaryDirectory

    from refinegraph.agents.models import ScriptedChatModel
    from refinegraph.graphs.sqlite_checkpoints import latest_checkpoints
    from refinegraph.runs.solving import asolve

    numbers = iter(range(100_000))

    def other(messages: object, sampling: object) -> str:
        return f"```python\ndef f(x):\n    return {next(numbers)}  # {'x' * 1000}\n```"

    async def timed(file: Path | None) -> tuple[float, int]:
        began = time.perf_counter()
        settings = {"strategy": "self-refine", "rounds": 100, "tests": "assert f(1) == -1"}
        model = ScriptedChatModel(other)
        if file is None:
            result = await asolve("Write f(x).", model=model, **settings)  # type: ignore[arg-type]
        else:
            async with latest_checkpoints(file) as saver:
                result = await asolve(
                    "Write f(x).",
                    model=model,
                    checkpointer=saver,
                    run_id="one",
                    **settings,  # type: ignore[arg-type]
                )
        return time.perf_counter() - began, len(result.model_dump_json())

    with TemporaryDirectory() as folder:
        await timed(None)
        bare, written = await timed(None)
        file = Path(folder) / "state.sqlite"
        kept, _ = await timed(file)
        size = file.stat().st_size
    steps = 4 * 100 + 4
    print(f"a checkpoint                     {1000 * (kept - bare) / steps:6.2f} ms per super-step")
    print(f"the file of 100 rounds           {size / written:6.2f} x   the text of the run")


async def memory(base: str, problems: int) -> None:
    """Print the memory used by many problems in progress."""
    from refinegraph.runs.runner import run_graph
    from refinegraph.schema import Problem

    graph = one_call_graph(base)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    works = (run_graph(graph, Problem(prompt="2 + 2?", kind="math")) for _ in range(problems))
    await asyncio.gather(*works)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{problems} problems in flight          {grown:6.0f} MB  (at most 300)")


def use_checkout(root: Path) -> None:
    """Import refinegraph from another checkout, regardless of what is installed."""
    sys.meta_path[:] = [
        finder for finder in sys.meta_path if "editable" not in f"{finder!r} {finder.__module__}"
    ]
    sys.path.insert(0, str(root))


async def cpu_of_a_problem(problems: int) -> float:
    """Return the microseconds of CPU for a problem with one call of a scripted model."""
    from refinegraph.agents import Solver
    from refinegraph.agents.models import ScriptedChatModel
    from refinegraph.graphs.refinement import refinement_graph
    from refinegraph.graphs.routing import AlwaysEasy
    from refinegraph.schema import Problem

    model = ScriptedChatModel("The answer is 4.", cycle=True)
    graph = refinement_graph(solver=Solver(model), router=AlwaysEasy())
    problem = Problem(prompt="2 + 2?", kind="math")
    return await _cpu(lambda: graph.ainvoke({"problem": problem}), problems)


async def cpu_of_bare_steps(problems: int, steps: int = 4) -> float:
    """Return the microseconds of CPU that LangGraph takes for steps that do nothing."""
    from langgraph.graph import StateGraph
    from typing_extensions import TypedDict

    class State(TypedDict):
        problem: str

    async def step(state: State) -> State:
        return state

    builder = StateGraph(State)
    builder.add_sequence([(f"step_{number}", step) for number in range(steps)])
    builder.set_entry_point("step_0")
    graph = builder.compile()
    return await _cpu(lambda: graph.ainvoke({"problem": "2 + 2?"}), problems)


async def _cpu(run: Callable[[], Awaitable[object]], problems: int) -> float:
    for _ in range(30):  # imports and caches
        await run()
    began = time.process_time()
    for _ in range(problems):
        await run()
    return (time.process_time() - began) / problems * 1e6


def cpu_in_a_process(*options: str) -> float:
    """Return the output of this program with other options."""
    command = [sys.executable, __file__, *options]
    return float(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def compare_with(other: Path, rounds: int = 7) -> None:
    """Print the CPU time of a problem here and in another checkout, measured in alternation."""
    here = Path(__file__).resolve().parent.parent
    measured = [
        (cpu_in_a_process("--cpu-of", str(here)), cpu_in_a_process("--cpu-of", str(other)))
        for _ in range(rounds)
    ]
    ratios = sorted(ours / theirs for ours, theirs in measured)
    ours, theirs = (statistics.median(column) for column in zip(*measured, strict=True))
    bare = statistics.median(cpu_in_a_process("--bare") for _ in range(rounds))
    print(f"CPU per problem / other checkout  {statistics.median(ratios):6.2f} x   (at most 1.00)")
    print(f"from {ratios[0]:.2f} to {ratios[-1]:.2f}; {ours:.0f} and {theirs:.0f} microseconds")
    print(f"above plain LangGraph, four steps {ours - bare:6.0f} microseconds  (at most 1000)")


def main() -> None:
    """Run every comparison, or the part for which a separate process was started."""
    parser = argparse.ArgumentParser(description="Measure the overhead of the graph.")
    parser.add_argument("--latency", type=float, default=0.1, help="seconds per model call")
    parser.add_argument("--against", type=Path, metavar="PATH", help="another checkout")
    parser.add_argument("--cpu-of", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--bare", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.against:
        compare_with(options.against)
    elif options.cpu_of:
        use_checkout(options.cpu_of)
        print(asyncio.run(cpu_of_a_problem(300)))
    elif options.bare:
        print(asyncio.run(cpu_of_bare_steps(300)))
    else:
        asyncio.run(compare_all(options))


async def compare_all(options: argparse.Namespace) -> None:
    """Compare with critical paths and with plain clients."""
    help_ratio()
    async with chat_server(options.latency) as server:
        base = server.base
        await problem_ratio(base, options.latency)
        await throughput_ratio(base, problems=200, at_once=64, calls=1)
        await throughput_ratio(base, problems=200, at_once=64, calls=5)
        await memory(base, problems=1000)
        await durability()


if __name__ == "__main__":
    main()
