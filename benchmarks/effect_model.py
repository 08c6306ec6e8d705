"""Compare sampling, repairing and mixing both on the model of the package, on unseen tasks.

The tasks are compositions of operations, and their statements leave half of the steps to the
examples. Every arm solves the same tasks with the real graph and sandbox, and hidden tests judge
the answers. The cost of a run is its completion tokens plus its prompt tokens, weighted as
`adaptive` weights them.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from random import Random
from typing import TypeVar

from effect_outcomes import Outcomes

from refinegraph.agents import Reviewer
from refinegraph.agents.branch_refiner import BranchRefiner
from refinegraph.agents.evidence import Evidence
from refinegraph.agents.models import Sampling, resolve_model
from refinegraph.agents.operators import Outcome, Task
from refinegraph.agents.protocols import Reviewed, ReviewerAgent
from refinegraph.embedded.tasks import graded_tasks
from refinegraph.graphs.policies.attempts import SHIPPED_RATES
from refinegraph.graphs.policies.costs import TokenWeights, weighted
from refinegraph.graphs.policies.refine_loop import RefineLoop
from refinegraph.graphs.policies.success_rates import SuccessRates
from refinegraph.graphs.refinement import RefinementGraph
from refinegraph.graphs.routing import AlwaysHard
from refinegraph.graphs.stopping import accepted, rounds
from refinegraph.graphs.strategies import Plan
from refinegraph.graphs.strategies.adaptive import adaptive
from refinegraph.graphs.strategies.sampling import by_evidence, sample_until
from refinegraph.runs.runner import run_graph
from refinegraph.schema import (
    Alternative,
    Candidate,
    LabelledProblem,
    Problem,
    RefinementResult,
    VisibleTest,
)
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.test_cases import parse_tests
from refinegraph.tools.test_cases.checking import check_program

STEPS = (2, 4, 6, 8, 10)
ABLATED_STEPS = (4, 6, 8)
"""Tasks that fail often enough to be repaired, and whose repairs succeed often enough to differ."""
_SEED = 120_000
"""Of the tasks: no other benchmark draws from it."""
_MAX_CANDIDATES = 24
"""The ceiling of a run: sampling gains little beyond it, even on the longest tasks."""
_REPAIRS = 3
"""Repairs of an ablated run. More would hide what a part does, since most would mend in the end."""
_REDRAWN = 4
"""Draws of a random line until one differs from what was tried: most lines come out the same."""
_MAX_TOKENS = 260
"""Of an answer: the longest program of ten steps takes about 200."""
_CONCURRENCY = 8
"""Tasks in progress at the same time: a choice."""
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
Arm = Callable[[Plan], RefinementGraph]


class OtherReviews:
    """Give every candidate the latest review that was written for another problem."""

    def __init__(self, reviewer: Reviewer) -> None:
        self.reviewer = reviewer
        self._latest: dict[str, Reviewed] = {}

    async def __call__(
        self,
        problem: Problem,
        candidate: Candidate,
        *,
        trace: str = "",
        tests: Sequence[VisibleTest] = (),
        evidence: Evidence | None = None,
    ) -> Reviewed:
        """Review the candidate, which costs as much as ever, and return another review's text."""
        own = await self.reviewer(problem, candidate, trace=trace, tests=tests, evidence=evidence)
        others = [review for id, review in self._latest.items() if id != problem.id]
        self._latest.pop(problem.id, None)
        self._latest[problem.id] = own
        if not others:
            return own
        text = others[-1].review.text
        return own._replace(review=own.review.model_copy(update={"text": text}))


class AnyLine(BranchRefiner):
    """Rewrite a random line of the program, as if nothing was known of its probabilities."""

    async def apply(self, task: Task) -> Outcome:
        """Return the first parent with one line drawn anew, at most four times."""
        text = task.parent.text
        starts = [match.end() for match in re.finditer(r"\n\s*", text.rstrip())]
        for number in range(_REDRAWN if starts else 0):
            start = Random(f"{text} {len(task.pool)} {number}").choice(starts)
            outcome = await self.branch(task, Alternative(start=start, token="", gap=0.0))
            if outcome.drafts[0].choice.text not in {other.text for other in task.pool}:
                return outcome
        return Outcome()


def repairing(
    plan: Plan,
    *,
    repairs: int = _REPAIRS,
    reviewer: ReviewerAgent | None = None,
    branches: BranchRefiner | None = None,
) -> RefinementGraph:
    """Return a graph that draws one sample and repairs it until a program passes.

    Repairs at alternative tokens change one token of the sample and end when none is left. Other
    repairs start from the newest program.
    """
    loop = RefineLoop(
        router=AlwaysHard(),
        stop=accepted() | rounds(repairs),
        max_refined_per_round=1,
        newest_first=not plan.branches,
    )
    branches = branches or (plan.branch_refiner() if plan.branches else None)
    return plan.graph(
        "always repair",
        solver=plan.solver(samples=1, temperature=0.8),
        reviewer=None if branches else reviewer or plan.reviewer(),
        refiner=branches or plan.refiner(),
        branches=branches,
        controller=loop,
        select=by_evidence(plan),
    )


def _branching(plan: Plan) -> Plan:
    return replace(plan, repair="branch")


def _editing(plan: Plan) -> Plan:
    return replace(plan, repair="edit")


ARMS: dict[str, Arm] = {
    "sample-until": sample_until,
    "always repair": lambda plan: repairing(_branching(plan), repairs=_MAX_CANDIDATES - 1),
    "adaptive": adaptive,
}
WHOLE = "least certain token"
REVIEWED = "review and edit"
ABLATIONS: dict[str, Arm] = {
    WHOLE: lambda plan: repairing(_branching(plan)),
    "a random line": lambda plan: repairing(
        _branching(plan),
        branches=AnyLine(plan.model, sampling=Sampling(temperature=0.8, seed=plan.seed)),
    ),
    REVIEWED: lambda plan: repairing(_editing(plan)),
    "review withheld": lambda plan: repairing(replace(_editing(plan), review="none")),
    "review of another problem": lambda plan: repairing(
        _editing(plan), reviewer=OtherReviews(plan.reviewer())
    ),
    "evidence withheld": lambda plan: repairing(replace(_editing(plan), evidence=("none",))),
    "localisation withheld": lambda plan: repairing(replace(_editing(plan), evidence=("verdict",))),
    "rewrites in place of edits": lambda plan: repairing(replace(plan, repair="rewrite")),
}
"""What replaces or withholds a part. The first two rewrite one line; the others ask the model, and
are to be compared with `REVIEWED`."""


async def outcomes_of(
    name: str, arm: Arm, steps: int, *, tasks: int, model: str, sandbox: Sandbox
) -> Outcomes:
    """Solve the tasks of one length with one arm, which starts without knowledge of the model."""
    drawn = graded_tasks(
        "held_out", count=tasks, seed=_SEED + steps, steps=(steps,), vague=(steps // 2,), plain=True
    )
    plan = Plan(
        model=resolve_model(model),
        samples=_MAX_CANDIDATES,
        rounds=_MAX_CANDIDATES - 1,
        seed=1,
        sandbox=sandbox,
        max_tokens=_MAX_TOKENS,
        rates=SuccessRates(SHIPPED_RATES),
    )
    graph = arm(plan)

    async def solve(task: LabelledProblem) -> tuple[bool, float]:
        result = await run_graph(graph, task.problem)
        return await _is_right(task, result, sandbox), weighted(result.usage, TokenWeights())

    rows = await _gathered(solve, [task.labelled for task in drawn])
    solved, tokens = zip(*rows, strict=True)
    return Outcomes(setting=setting_name(steps), policy=name, solved=solved, tokens=tokens)


def setting_name(steps: int) -> str:
    """Return the name of the tasks of one length."""
    return f"{steps} steps, {steps // 2} vague"


async def _is_right(task: LabelledProblem, result: RefinementResult, sandbox: Sandbox) -> bool:
    if result.answer is None:
        return False
    tests = parse_tests(task.gold.tests, entry_point=task.problem.entry_point)
    return (await check_program(sandbox, result.answer, tests, problem=task.problem)).passed


async def _gathered(
    work: Callable[[_Item], Awaitable[_Result]], items: Sequence[_Item]
) -> list[_Result]:
    free = asyncio.Semaphore(_CONCURRENCY)

    async def one(item: _Item) -> _Result:
        async with free:
            return await work(item)

    return await asyncio.gather(*map(one, items))
