"""Implement ten published systems as short functions that work with any chat model."""

import asyncio
import re
from collections.abc import Sequence

from langchain_core.language_models import BaseChatModel

from refinegraph import Candidate, Problem, RefinementResult, Score, StopReason
from refinegraph.agents import (
    Refiner,
    Reviewer,
    Solver,
    Task,
    approved,
    continue_from,
    line,
    prompted,
    rest,
    trusted_steps,
)
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.graphs import RefinementState, SearchGraph, search_graph
from refinegraph.graphs.policies import (
    beam,
    each_with_others,
    from_all,
    from_each,
    move,
    schedule,
    supervised,
    uct,
)
from refinegraph.graphs.selection import latest, leaves, majority_vote
from refinegraph.schema import Move, Selection
from refinegraph.tools.scorers import Scorer


def debate(model: BaseChatModel, *, agents: int = 3, rounds: int = 2) -> SearchGraph:
    """Let agents read the others' answers and revise their own, then vote (arXiv 2305.14325)."""
    read = "$problem\n\nYour answer: $solution\n\n$others\n\nCompare, and answer again."
    return search_graph(
        operators={"solve": Solver(model), "revise": prompted(model, read)},
        policy=schedule(move("solve", count=agents), *[each_with_others("revise")] * rounds),
        select=majority_vote(),
    )


def self_contrast(model: BaseChatModel, perspectives: Sequence[str]) -> SearchGraph:
    """Solve from several perspectives, list the differences, revise (arXiv 2401.02009)."""
    contrast = prompted(model, "$solutions\n\nWhere do they differ? List it.", makes="note")
    revise = prompted(model, "$problem\n\n$solutions\n\n$note\n\nCheck each and answer again.")
    views = [move("solve", instruction=view) for view in perspectives]
    return search_graph(
        operators={"solve": Solver(model), "revise": contrast >> revise},
        policy=schedule(views, from_all("revise")),
        select=latest(),
    )


def parallel_distill_refine(model: BaseChatModel, *widths: int) -> SearchGraph:
    """Draft in parallel, distil the drafts to a short note, draft from it (arXiv 2510.01123)."""
    distil = prompted(model, "$solutions\n\nSum up what is right and what is open.", makes="note")
    again = prompted(model, "$problem\n\nWhat is known so far: $note")
    waves = [from_all("refine", count=width) for width in widths[1:]]
    return search_graph(
        operators={"solve": Solver(model), "refine": distil >> again},
        policy=schedule(move("solve", count=widths[0]), *waves),
        select=latest(),
    )


def step_beam(
    model: BaseChatModel, reward: Scorer, *, keep: int = 2, width: int = 2
) -> SearchGraph:
    """Keep the best partial solutions of every step by a process reward (arXiv 2408.03314)."""
    return search_graph(
        operators={"step": continue_from(model, step=line())},
        policy=beam("step", keep=keep, width=width),
        scorer=reward,
    )


def mcts_self_refine(
    model: BaseChatModel, reward: Scorer, *, max_candidates: int = 8
) -> SearchGraph:
    """Search a tree of reviewed and refined answers (arXiv 2406.07394)."""
    return search_graph(
        operators={"solve": Solver(model), "refine": Reviewer(model) >> Refiner(model)},
        policy=uct("refine", value="best_child", max_candidates=max_candidates),
        scorer=reward,
    )


def leco(model: BaseChatModel, confidence: Scorer, *, rounds: int = 3) -> SearchGraph:
    """Keep the steps before the first doubtful one and rewrite the rest (arXiv 2403.19094)."""

    def rethink(state: RefinementState) -> list[Move]:
        last = state.candidates[-1]
        trusted = trusted_steps(last)
        return [move("rewrite", last, keep=trusted)] if trusted < len(last.steps) else []

    return search_graph(
        operators={"solve": Solver(model), "rewrite": continue_from(model, step=rest())},
        policy=schedule(move("solve"), *[rethink] * rounds),
        scorer=confidence,
    )


def genselect(model: BaseChatModel, *, samples: int = 4) -> SearchGraph:
    """Let the model read all solutions at once and name the best one (arXiv 2507.17797)."""
    compare = prompted(model, "$problem\n\n$solutions\n\nEnd with `BEST: ` and a number.")

    async def choose(problem: Problem, candidates: Sequence[Candidate]) -> Selection:
        task = Task(problem=problem, move=move("compare", *candidates), parents=tuple(candidates))
        text = (await compare.apply(task)).drafts[0].choice.text
        choice = re.search(r"BEST: *(\d+)", text)
        best = candidates[min(int(choice[1]), len(candidates)) - 1 if choice else 0]
        return Selection(candidate_id=best.id, reason=text)

    policy = schedule(move("solve", count=samples))
    return search_graph(operators={"solve": Solver(model)}, policy=policy, select=choose)


def cascade(models: Sequence[BaseChatModel], judge: Scorer, *, enough: float) -> SearchGraph:
    """Ask the next larger model only if the answer is not good enough (arXiv 2305.05176)."""

    def good_enough(state: RefinementState) -> StopReason | None:
        best = max((candidate.score or 0.0 for candidate in state.candidates), default=0.0)
        return StopReason(rule="good_enough", detail=f"{best}") if best >= enough else None

    tiers = {f"tier_{number}": Solver(model) for number, model in enumerate(models)}
    return search_graph(
        operators=tiers,
        policy=schedule(*[move(tier) for tier in tiers]),
        scorer=judge,
        stop=good_enough,
    )


def meta_reasoner(model: BaseChatModel, supervisor: BaseChatModel) -> SearchGraph:
    """Let a supervisor decide after every step how to continue (arXiv 2502.19918)."""

    def go_on(state: RefinementState) -> list[Move]:
        """Write the next step of the solution."""
        return [move("step", last) for last in state.candidates[-1:] if not last.complete]

    def backtrack(state: RefinementState) -> list[Move]:
        """Remove the last step and write another one."""
        return [move("step", c, keep=len(c.steps) - 1) for c in state.candidates[-1:]]

    return search_graph(
        operators={"step": continue_from(model, step=line())},
        policy=supervised(supervisor, {"restart": move("step"), "go on": go_on, "back": backtrack}),
        select=latest(),
    )


def sets(model: BaseChatModel, *, samples: int = 3, rounds: int = 2) -> SearchGraph:
    """Sample, verify and correct every sample independently, then vote (arXiv 2501.19306)."""
    correct = Reviewer(model) >> Refiner(model).unless(approved())
    return search_graph(
        operators={"solve": Solver(model), "correct": correct},
        policy=schedule(move("solve", count=samples), *[from_each("correct")] * rounds),
        select=leaves(majority_vote()),
    )


PENS = Problem(prompt="Three pens cost 4 each and a book 5. What is the total?", kind="math")
WRONG = "3 * 4 = 12\n12 + 5 = 18\n\\boxed{18}"
RIGHT = "3 * 4 = 12\n12 + 5 = 17\n\\boxed{17}"
DOUBT, TRUST = "VERDICT: wrong\nCHANGE: the sum", "VERDICT: right"
_SUM = re.compile(r"(\d+) ([*+]) (\d+) = (\d+)")


class Arithmetic:
    """Score every step by whether its sums are right; usually a process reward model does this."""

    scores_unfinished = True

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return the scores of the steps; the lowest one is the candidate's score."""
        return [self._score(candidate) for candidate in candidates]

    def _score(self, candidate: Candidate) -> Score:
        texts = [candidate.text[step.start : step.end] for step in candidate.steps]
        steps = tuple(0.9 if _is_right(text) else 0.1 for text in texts)
        return Score(scorer="arithmetic", value=min(steps, default=0.0), steps=steps)


def _is_right(text: str) -> bool:
    sums = _SUM.findall(text)
    return all(
        int(a) * int(b) == int(c) if sign == "*" else int(a) + int(b) == int(c)
        for a, sign, b, c in sums
    )


def says(*replies: str) -> ScriptedChatModel:
    """Return a model that gives these replies in turn."""
    return ScriptedChatModel(replies)


def demonstrations() -> dict[str, SearchGraph]:
    """Return all systems, with scripted models."""
    first, good, last = RIGHT.splitlines()
    bad = WRONG.splitlines()[1]
    reward = Arithmetic()
    return {
        "debate": debate(says(WRONG, RIGHT, RIGHT, *[RIGHT] * 6)),
        "self-contrast": self_contrast(
            says(WRONG, RIGHT, "Add again: 18 or 17?", RIGHT), ["Use algebra.", "Count coins."]
        ),
        "parallel-distill-refine": parallel_distill_refine(
            says(WRONG, RIGHT, WRONG, "12 is sure.", RIGHT, WRONG, "17 is likely.", RIGHT), 3, 2, 1
        ),
        "step beam": step_beam(
            says(first, "3 * 4 = 13", first, "3 * 4 = 14", good, bad, bad, good, *[last] * 4),
            reward,
        ),
        "mcts self-refine": mcts_self_refine(
            says(WRONG, DOUBT, WRONG, DOUBT, RIGHT, DOUBT, RIGHT), reward, max_candidates=4
        ),
        "leco": leco(says(WRONG, f"{good}\n{last}"), reward),
        "genselect": genselect(says(WRONG, RIGHT, WRONG, "The sum.\nBEST: 2"), samples=3),
        "cascade": cascade([says(WRONG), says(RIGHT), says()], reward, enough=0.8),
        "meta-reasoner": meta_reasoner(
            says(first, bad, good, last),
            says("CHOICE: go on", "CHOICE: back", "CHOICE: go on", "CHOICE: stop"),
        ),
        "sets": sets(
            says(WRONG, RIGHT, WRONG, DOUBT, TRUST, DOUBT, RIGHT, WRONG, TRUST, DOUBT, RIGHT)
        ),
    }


def trail(result: RefinementResult) -> str:
    """Describe every candidate by its parents and its answer or last line."""
    parts: list[str] = []
    for candidate in result.candidates:
        parents = f" from {' '.join(candidate.parents)}" if candidate.parents else ""
        end = candidate.answer or candidate.text.splitlines()[-1]
        parts.append(f"{candidate.id}{parents} is {end}")
    return "; ".join(parts)


async def main() -> None:
    """Print the candidates and the answer of every system."""
    for name, graph in demonstrations().items():
        result = (await graph.ainvoke({"problem": PENS}))["result"]
        print(f"{name}: {trail(result)}. Answer: {result.answer}")


if __name__ == "__main__":
    asyncio.run(main())
