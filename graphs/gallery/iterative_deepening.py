"""Iterative deepening sampling: triggers for self-correction at increasing budgets."""

from refinegraph.agents import continue_from, rest, tokens
from refinegraph.graphs.policies import from_each, from_unfinished, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import leaves, majority_vote
from refinegraph.graphs.strategies import Plan, recipe

TRIGGER = "\n\nWait! Maybe I made a mistake above. Let me check it, and rethink where I have to.\n"
FIRST = 256
"""Tokens before the first trigger; every later budget is twice the previous one."""


@recipe(
    "Iterative Deepening Sampling",
    paper="arXiv 2502.05449",
    ideas=["vote", "repair"],
    calls="n (2 + r)",
    departs="A model without prefix support is shown its text and asked to continue it.",
)
def iterative_deepening(plan: Plan) -> SearchGraph:
    """Append a trigger for self-correction to the text each time the budget doubles."""
    samples, rounds = plan.samples or 4, 2 if plan.rounds is None else plan.rounds
    steps = {
        f"depth{depth}": continue_from(
            plan.model,
            step=tokens(FIRST * 2**depth),
            cue=TRIGGER if depth else "",
            on_missing_prefix="ask",
        )
        for depth in range(rounds + 1)
    }
    finish = continue_from(plan.model, step=rest(joiner=""), on_missing_prefix="ask")
    begin, *deeper = steps
    return plan.search(
        "iterative-deepening",
        operators={**steps, "finish": finish},
        policy=schedule(
            move(begin, count=samples), *map(from_each, deeper), from_unfinished("finish")
        ),
        select=leaves(majority_vote()),
    )
