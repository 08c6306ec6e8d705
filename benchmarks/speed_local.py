"""Measure start-up, and models in this process compared with plain llama.cpp."""

import asyncio
import random
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

from speed_frame import Contest, Goal, Measure, Row

FIRST_TOKEN = """
import os, time
from refinegraph.cli.deferred_packages import defer_packages
from refinegraph.terminal.waiting import without_collection

defer_packages()
with without_collection():
    import refinegraph.cli.solve
import refinegraph
from refinegraph.agents.models import TokensStreamed

def hear(event):
    if isinstance(event, TokensStreamed):
        print(time.process_time(), flush=True)
        os._exit(0)

refinegraph.solve("Write f(x) for a list of integers. Sort it.", model="embedded",
                  strategy="single", stream=True, on_event=hear)
"""
"""A program that prints the CPU seconds of its process up to the first token, including imports."""

WORDS = (
    *("list", "number", "sort", "sum", "text", "count", "first", "last", "even", "odd", "string"),
    *("table", "shop", "prices", "return", "given", "function", "longest", "shortest", "word"),
    *("value", "key", "largest", "smallest"),
)
TOKENS = 48
"""Tokens per answer: the length of a typical program by the package's model."""


def wall(*command: str) -> Measure:
    """Return a measure of the duration of a command in seconds."""

    async def measure() -> float:
        began = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        return time.perf_counter() - began

    return measure


async def measure_start_up(rounds: int) -> list[Row]:
    """Compare `--help` with a bare interpreter, and measure CPU time up to the first token."""
    contest = Contest(
        {
            "bare": wall(sys.executable, "-c", "pass"),
            "help": wall(sys.executable, "-m", "refinegraph", "--help"),
        }
    )
    await contest.run(3 * rounds)
    return [
        Row("--help over bare Python", contest.ratios("help", "bare"), Goal(2.0, "lower")),
        Row(
            "CPU s to the first token of the package's model",
            tuple(_first_token() for _ in range(rounds + 1))[1:],
            Goal(0.6, "lower"),
        ),
    ]


def _first_token() -> float:
    ended = subprocess.run(
        [sys.executable, "-c", FIRST_TOKEN], capture_output=True, text=True, check=True
    )
    return float(ended.stdout)


def _prompt(source: random.Random) -> str:
    return " ".join(source.choices(WORDS, k=40))


def _bare_server() -> Any:
    """Return plain llama.cpp with the settings of the package's engine."""
    xllamacpp: Any = import_module("xllamacpp")

    from refinegraph.agents.models.providers.llama_engine import SLOTS
    from refinegraph.agents.models.providers.local_chat import WEIGHTS

    parameters: Any = xllamacpp.CommonParams()
    parameters.model.path = str(WEIGHTS)
    parameters.n_parallel = SLOTS
    parameters.kv_unified = False
    parameters.n_ctx = 2048 * SLOTS
    for threads in (parameters.cpuparams, parameters.cpuparams_batch):
        threads.n_threads = 1
        threads.poll = 0
    parameters.verbosity = -1
    return xllamacpp.Server(parameters)


def bare_llama(at_once: int) -> Measure:
    """Return a measure of the tokens per second that plain llama.cpp writes."""
    server, threads, source = _bare_server(), ThreadPoolExecutor(at_once), random.Random(1)

    def ask(prompt: str) -> int:
        request = {
            "messages": [{"role": "user", "content": prompt}],
            **{"max_tokens": TOKENS, "temperature": 0.8, "top_k": 0, "top_p": 1.0, "min_p": 0.0},
            **{"stream": True, "stream_options": {"include_usage": True}},
        }
        pieces: list[dict[str, Any]] = []

        def hear(piece: dict[str, Any]) -> bool:
            pieces.append(piece)
            return False

        server.handle_chat_completions(request, hear)
        return sum(piece["usage"]["completion_tokens"] for piece in pieces if piece.get("usage"))

    async def measure() -> float:
        began = time.perf_counter()
        prompts = [_prompt(source) for _ in range(4 * at_once)]
        written = sum(threads.map(ask, prompts))
        return written / (time.perf_counter() - began)

    return measure


def our_llama(at_once: int) -> Measure:
    """Return a measure of the tokens per second that `generate` writes."""
    from refinegraph.agents.models import Sampling, generate, resolve_model

    model, source = resolve_model("embedded"), random.Random(1)
    sampling = Sampling(max_tokens=TOKENS, temperature=0.8)

    async def measure() -> float:
        places, written = asyncio.Semaphore(at_once), list[int]()

        async def ask(prompt: str) -> None:
            async with places:
                completions = await generate(model, prompt, sampling=sampling)
            written.append(completions.usage.completion_tokens)

        began = time.perf_counter()
        await asyncio.gather(*(ask(_prompt(source)) for _ in range(4 * at_once)))
        return sum(written) / (time.perf_counter() - began)

    return measure


async def measure_embedded(rounds: int) -> list[Row]:
    """Compare tokens per second with plain llama.cpp, and how samples share a prompt."""
    rows: list[Row] = []
    for at_once in (1, 8, 16):
        contest = Contest({"ours": our_llama(at_once), "bare": bare_llama(at_once)})
        await contest.run(rounds)
        title = f"tokens/s over bare llama.cpp, {at_once} in parallel"
        rows.append(Row(title, contest.ratios("ours", "bare")))
    return [*rows, *await _shared_prompts(rounds)]


async def _shared_prompts(rounds: int) -> list[Row]:
    """Compare the CPU time of a long prompt for eight samples with that for one."""
    from refinegraph.agents.models import Sampling, generate, resolve_model

    model, source = resolve_model("embedded"), random.Random(2)
    sampling = Sampling(max_tokens=1, temperature=0.8)

    def cpu_of(n: int) -> Measure:
        async def measure() -> float:
            began = time.process_time()
            prompt = " ".join(source.choices(WORDS, k=400))
            await generate(model, prompt, n=n, sampling=sampling)
            return time.process_time() - began

        return measure

    contest = Contest({"eight": cpu_of(8), "one": cpu_of(1)})
    await contest.run(rounds)
    prompt = " ".join(WORDS)
    await generate(model, prompt, sampling=sampling)
    usage = (await generate(model, f"{prompt} again", sampling=sampling)).usage
    return [
        Row("CPU of a prompt for 8 samples over that for 1", contest.ratios("eight", "one")),
        Row(
            "share of a prompt with the same beginning that is not read again",
            (usage.cached_tokens / usage.prompt_tokens,),
        ),
    ]


GROWTH = """
import asyncio, sys
sys.path.insert(0, "benchmarks")
from speed_local import grow
print(asyncio.run(grow(int(sys.argv[1]))))
"""


def measure_growth(tasks: int) -> list[Row]:
    """Write answers in a separate process; return the growth of its memory."""
    ended = subprocess.run(
        [sys.executable, "-c", GROWTH, str(tasks)], capture_output=True, text=True, check=True
    )
    grown = float(ended.stdout)
    return [
        Row(f"MB more after {tasks:,} tasks", (grown,), Goal(5.0, "lower")),
        Row("MB more a thousand tasks", (1000 * grown / tasks,)),
    ]


WARM_UP = 300
"""Tasks before the first measurement of memory: three times as many as fill the prompt cache."""


async def grow(tasks: int) -> float:
    """Write an answer to each of many prompts; return the added memory in megabytes."""
    from refinegraph.agents.models import Sampling, generate, resolve_model

    model, source, before = resolve_model("embedded"), random.Random(3), 0.0
    sampling = Sampling(max_tokens=12, temperature=0.8)
    for number in range(WARM_UP + tasks):
        if number == WARM_UP:
            before = megabytes()
        await generate(model, f"{_prompt(source)} {number}", sampling=sampling)
    return megabytes() - before


def megabytes() -> float:
    """Return the memory of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20
