"""RewardFusion: fuse the rewards of similar problems to make a reward model consistent."""

from collections.abc import Sequence
from dataclasses import replace

from langchain_core.language_models import BaseChatModel

from refinegraph.agents.models import generate
from refinegraph.agents.operators.prompting import list_items
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Candidate, Problem
from refinegraph.tools.scorers import ScoreBatch, Scorer, first_of, mean_of, run_scorer

ASK = """{problem}

Write three other wordings of this problem with exactly the same meaning, each on a line of its \
own as `1. ...`. Do not solve it."""


@recipe(
    "RewardFusion",
    paper="arXiv 2309.16155",
    ideas=["judge"],
    needs=["scorer"],
    calls="n + 1",
    departs="Similar inputs are paraphrases of the problem; the paper takes neighbours from the "
    "training data of the reward model.",
)
def reward_fusion(plan: Plan) -> SearchGraph:
    """Take the sample with the best mean reward over several wordings of the problem."""
    samples = plan.samples or 8
    assert plan.scorer
    scorer = plan.scorer if callable(plan.scorer) else first_of(*plan.scorer)
    return replace(plan, scorer=fused(plan.model, scorer)).search(
        "reward-fusion",
        operators={"solve": plan.solver(samples=samples, temperature=0.8)},
        policy=schedule(move("solve", count=samples)),
        select=best_of(),
    )


def fused(model: BaseChatModel, scorer: Scorer) -> Scorer:
    """Return a scorer that averages another one over wordings of the problem."""

    async def score(problem: Problem, candidates: Sequence[Candidate]) -> ScoreBatch:
        answer = (await generate(model, ASK.format(problem=problem.prompt))).choices[0].text
        wordings = [problem.prompt, *list_items(answer)]

        def under(wording: str) -> Scorer:
            reworded = problem.model_copy(update={"prompt": wording})
            return lambda _, pool: run_scorer(scorer, reworded, pool)

        return await mean_of(*map(under, wordings))(problem, candidates)

    return score
