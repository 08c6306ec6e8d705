"""Run systems of the gallery with scripted models, and an environment to act in."""

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage

from refinegraph.agents.environments import Observation
from refinegraph.agents.models import Sampling, ScriptedChatModel
from refinegraph.graphs.strategies import Plan, build_strategy
from refinegraph.schema import Candidate, Problem, RefinementResult, Score

QUESTION = Problem(prompt="What is 2 + 2?", kind="math")
PROGRAM = Problem(prompt="Write half(x).", tests="assert half(4) == 2", entry_point="half")
WRONG, RIGHT = "def half(x): return x // 3", "def half(x): return x // 2"


async def run_system(
    name: str, model: ScriptedChatModel, *, problem: Problem = QUESTION, **plan: Any
) -> RefinementResult:
    """Run a system and return its result; every model call must be accounted for."""
    graph = build_strategy(name, Plan(model=model, kind=problem.kind, **plan))
    result: RefinementResult = (await graph.ainvoke({"problem": problem}))["result"]
    return result


def says(*numbers: int) -> list[str]:
    """Return one answer per number."""
    return [f"The answer is {number}." for number in numbers]


def by_word(
    replies: Mapping[str, str], *, otherwise: str = "The answer is 4."
) -> ScriptedChatModel:
    """Return a model that answers by the first keyword in its prompt."""

    def answer(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        prompt = "\n".join(message.text for message in messages)
        return next((reply for word, reply in replies.items() if word in prompt), otherwise)

    return ScriptedChatModel(answer)


class worth:
    """Score a candidate by the first keyword in its text; 0 if there is none."""

    scores_alone = True
    scores_unfinished = True

    def __init__(self, values: Mapping[str, float], *, steps: Sequence[float] = ()) -> None:
        self.values = values
        self.steps = tuple(steps)

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        return [
            Score(scorer="worth", value=self.value(candidate.text), steps=self.steps)
            for candidate in candidates
        ]

    def value(self, text: str) -> float:
        return next((value for word, value in self.values.items() if word in text), 0.0)


class Doors:
    """An environment with the answer behind the right door and a wall behind the left one."""

    async def reset(self, problem: Problem) -> Observation:
        return Observation("There are two doors: left and right.")

    async def step(self, action: str) -> Observation:
        if action == "right":
            return Observation("a garden", reward=1.0, done=True, answer="4")
        if action == "give up":
            return Observation("outside", reward=0.0, done=True, answer="5")
        return Observation(f"a wall behind {action}", reward=-0.1)
