"""AlphaLLM: tree search over steps, valued by three critics."""

from refinegraph.agents import Judge, StepJudge, continue_from, paragraph, rest
from refinegraph.agents.prompts import Prompt
from refinegraph.graphs.policies import finishing, is_complete, uct
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.tools.scorers import mean_of

VALUE = """$problem

What is written so far:
$solution

How likely is it that this can be brought to a right answer? Reply with one JSON object: \
{"reason": "one sentence", "score": 0 to 10}"""


@recipe(
    "AlphaLLM",
    paper="arXiv 2404.12253",
    ideas=["search", "judge"],
    calls="4 n",
    departs="The critics are prompts; the paper trains a value, a process and an outcome reward "
    "model, writes new problems to learn from and searches over options of any length.",
)
def alphallm(plan: Plan) -> SearchGraph:
    """Search over steps by the mean of a value, a process reward and an outcome reward."""
    judge = plan.reviewer_model or plan.model
    critics = mean_of(Judge(judge, prompt=Prompt(user=VALUE)), StepJudge(judge), Judge(judge))
    return plan.search(
        "alphallm",
        operators={
            "step": continue_from(plan.model, step=paragraph(), on_missing_prefix="ask"),
            "finish": continue_from(plan.model, step=rest(), on_missing_prefix="ask"),
        },
        policy=finishing(
            uct(
                "step",
                root="step",
                roots=2,
                width=2,
                done=is_complete,
                max_candidates=plan.samples or 16,
            ),
            "finish",
        ),
        scorer=critics,
        select=best_of(),
    )
