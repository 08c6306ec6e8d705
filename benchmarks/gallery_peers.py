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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from gallery_model import RoleRates
from gallery_peer_programs import DRIVER, DSPY, ITS_HUB, OPTILLM, RSA, TREEQUEST
from gallery_problems import agent_problems, right_answer, values_of
from gallery_server import SimulatedServer, simulated_server

from refinegraph.agents import prompted
from refinegraph.agents.models import resolve_model, run_scope
from refinegraph.evaluation.statistics import Z_95, mcnemar_p
from refinegraph.graphs.policies import ab_mcts, move, schedule
from refinegraph.graphs.refinement import RefinementGraph
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of, latest, majority_vote
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, build_strategy
from refinegraph.runs.runner import run_graph
from refinegraph.schema import Candidate, Move, Problem, Score, Selection

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


class Pair(NamedTuple):
    """A system in two implementations."""

    system: str
    peer: str
    """The library, and what it is named there."""
    program: str
    ours: Callable[[Plan], RefinementGraph]
    calls: str
    """The answers per problem according to the system's card with these settings."""

    @property
    def session(self) -> str:
        """The name under which the server counts the peer's answers."""
        return self.peer.replace(" ", "-")


def _named(name: str, **sizes: int) -> Callable[[Plan], RefinementGraph]:
    return lambda plan: build_strategy(name, replace(plan, **sizes))


def _mixture_of_agents(plan: Plan) -> SearchGraph:
    critique = prompted(plan.model, "$problem\n\n$solutions\n\nCriticise each.", makes="note")
    final = prompted(plan.model, "$problem\n\n$solutions\n\n$notes\n\n$answer_format")
    return plan.search(
        "mixture-of-agents",
        operators={"solve": plan.solver(samples=3, temperature=1.0), "merge": critique >> final},
        policy=schedule(move("solve", count=3), _from_pool),
        select=latest(),
    )


def _from_pool(state: RefinementState) -> list[Move]:
    return [move("merge", *state.candidates)]


def _plan_search(plan: Plan) -> SearchGraph:
    observe = prompted(plan.model, "$problem\n\nWrite three observations.", makes="note")
    derive = prompted(plan.model, "$problem\n\n$notes\n\nDerive two more.", makes="note")
    sketch = prompted(plan.model, "$problem\n\n$notes\n\nSketch a way in words.", makes="note")
    write = prompted(plan.model, "$problem\n\n$notes\n\n$answer_format")
    return plan.search(
        "plan-search",
        operators={"solve": observe >> derive >> sketch >> write},
        policy=schedule(move("solve")),
        select=latest(),
    )


def _self_aggregation(plan: Plan) -> SearchGraph:
    """Recursive self-aggregation: 8 solutions, replaced twice by those of random threes."""
    population, group = 8, 3

    def aggregate(state: RefinementState) -> list[Move]:
        draw = random.Random(f"{state.problem.id} {len(state.candidates)}")
        last = state.candidates[-population:]
        return [move("merge", *draw.sample(last, group)) for _ in range(population)]

    def last_wins(problem: Problem, candidates: Sequence[Candidate]) -> Selection:
        return majority_vote()(problem, candidates[-population:])

    merge = "$problem\n\n$solutions\n\nWrite a single improved solution. $answer_format"
    return plan.search(
        "self-aggregation",
        operators={
            "solve": plan.solver(samples=population, temperature=1.0),
            "merge": prompted(plan.model, merge),
        },
        policy=schedule(move("solve", count=population), aggregate, aggregate),
        select=last_wins,
    )


def _ab_mcts(plan: Plan) -> SearchGraph:
    again = "$problem\n\n$solution\n\nWrite an improved solution. $answer_format"
    return plan.search(
        "ab-mcts",
        operators={
            "solve": plan.solver(samples=1, temperature=1.0),
            "refine": prompted(plan.model, again),
        },
        policy=ab_mcts("solve", "refine", max_candidates=16, seed=0),
        select=best_of(),
    )


PAIRS = (
    Pair(
        "self-consistency",
        "its_hub SelfConsistency",
        ITS_HUB
        + "vote = its_hub.SelfConsistency(lambda text: str(values(text)[-1:]))\n"
        + "asyncio.run(all_of(vote, 8))",
        _named("self-consistency", samples=8),
        "n = 8",
    ),
    Pair(
        "v-star",
        "its_hub BestOfN",
        ITS_HUB + "asyncio.run(all_of(its_hub.BestOfN(Outcome()), 8))",
        _named("v-star", samples=8),
        "n = 8",
    ),
    Pair(
        "ovm-search",
        "its_hub BeamSearch",
        ITS_HUB
        + "from its_hub.core.algorithms.beam_search import BeamSearch\n"
        + "asyncio.run(all_of(BeamSearch(steps(), Process(), beam_width=2), 8))",
        _named("ovm-search", samples=8),
        "n for every step: 24",
    ),
    Pair(
        "particle-steering",
        "its_hub ParticleFiltering",
        ITS_HUB
        + "from its_hub.core.algorithms.particle_gibbs import ParticleFiltering\n"
        + "asyncio.run(all_of(ParticleFiltering(steps(), Process()), 8))",
        _named("particle-steering", samples=8),
        "n for every step: 24",
    ),
    Pair(
        "v-star",
        "dspy BestOfN",
        DSPY
        + "def make():\n    module = dspy.Predict('question -> answer')\n"
        + "    return dspy.BestOfN(module=module, N=8, reward_fn=judged, threshold=2.0)\nrun(make)",
        _named("v-star", samples=8),
        "n = 8",
    ),
    Pair(
        "reflexion",
        "dspy Refine",
        DSPY
        + "def make():\n    module = dspy.Predict('question -> answer')\n"
        + "    return dspy.Refine(module=module, N=4, reward_fn=judged, threshold=2.0)\nrun(make)",
        _named("reflexion", rounds=3),
        "1 + 2 r = 7",
    ),
    Pair("ab_mcts (policy)", "treequest ABMCTSA", TREEQUEST, _ab_mcts, "n = 16"),
    Pair(
        "mixture of agents (written here)",
        "optillm moa",
        OPTILLM
        + "from optillm.moa import mixture_of_agents\n"
        + "each(lambda n: mixture_of_agents('', prompt_of(n), client, session)[0])",
        _mixture_of_agents,
        "3 + 1 + 1 = 5",
    ),
    Pair(
        "recursive self-aggregation (written here)",
        "RSA (checkout)",
        RSA,
        _self_aggregation,
        "8 in each of 3 rounds: 24",
    ),
    Pair(
        "single",
        "optillm cot_reflection",
        OPTILLM
        + "from optillm.cot_reflection import cot_reflection\n"
        + "each(lambda n: cot_reflection('', prompt_of(n), client, session)[0])",
        _named("single"),
        "1",
    ),
    Pair(
        "plan search (written here)",
        "optillm plansearch",
        OPTILLM
        + "from optillm.plansearch import PlanSearch\n"
        + "each(lambda n: PlanSearch('', client, session).solve(prompt_of(n))[1])",
        _plan_search,
        "4",
    ),
    Pair(
        "rstar-math",
        "optillm rstar",
        OPTILLM
        + "from optillm.rstar import RStar\n"
        + "each(lambda n: 'boxed{%s}' % RStar('', client, session).solve(prompt_of(n))[0])",
        _named("rstar-math", samples=24),
        "n = 24",
    ),
)


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
