"""SWE-Search: tree search over an agent's actions, and a debate about the best episode."""

import re
from collections.abc import Sequence

from langchain_core.language_models import BaseChatModel

from refinegraph.agents import Judge, Task, as_operator
from refinegraph.agents.environments import act
from refinegraph.agents.memory import with_notes
from refinegraph.agents.models import generate
from refinegraph.agents.prompts import Prompt
from refinegraph.graphs.judged_selection import finalists
from refinegraph.graphs.policies import is_complete, uct
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import Selector, best_of
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Candidate, Note, Problem, Selection

VALUE = """$problem

What the agent has done so far:
$solution

How likely is this to lead to a right solution? Reply with one JSON object and nothing else:
{"reason": "what is good, what is missing, what to try next", "score": 0 to 10}"""
DEBATE = "{problem}\n\n{episodes}\n\n{said}\n\n{turn}"
TURNS = (
    "Argue for the episode that solves the problem best.",
    "Argue against the choice above where it can be doubted.",
    "Weigh both arguments and end with a line `CHOICE: ` and the number of the best episode.",
)


@recipe(
    "SWE-Search",
    paper="arXiv 2410.20285",
    ideas=["search", "judge"],
    needs=["environment"],
    calls="2 n + 3",
    departs="The agent only acts; the paper's also plans, and its value agent knows action types.",
)
def swe_search(plan: Plan) -> SearchGraph:
    """Search over actions with a value agent whose comments guide the next, then debate."""
    assert plan.environment
    judge = plan.reviewer_model or plan.model
    step = act(plan.model, plan.environment)
    guided = as_operator(hindsight) >> with_notes(step, heading="Hindsight:", limit=1)
    return plan.search(
        "swe-search",
        operators={"act": step, "expand": guided},
        policy=uct("expand", root="act", done=is_complete, max_candidates=plan.samples or 16),
        scorer=Judge(judge, prompt=Prompt(user=VALUE)),
        select=debated(judge),
    )


def hindsight(task: Task) -> Note:
    """Note the value agent's comment on the episode so far."""
    return Note(about=task.parent.id, text=task.parent.scores[0].evidence)


def debated(model: BaseChatModel) -> Selector:
    """Return a selector in which discriminators debate the different answers."""

    async def select(problem: Problem, candidates: Sequence[Candidate]) -> Selection:
        field, debate = finalists(problem, candidates), ""
        if len(field) < 2:
            return best_of()(problem, candidates)
        episodes = "\n\n".join(f"Episode {n}:\n{c.text}" for n, c in enumerate(field, 1))
        for turn in TURNS:
            prompt = DEBATE.format(
                problem=problem.prompt, episodes=episodes, said=debate, turn=turn
            )
            debate += "\n\n" + (await generate(model, prompt)).choices[0].text
        chosen = [int(n) for n in re.findall(r"CHOICE: *(\d+)", debate) if 0 < int(n) <= len(field)]
        winner = field[(chosen or [1])[-1] - 1]
        return Selection(candidate_id=winner.id, reason="it won the debate")

    return select
