"""The pairs of `gallery_peers.py`: a system of the gallery, and the same one of another library."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from gallery_peer_programs import DSPY, ITS_HUB, OPTILLM, RSA, TREEQUEST

from refinegraph.agents import continue_from, line, prompted
from refinegraph.graphs.policies import ab_mcts, beam, move, schedule
from refinegraph.graphs.refinement import RefinementGraph
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of, latest, majority_vote
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, build_strategy
from refinegraph.schema import Candidate, Move, Problem, Selection


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


def _beam(plan: Plan) -> SearchGraph:
    """Beam search that begins with the paths of one beam; `ovm-search` begins with all of them."""
    return plan.search(
        "beam",
        operators={"step": continue_from(plan.model, step=line())},
        policy=beam("step", keep=2, width=4, roots=4),
        select=best_of(),
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
        "beam (policy)",
        "its_hub BeamSearch",
        ITS_HUB
        + "from its_hub.core.algorithms.beam_search import BeamSearch\n"
        + "asyncio.run(all_of(BeamSearch(steps(), Process(), beam_width=2), 8))",
        _beam,
        "4 + 8 + 8 = 20",
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
        _named("rstar-math", samples=25),
        "n = 25",
    ),
)
