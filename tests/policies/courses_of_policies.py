"""The decisions that each policy takes on problems of which nothing is random.

python tests/policies/courses_of_policies.py    # rewrite courses.txt after a wanted change
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from all_policies import POLICIES
from searches import run, value, worth

from refinegraph.graphs.policies.adaptive_sampling import SampleUntil, last_k_agree, settled
from refinegraph.graphs.policies.attempts import SHIPPED_RATES
from refinegraph.graphs.policies.base import Policy
from refinegraph.graphs.policies.execution_gain import ExecutionGain
from refinegraph.graphs.policies.expected_gain import ExpectedGain
from refinegraph.graphs.policies.simulation import Regime, simulate
from refinegraph.graphs.policies.success_rates import SuccessRates
from refinegraph.graphs.routing import AlwaysHard
from refinegraph.graphs.stopping import accepted
from refinegraph.schema import Candidate, Decision, Feature, Problem, Score

COURSES = Path(__file__).with_name("courses.txt")
FAMILIES = {
    "problems that repairs mend": Regime(name="mended", steps=6, right=0.8, mends=0.5),
    "problems that are easy or hopeless": Regime(name="mixed", steps=3, right=0.6, spread=0.6),
    "problems of which repairs are dear": Regime(name="dear", steps=3, mends=0.2, rewrites=True),
}
PROBLEMS = 4
"""Simulated problems of each family, whose success rates are learned one after the other."""

SETTINGS: dict[str, Callable[[], Policy]] = {
    "expected gain": lambda: ExpectedGain(min_gain_per_1k_tokens=0.0005),
    "expected gain of larger batches": lambda: ExpectedGain(
        min_gain_per_1k_tokens=0.0001, batch_size=3, max_refined_per_round=1, max_candidates=6
    ),
    "until settled": lambda: SampleUntil(until=settled(0.7), max_candidates=9, batch_size=2),
    "until three agree": lambda: SampleUntil(until=last_k_agree(3), max_candidates=9),
}


def gain(**settings: Any) -> ExecutionGain:
    """Return the policy for code, which learns in this course alone."""
    rates = SuccessRates(SHIPPED_RATES)
    return ExecutionGain(router=AlwaysHard(), stop=accepted(), rates=rates, **settings)


def rarely(problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
    """Score a candidate by its text, and one of three not at all."""
    values = [worth(candidate.text) for candidate in candidates]
    return [Score(scorer="rare", value=value if value > 1 / 3 else None) for value in values]


rarely.scores_unfinished = True  # type: ignore[attr-defined]


async def searched(policy: Policy, scorer: Any = value) -> str:
    """Return the decisions of a search, and the answer."""
    state = await run(policy, scorer=scorer)
    assert state.result
    return f"{lines_of(state.decisions)}  answers {state.result.answer}\n"


async def made_and_searched(make: Callable[[], Policy]) -> str:
    """Return the course of a policy that is made anew, since it learns."""
    return await searched(make())


async def simulated(regime: Regime, **settings: Any) -> str:
    """Return the decisions about a few simulated problems of a family."""
    policy, shown = gain(**settings), ""
    for problem in range(PROBLEMS):
        trial = await simulate(regime, policy, problem=problem)
        shown += f"{lines_of(trial.decisions)}  solved {trial.solved}, {trial.tokens:.0f} tokens\n"
    return shown


def lines_of(decisions: Sequence[Decision]) -> str:
    """Return one line for each decision: its moves or its end, and the numbers behind it."""
    return "".join(
        f"  {'; '.join(map(str, words_of(decision)))}{numbers(decision.features)}\n"
        for decision in decisions
    )


def words_of(decision: Decision) -> list[str]:
    """Return the moves of a decision, or the reason for the end."""
    if decision.stop_reason:
        return [f"ends by {decision.stop_reason.rule}: {decision.stop_reason.detail}"]
    return [
        f"{move.operator}({', '.join(move.parents)})" + f" x{move.count}" * (move.count > 1)
        for move in decision.moves
    ]


def numbers(features: Sequence[Feature]) -> str:
    """Return the features of a decision with four digits."""
    shown = " ".join(f"{feature.name}={feature.value:.4g}" for feature in features)
    return f" | {shown}" if shown else ""


TITLES: dict[str, Callable[[], Coroutine[Any, Any, str]]] = {
    **{name: partial(searched, policy) for name, policy in POLICIES.items()},
    **{
        f"{name}, without some scores": partial(searched, policy, rarely)
        for name, policy in POLICIES.items()
    },
    **{name: partial(made_and_searched, make) for name, make in SETTINGS.items()},
    **{f"execution gain, {words}": partial(simulated, kind) for words, kind in FAMILIES.items()},
    "execution gain, two repairs at once": partial(
        simulated, FAMILIES["problems that repairs mend"], max_refined_per_round=2
    ),
    "execution gain, where waiting costs": partial(
        simulated, FAMILIES["problems that are easy or hopeless"], tokens_per_second=50.0
    ),
}


def course(title: str) -> str:
    """Return the title and the course of a policy."""
    return f"{title}\n{asyncio.run(TITLES[title]())}"


if __name__ == "__main__":
    COURSES.write_text("".join(map(course, TITLES)))
