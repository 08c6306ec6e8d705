"""Deterministic operators, a scorer and helpers shared by the tests of policies."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver

from refinegraph import testing
from refinegraph.agents.models import Choice
from refinegraph.agents.operators import Draft, OperatorLike, Outcome, Task
from refinegraph.graphs.policies.base import Policy, as_decision
from refinegraph.graphs.search import search_graph
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Candidate, Decision, Problem, Score
from refinegraph.support.awaiting import settle

PROBLEM = Problem(prompt="2 + 2?", kind="math")
THREAD: RunnableConfig = {"configurable": {"thread_id": "one"}}
DEPTH = 3
"""Steps of a complete solution."""


def worth(text: str) -> float:
    """Return a number from 0 to 1 that depends only on a text."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:6], 16) / 0xFFFFFF


def made_before(task: Task) -> int:
    parents = task.move.parents
    return sum(other.parents == parents for other in task.pool)


def make(task: Task) -> list[str]:
    """Return as many texts as requested, each naming its parents."""
    before = made_before(task)
    name = f"{task.move.operator}({', '.join(task.move.parents)})"
    texts = [f"{name} number {before + position}." for position in range(task.count)]
    return [f"{text}\nThe answer is {int(worth(text) * 5)}." for text in texts]


def add_step(task: Task) -> Outcome:
    """Add a step to the parent; a solution of three steps is complete."""
    before = made_before(task)
    drafts: list[Draft] = []
    for position in range(task.count):
        earlier = task.parents[0].text.splitlines() if task.parents else []
        lines = [*earlier, f"Step {before + position} from {task.move.parents}"]
        complete = len(lines) == DEPTH
        end = ["The answer is 4."] if complete else []
        drafts.append(Draft(Choice(text="\n".join(lines + end)), complete=complete))
    return Outcome(drafts=tuple(drafts))


OPERATORS: Mapping[str, OperatorLike] = {
    "solve": make,
    "refine": make,
    "merge": make,
    "step": add_step,
}


def value(problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
    """Score every candidate by its text, including unfinished ones."""
    return [Score(scorer="worth", value=worth(candidate.text)) for candidate in candidates]


value.scores_unfinished = True  # type: ignore[attr-defined]


class Killed(Exception):
    """The exception with which a test kills a run."""


class KilledOnce:
    """Operators of which one raises once, at one call."""

    def __init__(self, at: int, operators: Mapping[str, OperatorLike] = OPERATORS) -> None:
        self.left = at
        self.operators = {name: self._dying(operator) for name, operator in operators.items()}

    def _dying(self, operator: Any) -> OperatorLike:
        async def work(task: Task) -> Any:
            self.left -= 1
            if self.left == -1:
                raise Killed
            return operator(task)

        return work


def calls_of(state: RefinementState) -> int:
    return sum(len(decision.moves) for decision in state.decisions)


async def run(
    policy: Policy,
    *,
    operators: Mapping[str, OperatorLike] = OPERATORS,
    scorer: Any = value,
    problem: Problem = PROBLEM,
    candidates: Sequence[Candidate] = (),
    checkpointer: BaseCheckpointSaver[Any] | None = None,
    again: bool = False,
) -> RefinementState:
    """Run a search to its end; with `again`, continue the run in the checkpointer."""
    graph = search_graph(
        operators=operators, policy=policy, scorer=scorer, checkpointer=checkpointer
    )
    opening: Any = {"problem": problem, "candidates": tuple(candidates)}
    values = await graph.ainvoke(None if again else opening, THREAD)
    return RefinementState.model_validate(values)


def state_before(state: RefinementState, number: int) -> RefinementState:
    """Return the state in which a decision of a finished run was made."""
    known = {each.id for each in state.candidates if each.turn < number}
    decisions = state.decisions[:number]
    return state.model_copy(
        update={
            "decisions": decisions,
            "candidates": tuple(each for each in state.candidates if each.id in known),
            "reviews": tuple(each for each in state.reviews if each.candidate_id in known),
            "rejected": tuple(each for each in state.rejected if each.candidate_id in known),
            "failures": tuple(each for each in state.failures if each.turn < number),
            "round": decisions[-1].round if decisions else 0,
            "progress": number - 1,
            "result": None,
        }
    )


async def replayed(policy: Policy, state: RefinementState, number: int) -> Decision:
    """Return the policy's decision in a state in which a finished run made a decision."""
    before = state_before(state, number)
    return as_decision(await settle(policy(before)), before)


def candidate(id: str, score: float | None = 0.5, *parents: str, **fields: Any) -> Candidate:
    """Return a candidate with a score; its text and answer are its id by default."""
    answer = fields.pop("answer", id)
    settings: Any = {"text": id, **fields}
    return testing.candidate(id, answer, parents=parents, score=score, **settings)


def state_of(*candidates: Candidate, decisions: Sequence[Decision] | None = None) -> Any:
    """Return a state with these candidates and one decision per turn."""
    return testing.state(*candidates, problem=PROBLEM, decisions=decisions)
