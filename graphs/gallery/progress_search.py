"""Rewarding progress: a step's value is its effect on a prover's chance of success."""

from collections.abc import Sequence
from dataclasses import replace

from refinegraph.agents import continue_from, line
from refinegraph.graphs.policies import beam
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Candidate, Problem, Score
from refinegraph.tools.scorers import Scorer, first_of, run_scorer

WEIGHT = 3.0
"""Weight of progress relative to the value; the paper's best weights are between 3 and 5."""


@recipe(
    "PAV (rewarding progress)",
    paper="arXiv 2410.08146",
    ideas=["search", "judge"],
    needs=["scorer"],
    calls="n for every step",
    departs="One scorer is value and prover; the paper trains the prover's advantage separately.",
)
def progress_search(plan: Plan) -> SearchGraph:
    """Keep the paths whose last step has raised the chance of success the most."""
    width = plan.samples or 8
    value = first_of(*([plan.scorer] if callable(plan.scorer) else plan.scorer or ()))
    return replace(plan, scorer=progress(value)).search(
        "progress-search",
        operators={"step": continue_from(plan.model, step=line(), on_missing_prefix="ask")},
        policy=beam("step", keep=max(1, width // 4), width=4, roots=width),
        select=best_of(),
    )


class progress:
    """Score a path by its value and by how much its last step has raised it."""

    scores_unfinished = True

    def __init__(self, value: Scorer) -> None:
        self.value = value

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return one score per candidate."""
        judged = await run_scorer(self.value, problem, candidates)
        values = [score.value or 0.0 for score in judged.scores]
        by_id = dict(zip([path.id for path in candidates], values, strict=True))
        gained = [by_id[p.id] - by_id.get(p.parent_id or "", by_id[p.id]) for p in candidates]
        return [
            Score(scorer="progress", value=value + WEIGHT * gain)
            for value, gain in zip(values, gained, strict=True)
        ]
