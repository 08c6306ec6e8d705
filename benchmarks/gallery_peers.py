"""Systems of the gallery beside independent implementations, on the same server and draws.

    python -m venv peers
    peers/bin/pip install 'its_hub[lm,experimental]' treequest dspy openai
    peers/bin/pip install --no-deps optillm
    python benchmarks/gallery_peers.py --peers peers/bin/python

One simulated model answers everyone over HTTP; the k-th sample of a problem is the same for whoever
asks. Each pair solves the same problems with settings that make the papers' counts of calls equal.
The table shows the answers written by the model per problem, as the server counts them, the
accuracy of both, and McNemar's exact p for their difference. All share a reward model, which is a
function of the problem and the value reached. Two of optillm's systems are not in the gallery; they
are written here with the same parts. optillm's `rstar` is rStar (arXiv 2408.06195), and the gallery
has rStar-Math (arXiv 2501.04519), whose steps run code that this model does not write: only their
counts compare.
"""

import argparse
import asyncio
import json
import math
import random
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from gallery_model import RoleRates, agent_problems, right_answer, values_of
from gallery_server import SimulatedServer, simulated_server

from refinegraph.agents import prompted
from refinegraph.agents.models import resolve_model, run_scope
from refinegraph.evaluation.statistics import mcnemar_p
from refinegraph.graphs.policies import ab_mcts, move, schedule
from refinegraph.graphs.refinement import RefinementGraph
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of, latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, build_strategy
from refinegraph.runs.runner import run_graph
from refinegraph.schema import Candidate, Move, Problem, Score

RATES = RoleRates(accuracy=0.4, fix=0.25, damage=0.1, judge=0.7)
_AT_ONCE = 8
"""Problems in progress at the same time: a choice."""

_DRIVER = """
import asyncio, json, math, random, re, sys, types, warnings, logging, os
warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
base, session, numbers = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
VALUE = re.compile(r"value \\d is (-?\\d+)\\.|boxed\\{(-?\\d+)\\}")

def prompt_of(number):
    return f"Simulated problem {number}.\\nWhat is its answer?"

def values(text):
    return [int(a or b) for a, b in VALUE.findall(text)]

def reward(number, text):
    seen = values(text)
    if not seen:
        return 0.5
    centre = 1.0 if seen[-1] == 1000 + 37 * number else -1.0
    draw = random.Random(f"reward {number} {seen[-1]}").gauss(centre, 1.0)
    return 1 / (1 + math.exp(-draw))

def number_of(text):
    return int(re.search(r"problem (\\d+)", text)[1])

def report(number, text):
    print(json.dumps([number, (values(str(text)) or [None])[-1]]), flush=True)

def each(solve):
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(8) as pool:
        for number, text in zip(numbers, pool.map(solve, numbers)):
            report(number, text)
"""

_ITS_HUB = """
import its_hub
from its_hub import OpenAICompatibleLanguageModel, LMOrchestrator, StepGeneration
from its_hub.api import AbstractOutcomeRewardModel, AbstractProcessRewardModel
lm = OpenAICompatibleLanguageModel(endpoint=base, api_key="x", model_name=session)
random.seed(0)

class Outcome(AbstractOutcomeRewardModel):
    def score(self, messages, **kwargs):
        raise NotImplementedError
    async def ascore(self, conversations, orchestrator=None, **kwargs):
        return [reward(number_of(c[0].content), c[-1].content) for c in conversations]

class Process(AbstractProcessRewardModel):
    def score(self, prompt, steps):
        raise NotImplementedError
    async def ascore(self, prompt, responses):
        number = number_of(prompt if isinstance(prompt, str) else str(prompt))
        return [reward(number, text) for text in responses]

def steps():
    return StepGeneration(max_steps=3, step_token="\\n\\n", stop_token="boxed")

async def all_of(algorithm, budget):
    async def one(number):
        got = await algorithm.ainfer(lm, prompt_of(number), budget=budget)
        return number, got["content"]
    for coming in asyncio.as_completed([one(number) for number in numbers]):
        report(*await coming)
"""
_OPTILLM = """
import importlib.util
spec = importlib.util.find_spec("optillm")
package = types.ModuleType("optillm")
package.__path__ = list(spec.submodule_search_locations)
package.conversation_logger = None
sys.modules["optillm"] = package
import openai
client = openai.OpenAI(base_url=base, api_key="x")
random.seed(0)
"""
_DSPY = """
import dspy
lm = dspy.LM(f"openai/{session}", api_base=base, api_key="x", cache=False, temperature=1.0)
dspy.configure(lm=lm)

def judged(args, prediction):
    number = number_of(args["question"])
    return reward(number, f"boxed{{{prediction.answer}}}")

def run(make):
    for number in numbers:
        answer = make()(question=prompt_of(number)).answer
        report(number, f"boxed{{{answer}}}")
"""
_TREEQUEST = """
import openai, treequest
client = openai.OpenAI(base_url=base, api_key="x")
REVISE = "{}\\n\\nA solution:\\n{}\\n\\nWrite an improved solution with its final answer."

def ask(text):
    messages = [{"role": "user", "content": text}]
    done = client.chat.completions.create(model=session, messages=messages)
    return done.choices[0].message.content

def search(number):
    def generate(parent):
        prompt = prompt_of(number)
        text = ask(REVISE.format(prompt, parent) if parent else prompt)
        return text, reward(number, text)
    algorithm = treequest.ABMCTSA()
    tree = algorithm.init_tree()
    for _ in range(16):
        tree = algorithm.step(tree, {"ask": generate})
    return treequest.top_k(tree, algorithm, k=1)[0][0]

import numpy
numpy.random.seed(0)
each(search)
"""


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
        _ITS_HUB
        + "vote = its_hub.SelfConsistency(lambda text: str(values(text)[-1:]))\n"
        + "asyncio.run(all_of(vote, 8))",
        _named("self-consistency", samples=8),
        "n = 8",
    ),
    Pair(
        "v-star",
        "its_hub BestOfN",
        _ITS_HUB + "asyncio.run(all_of(its_hub.BestOfN(Outcome()), 8))",
        _named("v-star", samples=8),
        "n = 8",
    ),
    Pair(
        "ovm-search",
        "its_hub BeamSearch",
        _ITS_HUB
        + "from its_hub.core.algorithms.beam_search import BeamSearch\n"
        + "asyncio.run(all_of(BeamSearch(steps(), Process(), beam_width=2), 8))",
        _named("ovm-search", samples=8),
        "n for every step: 24",
    ),
    Pair(
        "particle-steering",
        "its_hub ParticleFiltering",
        _ITS_HUB
        + "from its_hub.core.algorithms.particle_gibbs import ParticleFiltering\n"
        + "asyncio.run(all_of(ParticleFiltering(steps(), Process()), 8))",
        _named("particle-steering", samples=8),
        "n for every step: 24",
    ),
    Pair(
        "v-star",
        "dspy BestOfN",
        _DSPY
        + "def make():\n    module = dspy.Predict('question -> answer')\n"
        + "    return dspy.BestOfN(module=module, N=8, reward_fn=judged, threshold=2.0)\nrun(make)",
        _named("v-star", samples=8),
        "n = 8",
    ),
    Pair(
        "reflexion",
        "dspy Refine",
        _DSPY
        + "def make():\n    module = dspy.Predict('question -> answer')\n"
        + "    return dspy.Refine(module=module, N=4, reward_fn=judged, threshold=2.0)\nrun(make)",
        _named("reflexion", rounds=3),
        "1 + 2 r = 7",
    ),
    Pair("ab_mcts (policy)", "treequest ABMCTSA", _TREEQUEST, _ab_mcts, "n = 16"),
    Pair(
        "mixture of agents (written here)",
        "optillm moa",
        _OPTILLM
        + "from optillm.moa import mixture_of_agents\n"
        + "each(lambda n: mixture_of_agents('', prompt_of(n), client, session)[0])",
        _mixture_of_agents,
        "3 + 1 + 1 = 5",
    ),
    Pair(
        "single",
        "optillm cot_reflection",
        _OPTILLM
        + "from optillm.cot_reflection import cot_reflection\n"
        + "each(lambda n: cot_reflection('', prompt_of(n), client, session)[0])",
        _named("single"),
        "1",
    ),
    Pair(
        "plan search (written here)",
        "optillm plansearch",
        _OPTILLM
        + "from optillm.plansearch import PlanSearch\n"
        + "each(lambda n: PlanSearch('', client, session).solve(prompt_of(n))[1])",
        _plan_search,
        "4",
    ),
    Pair(
        "rstar-math",
        "optillm rstar",
        _OPTILLM
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
        program.write_text(_DRIVER + pair.program)
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
    parser.add_argument("--only", default="", help="pairs whose names contain this")
    options = parser.parse_args()
    numbers = list(range(options.problems))
    print("| system | peer | calls (paper) | ours | theirs | ours right | theirs right | p |")
    print("|---|---|---|---|---|---|---|---|")
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
        return f"{head} failed: {peer} | {right:.1%} | | |"
    both = [(own.right[number], peer.right[number]) for number in own.right]
    p = mcnemar_p(sum(a > b for a, b in both), sum(b > a for a, b in both))
    p = 1.0 if p is None else p
    theirs_right = sum(peer.right.values()) / len(peer.right)
    return f"{head} {peer.calls:.1f} | {right:.1%} | {theirs_right:.1%} | {p:.2f} |"


if __name__ == "__main__":
    asyncio.run(main())
