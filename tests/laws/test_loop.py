"""The laws of the loop, whatever the operators and the policy are.

The others stand beside the policies: decisions can be replayed, a run that was killed ends like
the undisturbed one, and an unfinished candidate is never the answer.
"""

import ast
import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph.checkpoint.memory import InMemorySaver

from docs.entries import Export, exports_of, is_written, listed
from refinegraph.agents import Judge, Refiner, Reviewer, Solver, Task, approved, prompted
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.agents.operators import Outcome
from refinegraph.agents.operators.outcomes import as_outcome
from refinegraph.graphs import RefinementState, search_graph
from refinegraph.graphs.checkpoints import checkpoint_serializer
from refinegraph.graphs.policies import (
    Wave,
    each_with_others,
    from_all,
    from_each,
    move,
    schedule,
    supervised,
    uct,
)
from refinegraph.graphs.policies.candidate_tree import CandidateTree, Node, tree_of
from refinegraph.schema import Candidate, Move, Note, Problem, RefinementResult, Review, Score

ROOT = Path(__file__).resolve().parent.parent.parent
MATH = Problem(prompt="2 + 2?", kind="math")
CODE = Problem(prompt="Write f(x) that doubles x.", tests="assert f(1) == 2\nassert f(3) == 6")


class InOrder:
    """An operator whose moves end in a given order, regardless of the order of their starts."""

    def __init__(self, order: Sequence[int]) -> None:
        self.order = list(order)
        self.ended = 0
        self.turn = asyncio.Condition()

    async def __call__(self, task: Task) -> Outcome:
        place = self.order.index(int(task.instruction))
        async with self.turn:
            await self.turn.wait_for(lambda: self.ended == place)
            self.ended += 1
            self.turn.notify_all()
        made = [f"The answer is {task.instruction}.", Note(text=f"note {task.instruction}")]
        review = Review(candidate_id="0.0", round=1, approves=False, text=task.instruction)
        return as_outcome([*made, review], operator="work")


def ended_in(order: Sequence[int]) -> RefinementState:
    moves = [move("work", "0.0", instruction=str(number)) for number in range(len(order))]
    graph = search_graph(
        operators={"solve": lambda task: "The answer is 4.", "work": InOrder(order)},
        policy=schedule(move("solve"), moves),
    )
    values = asyncio.run(graph.ainvoke({"problem": MATH}))
    state = RefinementState.model_validate(values)
    return state.model_copy(update={"elapsed": 0.0, "started": None, "result": None})


@settings(max_examples=12, deadline=None)
@given(st.permutations(range(4)))
def test_the_state_is_the_same_whatever_order_parallel_moves_end_in(order: list[int]) -> None:
    assert ended_in(order) == ended_in(range(4))


WAVES: dict[str, Wave] = {
    "each_with_others": each_with_others("merge"),
    "each": from_each("repair"),
    "all": from_all("merge", count=2),
    "noted": from_all("noted"),
    "more": move("solve", count=2),
    "both": move("both"),
}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(sorted(WAVES)), max_size=4))
def test_every_call_is_charged_once(waves: list[str]) -> None:
    model = ScriptedChatModel("VERDICT: wrong. The answer is 4.", cycle=True)
    judge = ScriptedChatModel('{"reason": "fine", "score": 5}', cycle=True)
    note = prompted(model, "$solutions", makes="note")

    async def choose(problem: Problem, candidates: Sequence[Candidate]) -> Any:
        from refinegraph.agents.models import generate
        from refinegraph.schema import Selection

        await generate(model, "Which one?")
        return Selection(candidate_id=candidates[-1].id, reason="it came last")

    graph = search_graph(
        operators={
            "solve": Solver(model),
            "repair": Reviewer(model) >> Refiner(model).unless(approved()),
            "merge": prompted(model, "$solutions"),
            "noted": note >> prompted(model, "$note"),
            "both": Solver(model) | prompted(model, "$problem"),
        },
        policy=supervised_end(schedule(move("solve"), *(WAVES[name] for name in waves)), judge),
        scorer=Judge(judge),
        select=choose,
    )
    result: RefinementResult = asyncio.run(graph.ainvoke({"problem": MATH}))["result"]
    assert result.usage.llm_calls == len(model.calls) + len(judge.calls)


def supervised_end(waves: Any, model: ScriptedChatModel) -> Any:
    """Follow a schedule, then ask a model for a decision; it answers with something else."""
    after = supervised(model, {"again": move("solve")}, max_candidates=1)

    async def policy(state: RefinementState) -> Any:
        decision = await waves(state)
        asked_before = len(state.decisions) > len(waves.waves)
        if getattr(decision, "rule", "") != "schedule" or asked_before:
            return decision
        return await after(state)

    return policy


@pytest.mark.parametrize("first_right", range(3))
async def test_a_run_stops_at_the_first_proof_whatever_the_policy(first_right: int) -> None:
    programs = [f"def f(x): return x + {number}" for number in range(5, 9)]
    programs[first_right] = "def f(x): return 2 * x"

    def again(state: RefinementState) -> Move:
        return move("solve")

    graph = search_graph(
        operators={"solve": lambda task: programs[len(task.pool)]},
        policy=again,
    )
    result = (await graph.ainvoke({"problem": CODE}))["result"]
    assert result.stop_reason.rule == "accepted"
    assert (result.solved, len(result.candidates)) == (True, first_right + 1)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=2, max_size=8))
def test_the_best_that_was_seen_is_never_lost(worths: list[int]) -> None:
    def score(problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        return [Score(scorer="worth", value=float(each.answer or 0)) for each in candidates]

    graph = search_graph(
        operators={
            "solve": lambda task: f"The answer is {worths[0]}.",
            "refine": lambda task: f"The answer is {worths[len(task.pool)]}.",
        },
        policy=schedule(move("solve"), *[from_each("refine")] * (len(worths) - 1)),
        scorer=score,
    )
    result = asyncio.run(graph.ainvoke({"problem": MATH}))["result"]
    assert result.answer == str(max(worths))


@pytest.mark.parametrize(("problem", "says_wrong"), [(MATH, False), (CODE, True)])
async def test_only_what_was_refuted_is_called_wrong(problem: Problem, says_wrong: bool) -> None:
    numbers = iter(range(100, 200))
    writes = "The answer is {}." if problem.kind == "math" else "def f(x): return {}"
    refiner = ScriptedChatModel(lambda messages, sampling: writes.format(next(numbers)))
    solver = ScriptedChatModel(lambda messages, sampling: writes.format(next(numbers)))
    graph = search_graph(
        operators={"solve": Solver(solver), "refine": Refiner(refiner)},
        policy=schedule(move("solve"), *[from_each("refine")] * 3),
    )
    await graph.ainvoke({"problem": problem})
    called_wrong = [call for call in refiner.calls if "tried, and wrong" in call.prompt]
    assert len(refiner.calls) == 3
    assert bool(called_wrong) is says_wrong


async def test_a_decision_waits_for_its_longest_move() -> None:
    seen: list[list[str]] = []

    def policy(state: RefinementState) -> list[Move]:
        seen.append([candidate.id for candidate in state.candidates])
        waves = [[move("solve", count=2)], [move("solve"), move("repair", "0.1")], [move("solve")]]
        return waves[len(seen) - 1] if len(seen) <= len(waves) else []

    model = ScriptedChatModel("The answer is 4.\nVERDICT: wrong", cycle=True)
    graph = search_graph(
        operators={"solve": Solver(model), "repair": Reviewer(model) >> Refiner(model)},
        policy=policy,
        stop=None,
    )
    await graph.ainvoke({"problem": MATH})
    first, second, third = ["0.0", "0.1"], ["1.0", "1.1"], ["1.2"]
    assert seen == [[], first, first + second, first + second + third]


def test_recipes_need_no_private_names_and_what_they_need_is_documented() -> None:
    documented = {export.name for package in listed() for export in exports_of(package)}
    missing: list[str] = []
    tree = ast.parse((ROOT / "examples" / "recipes.py").read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) != "self":
            assert not node.attr.startswith("_"), node.attr
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("refine"):
            continue
        assert "._" not in (node.module or "")
        for alias in node.names:
            assert not alias.name.startswith("_")
            module = node.module or ""
            if alias.name in documented or is_written(Export(module, alias.name, module)):
                continue
            missing.append(f"{module}.{alias.name}")
    assert missing == []


class CountingSaver(InMemorySaver):
    """Counts the bytes stored with every checkpoint."""

    def __init__(self) -> None:
        super().__init__(serde=checkpoint_serializer())
        self.sizes: list[int] = []

    def put(self, config: Any, checkpoint: Any, metadata: Any, new_versions: Any) -> Any:
        values = {key: checkpoint["channel_values"].get(key) for key in new_versions}
        self.sizes.append(len(self.serde.dumps_typed(values)[1]))
        return super().put(config, checkpoint, metadata, new_versions)

    def put_writes(self, config: Any, writes: Any, task_id: str, task_path: str = "") -> None:
        self.sizes[-1] += len(self.serde.dumps_typed(list(writes))[1])
        super().put_writes(config, writes, task_id, task_path)


async def test_a_move_costs_the_same_however_many_were_made_before() -> None:
    shown: list[str] = []

    def worth(problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        shown.extend(candidate.id for candidate in candidates)
        return [Score(scorer="worth", value=0.5) for _ in candidates]

    worth.scores_alone = True  # type: ignore[attr-defined]
    saver = CountingSaver()
    graph = search_graph(
        operators={
            "solve": lambda task: "The answer is 4.",
            "refine": lambda task: "The answer is 5.",
        },
        policy=uct("refine", width=1, max_candidates=80),
        scorer=worth,
        checkpointer=saver,
    )
    thread: Any = {"configurable": {"thread_id": "1"}, "recursion_limit": 1000}
    state = await graph.ainvoke({"problem": MATH}, thread)
    assert sorted(shown) == sorted(candidate.id for candidate in state["candidates"])
    early, late = sum(saver.sizes[20:40]), sum(saver.sizes[-41:-21])
    assert late < 1.5 * early


ids = st.integers(0, 9)
scores = st.one_of(st.none(), st.floats(-1e3, 1e3))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(ids, scores, st.booleans(), st.booleans()), min_size=1, max_size=14),
    st.data(),
)
def test_a_tree_that_grew_is_the_tree_that_is_built_at_once(made: list[Any], data: Any) -> None:
    candidates: list[Candidate] = []
    reviews: list[Review] = []
    for number, (parent, score, is_fresh, approves) in enumerate(made):
        parents = () if is_fresh or not candidates else (candidates[parent % number].id,)
        scored = (Score(scorer="x", value=score),)
        candidates.append(
            Candidate(
                id=f"{number}.0",
                text="x",
                turn=number,
                round=number,
                parents=parents,
                scores=scored,
                complete=number % 3 > 0,
            )
        )
        if parents:
            reviews.append(Review(candidate_id=parents[0], round=number, approves=approves))

    def state(count: int) -> RefinementState:
        known = tuple(review for review in reviews if review.round < count)
        return RefinementState(problem=MATH, candidates=tuple(candidates[:count]), reviews=known)

    def done(candidate: Candidate) -> bool:
        return candidate.complete

    stops = sorted(data.draw(st.sets(st.integers(1, len(made)))) | {len(made)})
    grown = CandidateTree(done)
    for stop in stops:
        if not grown.grow(state(stop)):
            grown = tree_of(state(stop), done)
        grown.value_nodes(best_below)
    built = tree_of(state(len(made)), done)
    built.value_nodes(best_below)
    assert list(map(facts, [grown.root, *grown.nodes])) == list(
        map(facts, [built.root, *built.nodes])
    )
    assert grown.worst == built.worst


def best_below(node: Node) -> float:
    return max([node.score, *(child.value for child in node.children)])


def facts(node: Node) -> tuple[Any, ...]:
    children = [child.id for child in node.children]
    value = node.value if node.parent else None
    sums = (node.visits, node.exact_total, node.exact_squares)
    return node.id, node.score, children, sums, value, node.done, node.open
