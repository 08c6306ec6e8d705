"""T-REG: a token's reward is its log-ratio between prompts for better and worse answers."""

import math
from collections.abc import Sequence

from langchain_core.messages import HumanMessage

from refinegraph.agents.likelihood import Likelihood, total_logprob
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Candidate, Problem, Score

BETTER, WORSE = (
    "{problem}\n\nWrite an answer that is right, careful and complete.",
    "{problem}\n\nWrite an answer that is wrong, careless and incomplete.",
)


@recipe(
    "T-REG (token-level reward regularisation)",
    paper="arXiv 2412.02685",
    ideas=["judge"],
    needs=["likelihood"],
    calls="n + 2 n",
    departs="The mean of the token rewards chooses a sample; the paper regularises its training "
    "with them, and its prompts ask for revisions.",
)
def contrastive_token_reward(plan: Plan) -> SearchGraph:
    """Take the sample whose tokens are made likelier by asking for a better answer."""
    samples = plan.samples or 4
    return plan.search(
        "contrastive-token-reward",
        operators={"solve": plan.solver(samples=samples, temperature=0.8)},
        policy=schedule(move("solve", count=samples)),
        scorer=contrast(plan.likelihoods()),
        select=best_of(),
    )


class contrast:
    """Score a text by the mean log-ratio of its tokens, scaled to -1 to 1 with tanh."""

    scores_alone = True

    def __init__(self, likelihood: Likelihood) -> None:
        self.likelihood = likelihood

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return one score per candidate."""
        return [await self._score(problem, candidate.text) for candidate in candidates]

    async def _score(self, problem: Problem, text: str) -> Score:
        tokens = [
            await self.likelihood([HumanMessage(ask.format(problem=problem.prompt))], text)
            for ask in (BETTER, WORSE)
        ]
        ratio = total_logprob(tokens[0]) - total_logprob(tokens[1])
        return Score(scorer="contrast", value=math.tanh(ratio / max(1, len(tokens[0]))))
