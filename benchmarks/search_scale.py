"""Measure the cost of a move as a search grows: CPU time, bytes of checkpoints and memory.

    python benchmarks/search_scale.py --candidates 1000 --rounds 200

Every search runs up to the given number of candidates, with two moves per candidate: one that
creates it and one that writes a note. `rounds` is a chain of repairs of the given length. Operators
and scorer do nothing, so that only the loop is measured. The benchmark prints the second and the
last tenth of the moves; if the cost of a move grew with the number of earlier moves, the difference
would show it.
"""

import argparse
import asyncio
import hashlib
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from refinegraph.agents import Task
from refinegraph.graphs import RefinementState, search_graph
from refinegraph.graphs.policies import ab_mcts, best_first, move, uct
from refinegraph.graphs.policies.base import as_decision
from refinegraph.graphs.policies.first_wave import FirstWave
from refinegraph.graphs.policies.refine_loop import RefineLoop
from refinegraph.graphs.routing import AlwaysHard
from refinegraph.graphs.sqlite_checkpoints import latest_checkpoints
from refinegraph.graphs.stopping import rounds
from refinegraph.schema import Candidate, Decision, Note, Problem, Score
from refinegraph.support.awaiting import settle

PROBLEM = Problem(prompt="Name a number.", kind="math")
RECURSION_LIMIT = 100_000
"""A limit on super-steps, far above what any search here takes."""


def make(task: Task) -> list[str]:
    """Return texts of a usual length."""
    return [f"{'Consider the sum. ' * 20}\nThe answer is {len(task.pool)}."] * task.count


def note(task: Task) -> Note:
    """Return a note on the progress of the search."""
    return Note(text=f"{len(task.pool)} candidates were made.")


def worth(problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
    """Score every candidate by its id."""
    digests = (hashlib.sha256(candidate.id.encode()).hexdigest() for candidate in candidates)
    return [Score(scorer="worth", value=int(digest[:6], 16) / 0xFFFFFF) for digest in digests]


worth.scores_alone = True  # type: ignore[attr-defined]


class Clocked:
    """A policy that adds a note to every move, and records when it was called."""

    def __init__(self, policy: Any) -> None:
        self.policy = policy
        self.asked: list[float] = []
        self.deciding: list[float] = []

    async def __call__(self, state: RefinementState) -> Decision:
        """Return the policy's decision with an added note."""
        began = time.process_time()
        decision = as_decision(await settle(self.policy(state)), state)
        self.asked.append(time.process_time())
        self.deciding.append(self.asked[-1] - began)
        if decision.stop_reason:
            return decision
        return decision.model_copy(update={"moves": (*decision.moves, move("note"))})


def tenths(values: Sequence[float]) -> tuple[float, float]:
    """Return the medians of the second and of the last tenth; the first tenth warms up."""
    size = max(1, len(values) // 10)
    return statistics.median(values[size : 2 * size]), statistics.median(values[-size:])


async def measure(name: str, policy: Any, folder: Path | None) -> None:
    """Run one search and print the cost of its moves."""
    clocked = Clocked(policy)
    parts: dict[str, Any] = {"scorer": worth, "stop": None}
    operators = {"solve": make, "refine": make, "note": note}
    sizes: list[int] = []
    if folder is None:
        graph = search_graph(operators=operators, policy=clocked, **parts)
        await graph.ainvoke({"problem": PROBLEM}, {"recursion_limit": RECURSION_LIMIT})
    else:
        file = folder / f"{name}.sqlite"

        async def noting(state: RefinementState) -> Decision:
            sizes.append(file.stat().st_size)
            return await clocked(state)

        async with latest_checkpoints(file) as saver:
            graph = search_graph(operators=operators, policy=noting, checkpointer=saver, **parts)
            config: Any = {"configurable": {"thread_id": "1"}, "recursion_limit": RECURSION_LIMIT}
            await graph.ainvoke({"problem": PROBLEM}, config, durability="sync")
    moves = [
        1000 * (now - before) for before, now in zip(clocked.asked, clocked.asked[1:], strict=False)
    ]
    early, late = tenths(moves)
    first, last = tenths([1000 * seconds for seconds in clocked.deciding])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    kept = f"{sizes[len(sizes) // 2] / 1024:6.0f} and {sizes[-1] / 1024:6.0f} KB" if sizes else ""
    print(
        f"{name:12} {early:6.2f} then {late:6.2f} ms a decision ({late / early:4.2f} x), "
        f"of which the policy {first:5.2f} then {last:5.2f}; {peak:4.0f} MB {kept}",
        flush=True,
    )


def chain(length: int) -> FirstWave:
    """Return the policy of a chain of repairs, each of the one before."""
    loop = RefineLoop(
        router=AlwaysHard(), stop=rounds(length), max_refined_per_round=1, newest_first=True
    )
    return FirstWave(loop, samples=1)


def policies(candidates: int, length: int) -> dict[str, Callable[[], Any]]:
    """Return the searches by name."""
    bound = 2 * candidates  # the notes count as asked for too
    return {
        "uct": lambda: uct("refine", width=3, max_candidates=bound),
        "uct, free": lambda: uct("refine", value="best_child", max_candidates=bound),
        "best_first": lambda: best_first("refine", width=1, roots=2, max_candidates=bound),
        "ab_mcts": lambda: ab_mcts("solve", "refine", max_candidates=bound),
        "rounds": lambda: chain(length),
    }


async def main() -> None:
    """Run every search, without and with checkpoints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--candidates", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    for name, make_policy in policies(options.candidates, options.rounds).items():
        await measure(name, make_policy(), None)
        with TemporaryDirectory() as folder:
            await measure(f"{name} kept", make_policy(), Path(folder))


if __name__ == "__main__":
    asyncio.run(main())
