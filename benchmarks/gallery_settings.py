"""The models and problems of the gallery's benchmark."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gallery_model import RoleRates, SimulatedAgent
from gallery_problems import (
    agent_problems,
    number_of,
    right_answer,
    simulated_sandbox,
    values_of,
)

from refinegraph.agents.memory import SQLiteMemory
from refinegraph.agents.models import resolve_model
from refinegraph.embedded.tasks import graded_tasks
from refinegraph.graphs.named_scorers import build_scorer
from refinegraph.graphs.strategies import Plan
from refinegraph.schema import Candidate, LabelledProblem, Problem, Score
from refinegraph.tools.sandbox import Sandbox

# Lengths of tasks of which one sample of the package's model solves about 40 %.
_STEPS, _VAGUE = (4, 5, 6), (1, 2)
# Of the tasks: no other benchmark draws from it.
_SEED = 91_000
# Of an answer of a real model: the longest program of six steps takes about 100 tokens, and a small
# model that does not know what a prompt asks for writes until it is stopped.
_MAX_TOKENS = 120
# The samples that llama.cpp writes at once, which costs little more than one; a choice elsewhere.
_REAL_AT_ONCE = 8
_SIMULATED_NEEDS = frozenset({"memory", "examples", "user"})


@dataclass(frozen=True)
class Setting:
    """A model with its problems."""

    name: str
    about: str
    """What the rates are, for the page."""
    problems: Sequence[LabelledProblem]
    plan: Callable[[], Plan]
    """Makes a plan whose models and memory nothing else has used."""
    judge: Sandbox
    """Runs the hidden tests."""
    provides: frozenset[str]
    """The needs of strategies that the plan meets."""
    at_once: int = 4
    """Problems in progress at the same time: a choice."""
    scored_only: bool = False
    """Whether only the strategies that need a scorer are measured, because scores cost something,
    which the others would not need to spend."""


class step_scorer:
    """Score whole and partial solutions by whether they are right so far, with a known quality.

    The score is the sigmoid of a normal draw around plus or minus `quality`, as that of
    `simulated_scorer`; half of the draw's variance is the same for all texts with the same value,
    so that more samples of a wrong answer do not expose it.
    """

    scores_unfinished = True

    def __init__(self, quality: float) -> None:
        self.quality = quality

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return one score per candidate."""
        number = number_of(problem)
        return [
            Score(scorer="simulated", value=self._value(number, candidate))
            for candidate in candidates
        ]

    def _value(self, number: int | None, candidate: Candidate) -> float | None:
        values = values_of(candidate.text)
        if number is None or not values:
            return None
        shared = random.Random(f"score {number} {values[-1]}").gauss(0.0, 1.0)
        own = random.Random(f"score {number} {candidate.id}").gauss(0.0, 1.0)
        centre = self.quality if values[-1] == right_answer(number) else -self.quality
        return 1.0 / (1.0 + math.exp(-(centre + (shared + own) / math.sqrt(2.0))))


def simulated(
    name: str, rates: RoleRates, *, count: int, quality: float | None = None, code: bool = False
) -> Setting:
    """Return a simulated model, with a scorer of known quality if there is one."""
    examples = tuple(agent_problems(1_004, code=code)[1_000:])

    def plan() -> Plan:
        return Plan(
            model=SimulatedAgent(rates=rates),
            kind="code" if code else "math",
            seed=0,
            scorer=None if quality is None else step_scorer(quality),
            sandbox=simulated_sandbox(hidden=False),
            repair="edit" if code else "auto",
            memory=SQLiteMemory(":memory:"),
            examples=examples,
            user=lambda question: "I have no further wishes.",
        )

    scorer = "no scorer" if quality is None else f"a scorer of quality {quality:g}"
    about = (
        f"One sample is right with a rate of {rates.accuracy:.0%}, a revision mends with "
        f"{rates.fix:.0%} and breaks with {rates.damage:.0%}, a judgement is right with "
        f"{rates.judge:.0%}; {scorer}."
    )
    provides = _SIMULATED_NEEDS if quality is None else _SIMULATED_NEEDS | {"scorer"}
    problems = agent_problems(count, code=code)
    return Setting(name, about, problems, plan, simulated_sandbox(hidden=True), provides)


def with_model(model: str, count: int, scorer: str | None = None) -> Setting:
    """Return a real model with programming tasks, and with a scorer such as `judge`."""
    tasks = graded_tasks(
        "held_out", count=count, seed=_SEED, steps=_STEPS, vague=_VAGUE, plain=True
    )
    learned = graded_tasks("held_out", count=2, seed=_SEED + 1, steps=(2,), vague=(0,), plain=True)
    examples = tuple(task.labelled for task in learned)
    sandbox = Sandbox()

    def plan() -> Plan:
        own = resolve_model(model)
        return Plan(
            model=own,
            seed=0,
            max_tokens=_MAX_TOKENS,
            scorer=build_scorer(scorer, judge=own, resolve=resolve_model) if scorer else None,
            sandbox=sandbox,
            memory=SQLiteMemory(":memory:"),
            examples=examples,
        )

    provides = {"memory", "examples"}
    if model == "embedded":
        provides |= {"logprobs", "likelihood"}
    name = "programs by the package's model" if model == "embedded" else model
    about = (
        f"Programming tasks of {min(_STEPS)} to {max(_STEPS)} steps that the model in the package "
        "never saw; the statement leaves one or two of the steps to examples. Visible tests, and "
        "hidden ones that judge."
    )
    if scorer:
        provides.add("scorer")
        name += f" with {scorer}"
        about += f" The systems that need a scorer, with {scorer}."
    return Setting(
        name,
        about,
        [task.labelled for task in tasks],
        plan,
        sandbox,
        frozenset(provides),
        at_once=_REAL_AT_ONCE,
        scored_only=bool(scorer),
    )


def simulated_settings(count: int) -> list[Setting]:
    """Return the three simulated settings."""
    easy = RoleRates(accuracy=0.75, fix=0.3, damage=0.05, judge=0.75)
    hard = RoleRates(accuracy=0.3, fix=0.2, damage=0.1, judge=0.65)
    code = RoleRates(accuracy=0.4, fix=0.35, damage=0.1, judge=0.7)
    return [
        simulated("easy answers", easy, count=count),
        simulated("hard answers with a scorer", hard, count=count, quality=1.0),
        simulated("code with edits", code, count=count, code=True),
    ]
