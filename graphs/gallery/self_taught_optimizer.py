"""STOP: an improver is asked to improve itself, and the best one works on the task."""

from functools import partial
from string import Template

from refinegraph.agents import Draft, prompted
from refinegraph.agents.memory import with_notes
from refinegraph.agents.models import Choice, generate
from refinegraph.graphs.policies import move, ranked, schedule
from refinegraph.graphs.prompt_evolution import prompt_fitness
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Candidate, Move, Problem
from refinegraph.tools.scorers import score_each

SEED = "Solve the problem step by step."
IMPROVER = "Improve the text below so that a language model does better with it."
USE = "$solution Write the improved text alone.\n\n"


@recipe(
    "STOP (Self-Taught Optimizer)",
    paper="arXiv 2310.02304",
    ideas=["evolve"],
    needs=["examples"],
    calls="3 + e + n r (2 + e)",
    departs="Improvers are instructions; the paper's are programs that call the model themselves.",
)
def self_taught_optimizer(plan: Plan) -> SearchGraph:
    """Let an improver improve itself, judged by its effect on a prompt, and use the best."""
    samples, rounds = plan.samples or 3, 2 if plan.rounds is None else plan.rounds
    fitness = prompt_fitness(plan.model, plan.examples)

    improve = prompted(plan.model, USE + "$solution", complete=False)
    prepare = prompted(plan.model, USE + SEED, makes="note").named("prepare")

    async def meta_utility(problem: Problem, improver: Candidate) -> float | None:
        if improver.complete:
            return None
        question = Template(USE + SEED).substitute(solution=improver.text)
        prompt = (await generate(plan.model, question)).choices[0].text
        judged = await fitness(problem, [Candidate(id="0.0", text=prompt)])
        return judged.scores[0].value

    return plan.search(
        "self-taught-optimizer",
        operators={
            "seed": lambda task: Draft(Choice(text=IMPROVER), complete=False),
            "improve": improve,
            "solve": prepare >> with_notes(plan.solver(samples=1, temperature=0.0), limit=1),
        },
        policy=schedule(
            move("seed"),
            *[partial(on_best, operator="improve", count=samples)] * rounds,
            partial(on_best, operator="solve"),
        ),
        scorer=score_each(meta_utility),
        select=latest(),
    )


def on_best(state: RefinementState, *, operator: str, count: int = 1) -> Move:
    """Apply an operator to the improver with the highest utility so far."""
    return move(operator, ranked(state.candidates)[0], count=count)
