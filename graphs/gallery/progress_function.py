"""Progress functions: a model writes code that measures the progress of an episode."""

import math
from collections import Counter
from collections.abc import Sequence

from langchain_core.language_models import BaseChatModel

from refinegraph.agents.environments import act
from refinegraph.agents.models import generate
from refinegraph.graphs.policies import beam
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Candidate, Problem, Score
from refinegraph.tools.programs import extract_program
from refinegraph.tools.sandbox import Sandbox

ASK = """{problem}

Write a Python function `progress(episode: str) -> float` that reads the text of an episode and \
returns how far it has come, from 0 to 1. An episode looks like this:
{episode}"""


@recipe(
    "ProgressCounts (progress functions by a model)",
    paper="arXiv 2410.09187",
    ideas=["search", "check"],
    needs=["environment"],
    calls="n for every action, and 1 for every scoring until there is a function",
    departs="Progress and counts choose actions; the paper rewards reinforcement learning with "
    "them.",
)
def progress_function(plan: Plan) -> SearchGraph:
    """Continue from the action with the most progress by the model's code, or least tried."""
    assert plan.environment
    return plan.search(
        "progress-function",
        operators={"act": act(plan.model, plan.environment)},
        policy=beam("act", keep=1, width=plan.samples or 3, max_candidates=60),
        scorer=progress(plan.reviewer_model or plan.model, plan.sandbox or Sandbox()),
        select=latest(),
    )


class progress:
    """Score by the model's progress function and by the rarity of its value."""

    scores_unfinished = True

    def __init__(self, model: BaseChatModel, sandbox: Sandbox) -> None:
        self.model, self.sandbox, self.code = model, sandbox, dict[str, str]()

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return one score per candidate, which depends on the counts in the pool."""
        prompt = problem.prompt
        if not self.code.get(prompt):
            written = ASK.format(problem=prompt, episode=candidates[0].text)
            answer = (await generate(self.model, written)).choices[0].text
            self.code[prompt] = extract_program(answer).source or ""
        values = [await self._run(self.code[prompt], candidate.text) for candidate in candidates]
        counts = Counter(values)
        return [Score(scorer="progress", value=v + 0.1 / math.sqrt(counts[v])) for v in values]

    async def _run(self, code: str, episode: str) -> float:
        ran = await self.sandbox.run(f"{code}\nprint(round(float(progress({episode!r})), 1))")
        try:
            return float(ran.stdout.split()[-1]) if ran.passed else 0.0
        except (ValueError, IndexError):
            return 0.0
