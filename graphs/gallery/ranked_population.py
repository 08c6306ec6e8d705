"""ICPL: a person ranks a population, and the next generation is written from the ranking."""

import re
from collections.abc import Callable, Sequence

from refinegraph.agents import prompted
from refinegraph.graphs.policies import last_wave, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Candidate, Move
from refinegraph.support.awaiting import MaybeAwaitable, settle

AGAIN = """$problem

A person likes this one best:
$solution

and this one least:
$others

Write one that the person would like even better. $answer_format"""


@recipe(
    "ICPL (in-context preference learning)",
    paper="arXiv 2410.17233",
    ideas=["evolve"],
    needs=["user"],
    calls="n (1 + r)",
    departs="Texts are shown as they are; the paper shows videos of agents trained with the "
    "reward functions.",
)
def ranked_population(plan: Plan) -> SearchGraph:
    """Let a person name the best and worst of a population, and write the next from both."""
    assert plan.user
    width, rounds, user = plan.samples or 3, 2 if plan.rounds is None else plan.rounds, plan.user

    async def from_ranking(state: RefinementState) -> list[Move]:
        best, worst = await ranking(last_wave(state), user)
        return [move("again", best, worst, count=width)]

    return plan.search(
        "ranked-population",
        operators={
            "solve": plan.solver(samples=width, temperature=1.0),
            "again": prompted(plan.refiner_model or plan.model, AGAIN),
        },
        policy=schedule(move("solve", count=width), *[from_ranking] * rounds),
        select=latest(),
    )


async def ranking(
    shown: Sequence[Candidate], user: Callable[[str], MaybeAwaitable[str]]
) -> tuple[Candidate, Candidate]:
    """Return the best and worst candidates named by a person; by default the first and last."""
    texts = "\n\n".join(f"{number}:\n{c.text}" for number, c in enumerate(shown, 1))
    reply = await settle(user(f"{texts}\n\nWhich number is the best, and which the worst?"))
    named = [int(n) for n in re.findall(r"\d+", reply) if 0 < int(n) <= len(shown)]
    best, worst = (named[0], named[-1]) if named else (1, len(shown))
    return shown[best - 1], shown[worst - 1]
