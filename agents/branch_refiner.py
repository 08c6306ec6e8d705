"""Repair a program where its author was least sure, as its own log-probabilities tell."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from refinegraph.agents.alternatives import (
    alternatives_of,
    likeliest,
    line_end,
    unused_alternatives,
)
from refinegraph.agents.models import Sampling, generate, model_name
from refinegraph.agents.models.model_like import ModelLike, as_chat_model
from refinegraph.agents.operators.algebra import Operator, apply_at_once
from refinegraph.agents.operators.task import Draft, Outcome, Task
from refinegraph.agents.prompts import PromptSet
from refinegraph.agents.protocols import SolverAgent
from refinegraph.agents.solver import Solver
from refinegraph.schema import Alternative, Candidate, Review

REPORTED = 5
"""Alternatives that samples report at every token: a choice, within the limits of servers, which
report five to twenty."""
_LINE_TOKENS = 120
"""Maximum tokens of a rewritten line, far more than a readable line has."""


class BranchRefiner(Operator):
    """Repair a program at the token of which its author was least sure, without asking anyone.

    A sample that reports log-probabilities also reports what else it could have said. The program
    of a failed sample is repaired by its likeliest unused alternative: the token is replaced, the
    model writes the rest of that line, and all other lines stay. Each call takes the next
    alternative. The review that the report shows names the line and costs nothing. Branching at
    uncertain tokens is known from decoding (arXiv 2503.21961) and from backtracking in code
    generation (arXiv 2411.07112); here the visible tests decide between branches.

    Costs one model call for each branch, which writes one line and reads the statement and the
    lines before it, usually from the cache. The model has to continue a given text, and the
    Solver's sampling settings have to request `logprobs`. Candidates without unused alternatives
    are not repaired; combine it with another Refiner by the rule `branchable`.

    `branches` is the number of alternatives tried at once for each requested candidate, and
    `sampling` applies to the rest of the line, which is greedy by default.

    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> BranchRefiner(ScriptedChatModel([], name="local"))
    BranchRefiner('local')
    """

    def __init__(
        self,
        model: ModelLike,
        *,
        branches: int = 1,
        sampling: Sampling | None = None,
        prompts: PromptSet | None = None,
    ) -> None:
        self.model = as_chat_model(model)
        self.branches = branches
        chosen = sampling or Sampling(temperature=0.0)
        limits = {"logprobs": REPORTED, "max_tokens": chosen.max_tokens or _LINE_TOKENS}
        self.sampling = chosen.model_copy(update=limits)
        self._solver = Solver(self.model, prompts=prompts)

    @property
    def name(self) -> str:
        """The name of the operator's node."""
        return "refine"

    async def apply(self, task: Task) -> Outcome:
        """Return a program for each of the likeliest unused alternatives of the first parent."""
        chosen = unused_alternatives(task.parent, task.pool)[: task.count * self.branches]
        if not chosen:
            return Outcome()
        outcome = await apply_at_once(self.branch(task, alternative) for alternative in chosen)
        return replace(outcome, reviews=(_review(task.parent, chosen[0]),))

    async def branch(self, task: Task, alternative: Alternative) -> Outcome:
        """Return the first parent with the line of the alternative rewritten from there on."""
        parent = task.parent
        prefix = f"{parent.text[: alternative.start]}{alternative.token}"
        answer = await generate(
            self.model,
            self._solver.messages(task.problem, tests=task.tests, instruction=task.instruction),
            sampling=self.sampling,
            prefix=prefix,
            stop=("\n",),
        )
        line = answer.choices[0]
        line = line.model_copy(update={"text": prefix + line.text[len(prefix) :].split("\n")[0]})
        end = line_end(parent.text, alternative.start)
        whole = line.text + parent.text[end:]
        choice = line.model_copy(update={"text": whole, "logprobs": None})
        left = [
            *_moved(alternatives_of(line, line.text), less_likely=alternative.gap),
            *_moved(
                (other for other in parent.alternatives if other.start >= end),
                by=len(line.text) - end,
                less_likely=alternative.gap,
            ),
        ]
        return Outcome(drafts=(Draft(choice, alternatives=likeliest(left), gap=alternative.gap),))

    def __repr__(self) -> str:
        """Return the constructor call, with the model's name in place of the model."""
        branches = "" if self.branches == 1 else f", branches={self.branches}"
        return f"BranchRefiner({model_name(self.model)!r}{branches})"


def reporting(solver: SolverAgent) -> SolverAgent:
    """Return a Solver whose samples report alternatives; other agents are returned unchanged."""
    if not isinstance(solver, Solver) or solver.sampling.logprobs:
        return solver
    sampling = solver.sampling.model_copy(update={"logprobs": REPORTED})
    return Solver(solver.model, samples=solver.samples, sampling=sampling, prompts=solver.prompts)


class branchable:
    """True if the parent has an alternative that no repair of it has tried."""

    def __call__(self, task: Task) -> bool:
        """Check the first parent."""
        return bool(unused_alternatives(task.parent, task.pool))

    def __repr__(self) -> str:
        """Return the constructor call."""
        return "branchable()"


def _moved(
    alternatives: Iterable[Alternative], *, by: int = 0, less_likely: float
) -> Iterator[Alternative]:
    """Yield the alternatives of a text after a replaced token.

    Those before it are left to the parent: otherwise, two changes would be tried in both orders.
    """
    for other in alternatives:
        changes = {"start": other.start + by, "gap": other.gap + less_likely}
        yield other.model_copy(update=changes)


def _review(parent: Candidate, alternative: Alternative) -> Review:
    """Return the review of the line that is about to be rewritten."""
    begin = parent.text.rfind("\n", 0, alternative.start) + 1
    line = parent.text[begin : line_end(parent.text, alternative.start)].strip()
    kept = parent.text[begin : alternative.start].strip()
    shown = f"{kept} {alternative.token.strip()}".strip()
    reason = "of the lines not tried yet, the model was least sure of this one"
    change = f"begin the line with `{shown}`, the model's next choice"
    return Review(
        candidate_id=parent.id,
        round=parent.round + 1,
        approves=False,
        wrong_step=f"`{line}`",
        evidence=reason,
        change=change,
        text=f"VERDICT: wrong\nSTEP: `{line}`\nWHY: {reason}\nCHANGE: {change}",
    )
