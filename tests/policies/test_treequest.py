"""The same scores lead to the same trees as in treequest, where both have the algorithm.

Compared are standard MCTS (with and without its priors), best-first search, breadth-first search of
Tree of Thoughts, the UCB bandit, and AB-MCTS-A with one action and a normal belief. The last draws
from numpy's random numbers in treequest and from Python's here, so the draws are made by numpy in
both, seeded alike before each decision; the parameters that are drawn by are each library's own.
Not compared are AB-MCTS-A over several actions and batches, which the two do not have alike.
"""

import math
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from searches import run, worth

from refinegraph.agents.operators import Task
from refinegraph.graphs.policies import ab_mcts, bandit, beam, best_first, move, normal, uct
from refinegraph.graphs.policies.base import Choice, Policy
from refinegraph.graphs.policies.beliefs import Tally
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Candidate, Problem, Score

treequest: Any = pytest.importorskip("treequest", reason="treequest is not installed")
best_first_search: Any = pytest.importorskip("treequest.algos.best_first_search")
bandit_ucb: Any = pytest.importorskip("treequest.algos.multi_armed_bandit_ucb")
np: Any = pytest.importorskip("numpy", reason="numpy is not installed")
stats: Any = pytest.importorskip("scipy.stats", reason="scipy is not installed")

LABELLING = Problem(prompt="Say a label.", kind="text")
ROOT_WEIGHT = math.sqrt(2)


class Labels:
    """Labels the children of every node in order of creation: `/0/2/1`."""

    def __init__(self, salt: int) -> None:
        self.salt = salt
        self.children: Counter[str] = Counter()

    def next(self, parent: str) -> str:
        number = self.children[parent]
        self.children[parent] += 1
        return f"{parent}/{number}"

    def score(self, label: str) -> float:
        return worth(f"{self.salt} {label}")


async def our_tree(policy: Policy, salt: int) -> list[str]:
    labels = Labels(salt)

    def grow(task: Task) -> list[str]:
        parent = task.parents[0].text if task.parents else ""
        return [labels.next(parent) for _ in range(task.count)]

    def score(problem: Problem, candidates: list[Candidate]) -> list[Score]:
        return [Score(scorer="label", value=labels.score(each.text)) for each in candidates]

    state = await run(
        policy, problem=LABELLING, operators={"solve": grow, "refine": grow}, scorer=score
    )
    made = sorted(state.candidates, key=lambda each: (each.turn, each.sort_key))
    return [candidate.text for candidate in made]


def their_tree(
    algorithm: Any, salt: int, size: int, before: Callable[[int], object] = lambda step: None
) -> list[str]:
    labels = Labels(salt)

    def grow(parent: str | None) -> tuple[str, float]:
        label = labels.next(parent or "")
        return label, labels.score(label)

    tree = algorithm.init_tree()
    for step in range(size):
        before(step)
        tree = algorithm.step(tree, {"grow": grow}, inplace=True)
    return [label for label, _ in algorithm.get_state_score_pairs(tree)]


salts = pytest.mark.parametrize("salt", range(5))


@salts
@pytest.mark.parametrize("width", [1, 2, 3])
async def test_standard_mcts_grows_the_same_tree(salt: int, width: int) -> None:
    policy = uct(
        "refine",
        explore=ROOT_WEIGHT,
        prior="softmax",
        roots=width,
        width=width,
        max_candidates=10 * width,
    )
    theirs = treequest.StandardMCTS(samples_per_action=width, exploration_weight=ROOT_WEIGHT)
    assert await our_tree(policy, salt) == their_tree(theirs, salt, 10 * width)


@salts
async def test_mcts_without_priors_grows_the_same_tree(salt: int) -> None:
    class Plain(treequest.StandardMCTS):  # type: ignore[misc]
        def _update_priors(self, state: Any, parent: Any) -> None:
            return

    policy = uct("refine", explore=ROOT_WEIGHT, roots=2, width=2, max_candidates=24)
    theirs = Plain(samples_per_action=2, exploration_weight=ROOT_WEIGHT)
    assert await our_tree(policy, salt) == their_tree(theirs, salt, 24)


@salts
async def test_best_first_search_grows_the_same_tree(salt: int) -> None:
    theirs = best_first_search.BestFirstSearchAlgo(num_samples=2)
    policy = best_first("refine", width=2, max_candidates=20)
    assert await our_tree(policy, salt) == their_tree(theirs, salt, 20)


@salts
async def test_a_beam_grows_the_tree_of_breadth_first_tree_of_thoughts(salt: int) -> None:
    theirs = treequest.TreeOfThoughtsBFSAlgo(breadth_limit=2, size_limit=3)
    policy = beam(
        "refine",
        root="solve",
        roots=1,
        keep=2,
        width=3,
        done=lambda candidate: False,
        max_candidates=22,
    )
    assert await our_tree(policy, salt) == their_tree(theirs, salt, 22)


@salts
async def test_the_bandit_pulls_the_same_arms(salt: int) -> None:
    arms = ("a", "b", "c")
    pulls: Counter[str] = Counter()

    def reward(arm: str, pull: int) -> float:
        return worth(f"{salt} {arm} {pull}")

    def pulled(task: Task) -> str:
        arm = task.move.operator
        pulls[arm] += 1
        return f"{arm} {pulls[arm] - 1}"

    def score(problem: Problem, candidates: list[Candidate]) -> list[Score]:
        words = [candidate.text.split() for candidate in candidates]
        return [Score(scorer="pull", value=reward(arm, int(pull))) for arm, pull in words]

    def pull(arm: str) -> Policy:
        return lambda state: move(arm)

    policy = bandit({arm: pull(arm) for arm in arms}, explore=ROOT_WEIGHT, max_candidates=30)
    state = await run(
        policy, problem=LABELLING, operators=dict.fromkeys(arms, pulled), scorer=score
    )
    theirs = bandit_ucb.MultiArmedBanditUCBAlgo(exploration_weight=ROOT_WEIGHT)
    tree, counts = theirs.init_tree(), Counter[str]()

    def generator(arm: str) -> Callable[[Any], tuple[str, float]]:
        def generate(parent: Any) -> tuple[str, float]:
            counts[arm] += 1
            return arm, reward(arm, counts[arm] - 1)

        return generate

    for _ in range(30):
        tree = theirs.step(tree, {arm: generator(arm) for arm in arms}, inplace=True)
    ours = [decision.moves[0].operator for decision in state.decisions if decision.moves]
    assert ours == [arm for arm, _ in theirs.get_state_score_pairs(tree)]


class DrawnByNumpy:
    """A normal belief with our parameters and numpy's draws."""

    def draw(self, seen: Tally, random: random.Random) -> float:
        now = normal().after(seen)
        variance = stats.invgamma.rvs(now.nu / 2, scale=now.nu * now.variance / 2)
        return float(np.random.normal(now.mean, np.sqrt(variance / now.kappa)))


@salts
async def test_ab_mcts_grows_the_same_tree_by_the_same_draws(salt: int) -> None:
    policy = ab_mcts("solve", "refine", belief=DrawnByNumpy(), max_candidates=25)

    def seeded(state: RefinementState) -> Choice:
        np.random.seed(100 * salt + len(state.decisions))
        return policy(state)

    theirs = their_tree(
        treequest.ABMCTSA(), salt, 25, before=lambda step: np.random.seed(100 * salt + step)
    )
    ours = await our_tree(seeded, salt)
    assert ours == theirs
    assert len({label.count("/") for label in ours}) > 1
