"""Compare refinegraph, its_hub and DSPy on the same samples: answers per second and CPU time.

    python -m venv peers && peers/bin/pip install 'its_hub[lm]' dspy
    python benchmarks/peers.py --peers peers/bin/python

Every library runs self-consistency with eight samples on many problems, with 64 concurrent calls,
against one local server. The server answers after a fixed latency and returns one choice per call,
whatever the request says, so that all libraries make the same calls. Each library runs in a
separate process, one after the other, in three rounds; ratios are those of the medians. A library
that is not installed is skipped.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
from typing import NamedTuple

from chat_server import chat_server

TEXT = "[[ ## answer ## ]]\n4\n\n[[ ## completed ## ]]\nThe answer is 4."
"""A text from which DSPy and the others can parse an answer."""
WARM_UP = 8
"""Problems that are solved before the measurement."""

_TIMED = """
import asyncio, json, os, sys, time
base, problems, samples = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
PROMPT = "2 + 2? Number {}."

def told(make, several):
    async def run():
        await several(make, int(sys.argv[4]))
        began, cpu = time.perf_counter(), time.process_time()
        await several(make, problems)
        print(json.dumps([time.perf_counter() - began, time.process_time() - cpu]))
    asyncio.run(run())

async def several(make, count):
    await asyncio.gather(*(make(number) for number in range(count)))
"""

_OURS = """
import refinegraph as rg
from refinegraph.agents.models import RateLimits, resolve_model, run_scope

model = resolve_model("openai/m", api_base=base, api_key="x")

async def make(number):
    problem = rg.Problem(id=str(number), prompt=PROMPT.format(number), kind="math")
    result = await rg.asolve(problem, model=model, strategy="self-consistency", samples=samples)
    assert result.answer == "4" and len(result.candidates) == samples

with run_scope(rate_limits=RateLimits(64)):
    told(make, several)
"""

_ITS_HUB = """
from its_hub import LMOrchestrator, OpenAICompatibleLanguageModel, SelfConsistency

model = OpenAICompatibleLanguageModel(endpoint=base, api_key="x", model_name="m")
voting = SelfConsistency(lambda text: text.split()[-1], orchestrator=LMOrchestrator(64))

async def make(number):
    answer = await voting.ainfer(model, PROMPT.format(number), budget=samples)
    assert "4" in answer["content"]

told(make, several)
"""

_DSPY = """
import dspy

model = dspy.LM("openai/m", api_base=base, api_key="x", cache=False, temperature=1.0)
dspy.configure(lm=model, async_max_workers=64)
places = asyncio.Semaphore(64)

async def one(number):
    async with places:
        return await dspy.Predict("question -> answer").acall(question=PROMPT.format(number))

async def make(number):
    answers = await asyncio.gather(*(one(number) for _ in range(samples)))
    completions = dspy.Completions({"answer": [answer.answer for answer in answers]})
    assert dspy.majority(completions).answer == "4"

told(make, several)
"""


class Library(NamedTuple):
    """One library's way to compute the answers."""

    name: str
    module: str
    program: str


LIBRARIES = (
    Library("refinegraph", "refinegraph", _OURS),
    Library("its_hub", "its_hub", _ITS_HUB),
    Library("DSPy", "dspy", _DSPY),
)


class Timed(NamedTuple):
    """The figures of one round."""

    seconds: float
    cpu: float


async def timed(python: str, library: Library, base: str, problems: int, samples: int) -> Timed:
    """Run one library on all problems, in a separate process."""
    process = await asyncio.create_subprocess_exec(
        python,
        "-c",
        _TIMED + library.program,
        *(base, str(problems), str(samples), str(WARM_UP)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    if process.returncode:
        raise SystemExit(f"{library.name} failed:\n{err.decode()[-2000:]}")
    return Timed(*json.loads(out.splitlines()[-1]))


async def main() -> None:
    """Measure every installed library."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--peers", default=sys.executable, help="interpreter with the others")
    parser.add_argument("--problems", type=int, default=100)
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--latency", type=float, default=0.1, help="seconds per model call")
    options = parser.parse_args()
    pythons: dict[Library, str] = {library: str(options.peers) for library in LIBRARIES}
    pythons[LIBRARIES[0]] = sys.executable
    there = [library for library in LIBRARIES if _has(pythons[library], library.module)]
    took: dict[str, list[Timed]] = {library.name: [] for library in there}
    wanted = (options.problems + WARM_UP) * options.samples
    async with chat_server(options.latency, text=TEXT, several=False) as server:
        for _ in range(3):
            for library in there:
                before = server.calls()
                took[library.name].append(
                    await timed(
                        pythons[library], library, server.base, options.problems, options.samples
                    )
                )
                calls_made = server.calls() - before
                if calls_made != wanted:
                    print(f"{library.name} made {calls_made} calls where {wanted} were expected")
    calls = options.problems * options.samples
    ours = _median(took["refinegraph"])
    print(f"{calls} calls, {options.latency:g} s each, 64 concurrent")
    for name, rounds in took.items():
        median = _median(rounds)
        print(
            f"{name:<12} {calls / median.seconds:6.0f} calls a second "
            f"({ours.seconds / median.seconds:4.2f} x ours)   "
            f"{1000 * median.cpu / calls:5.2f} ms CPU a call ({median.cpu / ours.cpu:4.2f} x ours)"
        )


def _median(rounds: list[Timed]) -> Timed:
    return Timed(
        statistics.median(took.seconds for took in rounds),
        statistics.median(took.cpu for took in rounds),
    )


def _has(python: str, module: str) -> bool:
    return subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode == 0


if __name__ == "__main__":
    asyncio.run(main())
