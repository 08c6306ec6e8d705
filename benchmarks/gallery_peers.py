"""Systems of the gallery beside independent implementations, on the same server and draws.

    python -m venv peers
    peers/bin/pip install 'its_hub[lm,experimental]' treequest dspy openai
    peers/bin/pip install --no-deps optillm
    git clone https://github.com/HyperPotatoNeo/RSA rsa
    python benchmarks/gallery_peers.py --peers peers/bin/python --rsa rsa

One simulated model answers everyone over HTTP; the k-th sample of a problem is the same for whoever
asks. Each pair solves the same problems with settings that make the papers' counts of calls equal.
The table shows the answers written by the model per problem, as the server counts them, the
accuracy of both, the difference with its 95 % interval over the problems, and McNemar's p. All
share a reward model, which is a function of the problem and the value reached. optillm's `moa` and
`plansearch` and recursive self-aggregation (RSA, arXiv 2509.26626) are not in the gallery; they are
written here with the same parts. RSA's own code is on no package index; it runs unchanged from a
checkout, with this server in place of the vLLM engine that it imports. optillm's `rstar` is rStar
(arXiv 2408.06195), and the gallery has rStar-Math (arXiv 2501.04519): only their counts compare.
"""

import argparse
import asyncio
import json
import math
import os
import random
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gallery_model import RoleRates
from gallery_peer_pairs import PAIRS, Pair
from gallery_peer_programs import DRIVER
from gallery_problems import agent_problems, right_answer, values_of
from gallery_server import SimulatedServer, simulated_server

from refinegraph.agents.models import resolve_model, run_scope
from refinegraph.evaluation.statistics import Z_95, mcnemar_p
from refinegraph.graphs.strategies import Plan
from refinegraph.runs.runner import run_graph
from refinegraph.schema import Candidate, Problem, Score

RATES = RoleRates(accuracy=0.4, fix=0.25, damage=0.1, judge=0.7)
_AT_ONCE = 8
"""Problems in progress at the same time: a choice."""


class shared_reward:
    """The reward model that every library uses: a draw that depends on problem and value."""

    scores_unfinished = True

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return one score per candidate."""
        number = int(problem.id.rpartition("/")[2])
        return [
            Score(scorer="reward", value=_reward(number, candidate.text))
            for candidate in candidates
        ]


def _reward(number: int, text: str) -> float:
    values = values_of(text)
    if not values:
        return 0.5
    centre = 1.0 if values[-1] == right_answer(number) else -1.0
    return 1 / (1 + math.exp(-random.Random(f"reward {number} {values[-1]}").gauss(centre, 1.0)))


class Outcome(NamedTuple):
    """What one implementation made of all problems."""

    right: Mapping[int, bool]
    calls: float
    """Answers per problem."""


async def ours(pair: Pair, server: SimulatedServer, numbers: Sequence[int]) -> Outcome:
    """Run the gallery's system over HTTP."""
    session = f"ours-{pair.session}"
    model = resolve_model(f"hosted_vllm/{session}", api_base=server.base, api_key="x")
    graph = pair.ours(Plan(model=model, kind="math", seed=0, scorer=shared_reward()))
    problems = {number: agent_problems(number + 1, code=False)[number] for number in numbers}
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int) -> bool:
        async with places:
            with run_scope():
                result = await run_graph(graph, problems[number].problem, timeout=60)
        return result.answer == str(right_answer(number))

    right = await asyncio.gather(*map(one, numbers))
    return Outcome(dict(zip(numbers, right, strict=True)), server.answers[session] / len(numbers))


async def theirs(
    pair: Pair, python: str, server: SimulatedServer, numbers: Sequence[int]
) -> Outcome | str:
    """Run the peer in its own process; return the end of its error output if it fails."""
    with tempfile.TemporaryDirectory() as folder:
        # A file rather than `-c`, because DSPy reads the source of the reward function.
        program = Path(folder) / "peer.py"
        program.write_text(DRIVER + pair.program)
        process = await asyncio.create_subprocess_exec(
            *(python, str(program), server.base, pair.session, json.dumps(numbers)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
    lines = [line for line in out.decode().splitlines() if line.startswith("[")]
    if process.returncode or not lines:
        return (err.decode().strip().splitlines() or ["no output"])[-1][:200]
    answers = dict(json.loads(line) for line in lines)
    right = {number: answers.get(number) == right_answer(number) for number in numbers}
    return Outcome(right, server.answers[pair.session] / len(numbers))


async def main() -> None:
    """Compare every pair, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--peers", default=sys.executable, help="the Python that has the others")
    parser.add_argument("--problems", type=int, default=150)
    parser.add_argument("--rsa", default="", help="a checkout of RSA's repository")
    parser.add_argument("--only", default="", help="pairs whose names contain this")
    options = parser.parse_args()
    os.environ["RSA_CHECKOUT"] = options.rsa
    numbers = list(range(options.problems))
    heads = ("system", "peer", "calls (paper)", "ours", "theirs", "ours right", "theirs right")
    print(f"| {' | '.join(heads)} | difference, points | p |")
    print("|---" * (len(heads) + 2) + "|")
    async with simulated_server(RATES) as server:
        for pair in PAIRS:
            if options.only not in f"{pair.system} {pair.peer}":
                continue
            peer = await theirs(pair, options.peers, server, numbers)
            own = await ours(pair, server, numbers)
            print(_line(pair, own, peer), flush=True)


def _line(pair: Pair, own: Outcome, peer: Outcome | str) -> str:
    right = sum(own.right.values()) / len(own.right)
    head = f"| {pair.system} | {pair.peer} | {pair.calls} | {own.calls:.1f} |"
    if isinstance(peer, str):
        return f"{head} failed: {peer} | {right:.1%} | | | |"
    both = [(own.right[number], peer.right[number]) for number in own.right]
    p = mcnemar_p(sum(a > b for a, b in both), sum(b > a for a, b in both))
    p = 1.0 if p is None else p
    theirs_right = sum(peer.right.values()) / len(peer.right)
    gains = [100.0 * (a - b) for a, b in both]
    half = Z_95 * statistics.stdev(gains) / math.sqrt(len(gains))
    middle = statistics.fmean(gains)
    difference = f"{middle:+.1f} ({middle - half:+.1f} to {middle + half:+.1f})"
    return f"{head} {peer.calls:.1f} | {right:.1%} | {theirs_right:.1%} | {difference} | {p:.2f} |"


if __name__ == "__main__":
    asyncio.run(main())
