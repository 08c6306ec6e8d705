"""Language models (mostly) know what they know: P(IK) before, P(True) after."""

from refinegraph.agents import Task, p_true
from refinegraph.agents.judges.p_true import probability_of
from refinegraph.agents.models import Sampling, generate
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move, Note

FORESEE = "{problem}\n\nDo you know how to solve this? Answer with True or False alone."
SURE = 0.9
"""Minimum P(IK) for which one sample is enough."""


@recipe(
    "Language Models (Mostly) Know What They Know",
    paper="arXiv 2207.05221",
    ideas=["check", "route"],
    needs=["logprobs"],
    calls="1 + 2, or 1 + 2 n if unsure",
    departs="P(IK) comes from a prompt; the paper also trains a value head for it.",
)
def p_true_p_ik(plan: Plan) -> SearchGraph:
    """Predict whether the model knows, sample once or often, take the most credible answer."""

    async def foresee(task: Task) -> Note:
        sampling = Sampling(temperature=0.0, max_tokens=4, logprobs=20)
        prompt = FORESEE.format(problem=task.problem.prompt)
        value = probability_of((await generate(plan.model, prompt, sampling=sampling)).choices[0])
        return Note(kind="fact", about="P(IK)", text=f"{value or 0.0:.3f}")

    def as_many_as_needed(state: RefinementState) -> list[Move]:
        is_sure = float(state.run_notes[-1].text) >= SURE
        return [move("solve", count=1 if is_sure else plan.samples or 8)]

    return plan.search(
        "p-true-p-ik",
        operators={"foresee": foresee, "solve": plan.solver(samples=1, temperature=1.0)},
        policy=schedule(move("foresee"), as_many_as_needed),
        scorer=p_true(plan.model),
    )
