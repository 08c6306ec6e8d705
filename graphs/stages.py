"""Split a problem, solve the parts by a graph of their own, and put the answers together."""

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
    """Split the problem, solve every part by `each`, then put the results together.

    Becomes three nodes. The plan and the results are notes of the run (`subproblem` and `result`),
    so they are in its state and on its page, and a resumed run repeats only the stage that was cut
    short. What the inner runs spend is charged to the move, also where one fails.

    Args:
        split: Notes the parts, each a note of kind `subproblem`; for example `subproblems(model)`.
        each: The graph that solves a part, such as that of any strategy.
        then: Makes the answer; `informed(Solver(model))` shows it the results.
        in_turn: Whether a part is shown the results of the parts before it; otherwise all parts
            are solved at once.
    """
    return as_operator(split) >> solve_parts(each, in_turn=in_turn) >> as_operator(then)


class subproblems(Operator):
    """Note the smaller problems that a model splits a problem into.

    Costs one model call. A reply without a list leaves the problem whole, as one part.

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
            raise InputError(f"a split into {limit} parts makes no sense; expected 1 or more.")
        self.model = model
        self.limit = limit
        self.prompt = prompt

    async def apply(self, task: Task) -> Outcome:
        """Return one note a part."""
        asked = f"{task.problem.prompt.strip()}\n\n{self.prompt.format(limit=self.limit)}"
        reply = (await generate(self.model, [HumanMessage(asked)])).choices[0].text
        parts = list_items(reply)[: self.limit] or (task.problem.prompt,)
        return Outcome(notes=tuple(map(_part, parts)))

    def __repr__(self) -> str:
        """The call that makes it, with the model by its name."""
        return f"subproblems({model_name(self.model)!r}, limit={self.limit})"


class solve_parts(Operator):
    """Solve every noted part by a graph and note its result.

    A part that has a result already is not solved again; one that fails does not take the results
    of the others with it. Costs one run of the graph a part.
    """

    def __init__(self, each: SearchGraph, *, in_turn: bool = True) -> None:
        self.each = each
        self.in_turn = in_turn

    async def apply(self, task: Task) -> Outcome:
        """Return one note of kind `result` a part, about the part."""
        solved = {note.about for note in task.notes if note.kind == "result"}
        parts = [note.text for note in task.notes if note.kind == "subproblem"]
        left = [part for part in parts if part not in solved]
        if self.in_turn:
            return await self._one_after_the_other(task.problem, left)
        outcomes = await wait_for_all(*(self._solve(task.problem, part, ()) for part in left))
        return sum(outcomes, Outcome())

    async def _one_after_the_other(self, problem: Problem, parts: Sequence[str]) -> Outcome:
        total = Outcome()
        for part in parts:
            total += await self._solve(problem, part, total.notes)
        return total

    async def _solve(self, problem: Problem, part: str, known: Sequence[Note]) -> Outcome:
        before = "".join(f"{note.text}\n" for note in known)
        inner = Problem(prompt=f"{before}{part}", kind=problem.kind)
        try:
            result = await run_within(self.each, inner)
        except (ModelError, DeadlineExceeded) as error:
            return Outcome(errors=(error,))
        answer = result.answer or "(no answer)"
        return Outcome(notes=(Note(kind="result", about=part, text=f"{part} {answer}"),))

    def __repr__(self) -> str:
        """The graph by its name."""
        return f"solve_parts({self.each.name!r}, in_turn={self.in_turn})"


async def run_within(graph: SearchGraph, problem: Problem) -> RefinementResult:
    """Run a graph inside an operator and return its result.

    What it spends is charged to the operator's move, also where it fails. Its events stay inside,
    except those of model calls; it keeps no checkpoints of its own.
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
