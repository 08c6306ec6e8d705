"""Rewards a second: from a small caller, from one that holds gigabytes, with programs that hang.

    python benchmarks/rewards.py --count 2000
    python benchmarks/rewards.py --count 2000 --hold 2000
    python benchmarks/rewards.py --hanging 512

Every program is another one, so that nothing is answered from memory, and runs with every layer of
isolation that the machine has.
"""

import argparse
import asyncio
import math
import os
import random
import resource
import sys
import time
from collections.abc import Sequence

from refinegraph.rewards import tests_passed
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.sandbox.pool import MOST_WORKERS

BATCH = 512
"""Programs of a batch: that of a training step with 64 prompts and 8 answers each."""
TESTS = "\n".join(
    f"assert longest({words!r}) == {max(words, key=len)!r}"
    for words in (["a", "bbb", "cc"], ["x"], ["dd", "e"], ["one", "four", "seven"], ["z", "yy"])
)
RIGHT = "best = max(words, key=len)\n    return best"
WRONG = "return words[0]"
HANGS = "while True:\n        pass"
WAITS = "import time\n    time.sleep(60)"


def completion(number: int, body: str) -> str:
    """Return an answer with a program that no other answer has."""
    return f"Here it is.\n\n```python\ndef longest(words):\n    # {number}\n    {body}\n```\n"


def held(megabytes: int) -> list[object]:
    """Return that much memory, a tenth of it as small objects, as a trainer holds them."""
    objects = [(number, str(number)) for number in range(megabytes * 700)]
    blocks = [bytearray(os.urandom(1) * 2**20) for _ in range(megabytes * 9 // 10)]
    return [objects, blocks]


async def rate(count: int) -> float:
    """Return the rewards a second over batches, each awaited as a trainer awaits it."""
    reward, wanted = tests_passed(), random.Random(1)
    bodies = [wanted.choice((RIGHT, WRONG)) for _ in range(count)]
    await reward(completions=[completion(-1, RIGHT)] * 8, tests=[TESTS] * 8)
    began, used = time.perf_counter(), cpu()
    for first in range(0, count, BATCH):
        some = range(first, min(count, first + BATCH))
        texts = [completion(number, bodies[number]) for number in some]
        got = await reward(completions=texts, tests=[TESTS] * len(texts))
        assert got == [float(bodies[number] == RIGHT) for number in some]
    seconds = time.perf_counter() - began
    print(f"  {1e3 * (cpu() - used) / count:.2f} ms of CPU of the caller for a reward")
    return count / seconds


def cpu() -> float:
    """Return the CPU seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def isolation() -> str:
    """Return the tier of isolation of a run, and its layers."""
    verdict = await Sandbox().check("def f(): return 1", "f", [((), 1)])
    layers = verdict.isolation
    return f"{layers.tier} ({', '.join(layers.layers)})"


async def hanging(count: int, timeout: float) -> bool:
    """Judge a batch a tenth of which hangs; compare with the time that it has to take."""
    bodies: Sequence[str] = [
        (HANGS, WAITS)[n // 10 % 2] if n % 10 == 0 else RIGHT for n in range(count)
    ]
    reward = tests_passed(timeout=timeout)
    texts = [completion(number, body) for number, body in enumerate(bodies)]
    healthy = [text for text, body in zip(texts, bodies, strict=True) if body == RIGHT]
    await reward(completions=healthy[:16], tests=[TESTS] * 16)
    began = time.perf_counter()
    await reward(completions=healthy, tests=[TESTS] * len(healthy))
    quick = time.perf_counter() - began
    stuck = len(texts) - len(healthy)
    # Real time: each takes a worker for that long, whether it computes or waits.
    ideal = max(math.ceil(stuck / MOST_WORKERS) * timeout, quick)
    began = time.perf_counter()
    got = await reward(completions=texts, tests=[TESTS] * count)
    taken = time.perf_counter() - began
    assert got == [float(body == RIGHT) for body in bodies]
    print(f"{count} programs, {stuck} of which hang for {timeout:g} s: {taken:.1f} s,")
    print(f"  {taken / ideal:.2f} of the ideal {ideal:.1f} s; {quick:.1f} s without them")
    return taken <= 1.3 * ideal


async def run(options: argparse.Namespace) -> bool:
    """Measure; return whether the figures are what they have to be."""
    print(f"isolation: {await isolation()}; {os.cpu_count()} CPUs")
    if options.hanging:
        return await hanging(options.hanging, options.timeout)
    memory = held(options.hold) if options.hold else []
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    fewest = 200 if memory else 300
    found = await rate(options.count)
    print(f"{found:.0f} rewards a second from a caller of {size:.0f} MB; {fewest} are wanted")
    return found >= fewest


def main() -> int:
    """Return 1 where a figure is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--hold", type=int, default=0, metavar="MB")
    parser.add_argument("--hanging", type=int, default=0, metavar="N")
    parser.add_argument("--timeout", type=float, default=2.0)
    return int(not asyncio.run(run(parser.parse_args())))


if __name__ == "__main__":
    sys.exit(main())
