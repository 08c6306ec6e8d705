"""Implicit PRM: a step's reward is the log-ratio of a trained model to its reference."""

import math
from collections.abc import Sequence

from langchain_core.messages import HumanMessage

from refinegraph.agents.likelihood import Likelihood, likelihood_of, step_logprobs
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import weighted_vote
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Candidate, Problem, Score

BETA = 0.05
"""The scale of the log-ratio, as published."""


@recipe(
    "Implicit PRM (free process rewards)",
    paper="arXiv 2412.01981",
    ideas=["judge", "vote"],
    needs=["likelihood"],
    calls="n + 2 n",
    departs="--model is the trained model and --reviewer-model its reference, without which the "
    "vote is plain; the paper trains the first on outcomes, starting from the second.",
)
def implicit_prm(plan: Plan) -> SearchGraph:
    """Vote weighted by the log-ratios between a tuned model and its reference."""
    samples = plan.samples or 8
    tuned = plan.likelihoods()
    reference = likelihood_of(plan.reviewer_model) if plan.reviewer_model else tuned
    return plan.search(
        "implicit-prm",
        operators={"solve": plan.solver(samples=samples, temperature=0.8)},
        policy=schedule(move("solve", count=samples)),
        scorer=implicit_reward(tuned, reference),
        select=weighted_vote(),
    )


class implicit_reward:
    """Score each step by its scaled log-ratio as a probability; the lowest step decides."""

    scores_alone = True
    scores_unfinished = True

    def __init__(self, tuned: Likelihood, reference: Likelihood) -> None:
        self.models = (tuned, reference)

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return one score per candidate, with one for each of its steps."""
        return [await self._score(problem, candidate) for candidate in candidates]

    async def _score(self, problem: Problem, candidate: Candidate) -> Score:
        messages = [HumanMessage(problem.prompt)]
        texts = [await measure(messages, candidate.text) for measure in self.models]
        tuned, reference = (step_logprobs(tokens, candidate.steps) for tokens in texts)
        ratios = [BETA * (t - r) for t, r in zip(tuned, reference, strict=True)]
        steps = tuple((1 + math.tanh(ratio / 2)) / 2 for ratio in ratios)  # the logistic function
        return Score(scorer="implicit_prm", value=min(steps, default=None), steps=steps)
