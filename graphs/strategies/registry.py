"""Every strategy by its name."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass

from refinegraph.agents.models import ScriptedChatModel
from refinegraph.errors import InputError
from refinegraph.graphs.refinement import RefinementGraph
from refinegraph.graphs.strategies.adaptive import adaptive
from refinegraph.graphs.strategies.magicore import magicore
from refinegraph.graphs.strategies.plan import Plan
from refinegraph.graphs.strategies.sampling import best_of_n, sample_until, self_consistency, single
from refinegraph.graphs.strategies.self_refine import self_refine


@dataclass(frozen=True)
class Strategy:
    """A named way through a graph."""

    name: str
    summary: str
    """One line: what it does and when it pays."""
    source: str
    """The paper that it follows, or what it is made of."""
    build: Callable[[Plan], RefinementGraph]


STRATEGIES: dict[str, Strategy] = {}
"""Every strategy by its name."""


def register_strategy(strategy: Strategy, *, replace: bool = False) -> Strategy:
    """Make a strategy known by its name.

    Raises `InputError` for a name that is taken, unless the strategy is to `replace` the one that
    has it, as where a notebook's cell runs again.

    >>> from refinegraph.graphs.strategies.sampling import single
    >>> register_strategy(Strategy("single", "one answer", "mine", single))
    Traceback (most recent call last):
    ...
    refinegraph.errors.InputError: a strategy named 'single' is known already; choose another \
name, or pass replace=True.
    """
    if strategy.name in STRATEGIES and not replace:
        raise InputError(
            f"a strategy named {strategy.name!r} is known already; choose another name, or pass "
            "replace=True."
        )
    STRATEGIES[strategy.name] = strategy
    return strategy


for _strategy in (
    Strategy("single", "one answer, checked but not refined", "the baseline", single),
    Strategy(
        "self-consistency",
        "several samples and a majority vote",
        "arXiv 2203.11171",
        self_consistency,
    ),
    Strategy(
        "best-of-n",
        "several samples; the one with the best evidence wins",
        "execution, then agreement (arXiv 2207.10397)",
        best_of_n,
    ),
    Strategy(
        "sample-until",
        "samples one at a time until one passes or the vote is settled",
        "arXiv 2305.11860 for votes",
        sample_until,
    ),
    Strategy(
        "self-refine",
        "one answer, reviewed and repaired round by round",
        "arXiv 2303.17651, guarded by execution",
        self_refine,
    ),
    Strategy(
        "magicore",
        "several samples; hard problems are reviewed and refined together",
        "arXiv 2409.12147",
        magicore,
    ),
    Strategy(
        "adaptive",
        "few samples first; more, or repairs, while they are worth their tokens",
        "expected gain (arXiv 2604.22273) from execution, agreement and scores",
        adaptive,
    ),
):
    register_strategy(_strategy)


def find_strategy(name: str) -> Strategy:
    """Return a strategy by name; raises `InputError` with the nearest name.

    >>> find_strategy("single").source
    'the baseline'
    """
    if name in STRATEGIES:
        return STRATEGIES[name]
    near = difflib.get_close_matches(name, STRATEGIES, n=1, cutoff=0.4)
    hint = f", did you mean {near[0]!r}?" if near else "."
    raise InputError(f"unknown strategy {name!r}{hint} Known: {', '.join(STRATEGIES)}.")


def build_strategy(name: str, plan: Plan) -> RefinementGraph:
    """Compile a strategy's graph from a plan."""
    return find_strategy(name).build(plan)


def strategy_outline(name: str) -> RefinementGraph:
    """Compile a strategy's graph around a model that never answers, to look at its structure."""
    return build_strategy(name, Plan(model=ScriptedChatModel([])))
