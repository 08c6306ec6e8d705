"""Repoformer: retrieve only if retrieval would help."""

from refinegraph.agents import Task
from refinegraph.agents.judges.p_true import probability_of
from refinegraph.agents.memory import recall, with_notes
from refinegraph.agents.models import Sampling, generate
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

ASK = """{problem}

Would you solve this better if you could look things up first? Answer with yes or no alone."""


@recipe(
    "Repoformer: selective retrieval",
    paper="arXiv 2403.10059",
    ideas=["route", "remember"],
    needs=["memory"],
    calls="2",
    departs="The model is asked to decide; the paper trains it to decide with a token.",
)
def selective_retrieval(plan: Plan) -> SearchGraph:
    """Ask the model whether retrieval would help, and otherwise skip it."""
    assert plan.memory

    async def would_help(task: Task) -> bool:
        sampling = Sampling(temperature=0.0, max_tokens=4, logprobs=5)
        prompt = ASK.format(problem=task.problem.prompt)
        choice = (await generate(plan.model, prompt, sampling=sampling)).choices[0]
        likely = probability_of(choice, "yes", "no")
        return "yes" in choice.text.lower() if likely is None else likely > 0.5

    solver = with_notes(plan.solver(samples=1, temperature=0.0), heading="From the repository:")
    return plan.search(
        "selective-retrieval",
        operators={"solve": recall(plan.memory, k=5).when(would_help) >> solver},
        policy=schedule(move("solve")),
        select=latest(),
    )
