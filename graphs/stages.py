"""Split a problem, solve its parts with a separate graph, and combine the results."""

import copy
from collections.abc import Sequence

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage

from refinegraph.agents.models import charge, charging, generate, model_name
from refinegraph.agents.models.run_context import only_calls_observed
from refinegraph.agents.operators import Operator, OperatorLike, Outcome, Task, as_operator
from refinegraph.agents.operators.prompting import list_items
from refinegraph.errors import DeadlineExceeded, InputError, ModelError
from refinegraph.graphs.search import SearchGraph
from refinegraph.schema import Note, Problem, RefinementResult
from refinegraph.support.awaiting import wait_for_all

_SPLIT = (
    "Which smaller problems, solved one after the other, lead to the answer? Write at most "
    "{limit}, each on a line of its own as `1. ...`, each so that it can be understood alone. "
    "Do not solve them."
)


def stages(
    split: OperatorLike, *, each: SearchGraph, then: OperatorLike, in_turn: bool = True
) -> Operator:
    """Split the problem, solve every part with the graph `each`, then combine the results.

    The operator becomes three nodes. The plan and the results are notes of the run (`subproblem`
    and `result`), so they are part of its state and report, and a resumed run repeats only the
    interrupted stage. The cost of inner runs is charged to the move, even if one fails.

    Args:
        split: Adds a note of kind `subproblem` for each part, such as `subproblems(model)`.
        each: The graph that solves a part, such as that of any strategy.
        then: Produces the answer; `with_notes(Solver(model))` shows it the results.
        in_turn: Whether to solve the parts in sequence, showing each the earlier results; otherwise
            they are solved in parallel.
    """
    return as_operator(split) >> solve_parts(each, in_turn=in_turn) >> as_operator(then)


class subproblems(Operator):
    """Note the smaller problems into which a model splits a problem.

    Costs one model call. If the reply contains no list, the whole problem is the only part.

    >>> import asyncio
    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> from refinegraph.schema import Move
    >>> task = Task(problem=Problem(prompt="Two pens and a cup?"), move=Move(operator="solve"))
    >>> split = subproblems(ScriptedChatModel("1. What do two pens cost?\\n2. What does a cup?"))
    >>> [note.text for note in asyncio.run(split.apply(task)).notes]
    ['What do two pens cost?', 'What does a cup?']
    """

    def __init__(self, model: BaseChatModel, *, limit: int = 5, prompt: str = _SPLIT) -> None:
        if limit < 1:
            raise InputError(f"limit must be at least 1, got {limit}.")
        self.model = model
        self.limit = limit
        self.prompt = prompt

    async def apply(self, task: Task) -> Outcome:
        """Return one note per part."""
        prompt = f"{task.problem.prompt.strip()}\n\n{self.prompt.format(limit=self.limit)}"
        reply = (await generate(self.model, [HumanMessage(prompt)])).choices[0].text
        parts = list_items(reply)[: self.limit] or (task.problem.prompt,)
        return Outcome(notes=tuple(map(_part, parts)))

    def __repr__(self) -> str:
        """Return the constructor call, with the model's name in place of the model."""
        return f"subproblems({model_name(self.model)!r}, limit={self.limit})"


class solve_parts(Operator):
    """Solve every noted part with a graph and note its result.

    A part that already has a result is not solved again; if one part fails, the results of the
    others are kept. Costs one run of the graph per part.
    """

    def __init__(self, each: SearchGraph, *, in_turn: bool = True) -> None:
        self.each = each
        self.in_turn = in_turn

    async def apply(self, task: Task) -> Outcome:
        """Return one note of kind `result` for each part."""
        solved = {note.about for note in task.notes if note.kind == "result"}
        parts = [note.text for note in task.notes if note.kind == "subproblem"]
        unsolved = [part for part in parts if part not in solved]
        if self.in_turn:
            return await self._solve_in_turn(task.problem, unsolved)
        outcomes = await wait_for_all(*(self._solve(task.problem, part, ()) for part in unsolved))
        return sum(outcomes, Outcome())

    async def _solve_in_turn(self, problem: Problem, parts: Sequence[str]) -> Outcome:
        total = Outcome()
        for part in parts:
            total += await self._solve(problem, part, total.notes)
        return total

    async def _solve(self, problem: Problem, part: str, earlier: Sequence[Note]) -> Outcome:
        before = "".join(f"{note.text}\n" for note in earlier)
        inner = Problem(prompt=f"{before}{part}", kind=problem.kind)
        try:
            result = await run_within(self.each, inner)
        except (ModelError, DeadlineExceeded) as error:
            return Outcome(errors=(error,))
        answer = result.answer or "(no answer)"
        return Outcome(notes=(Note(kind="result", about=part, text=f"{part} {answer}"),))

    def __repr__(self) -> str:
        """Return the constructor call with the graph's name."""
        return f"solve_parts({self.each.name!r}, in_turn={self.in_turn})"


async def run_within(graph: SearchGraph, problem: Problem) -> RefinementResult:
    """Run a graph inside an operator and return its result.

    The cost is charged to the operator's move, even if the run fails. Of its events, only those of
    model calls are passed on. The inner run stores no checkpoints.
    """
    inner = copy.copy(graph)
    inner.checkpointer = False
    with charging(total=True) as account:
        try:
            with only_calls_observed():
                final = await inner.ainvoke({"problem": problem})
        finally:
            spent = account.usage
            account.close()
            charge(spent)
    result: RefinementResult = final["result"]
    return result


def _part(text: str) -> Note:
    return Note(kind="subproblem", text=text)
