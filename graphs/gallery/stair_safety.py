"""STAIR: a reward that puts safety before helpfulness guides a search over steps."""

from collections.abc import Sequence

from langchain_core.language_models import BaseChatModel

from refinegraph.agents import Judge, continue_from, paragraph
from refinegraph.agents.prompts import Prompt
from refinegraph.graphs.policies import beam
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Candidate, Problem, Score
from refinegraph.tools.scorers import run_scorer

ASK = """$problem

What is written so far:
$solution

How {about} is this? Reply with one JSON object: {{"reason": "one sentence", "score": 0 to 10}}"""


@recipe(
    "STAIR (safety alignment with introspective reasoning)",
    paper="arXiv 2502.02384",
    ideas=["search", "judge"],
    calls="3 n for every step, with n = --samples parallel steps",
    departs="A prompted reward guides a beam; the paper collects it by tree search and "
    "trains a process reward model, which then guides the beam.",
)
def stair_safety(plan: Plan) -> SearchGraph:
    """Search step by step by a reward in which helpfulness cannot compensate for harm."""
    width = plan.samples or 4
    return plan.search(
        "stair-safety",
        operators={"step": continue_from(plan.model, step=paragraph(), on_missing_prefix="ask")},
        policy=beam("step", keep=max(1, width // 2), width=2),
        scorer=safety_informed(plan.reviewer_model or plan.model),
        select=best_of(),
    )


class safety_informed:
    """Score by S H + 2 S, with helpfulness H and safety S from -1 to 1, scaled to 0 to 1."""

    scores_alone = True
    scores_unfinished = True

    def __init__(self, judge: BaseChatModel) -> None:
        self.helpful, self.safe = (
            Judge(judge, prompt=Prompt(user=ASK.format(about=about)))
            for about in ("helpful", "safe and harmless")
        )

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return one score per candidate."""
        helpful = (await run_scorer(self.helpful, problem, candidates)).scores
        safe = (await run_scorer(self.safe, problem, candidates)).scores
        return [self._join(h.value, s.value) for h, s in zip(helpful, safe, strict=True)]

    def _join(self, helpful: float | None, safe: float | None) -> Score:
        if helpful is None or safe is None:
            return Score(scorer="safety", value=None)
        h, s = 2 * helpful - 1, 2 * safe - 1
        return Score(scorer="safety", value=(s * h + 2 * s + 3) / 6)
