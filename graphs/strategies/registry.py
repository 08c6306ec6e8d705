"""Registry of strategies: built-in, gallery, third-party and user-defined ones, by name."""

import difflib
import pkgutil
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from refinegraph.agents.models import ScriptedChatModel, TokenLogprob
from refinegraph.errors import InputError
from refinegraph.graphs.refinement import RefinementGraph
from refinegraph.graphs.strategies.adaptive import adaptive
from refinegraph.graphs.strategies.magicore import magicore
from refinegraph.graphs.strategies.plan import Plan
from refinegraph.graphs.strategies.sampling import best_of_n, sample_until, self_consistency, single
from refinegraph.graphs.strategies.self_refine import self_refine
from refinegraph.graphs.strategies.strategy import Strategy
from refinegraph.schema import Gold, LabelledProblem, Problem, Verdict

STRATEGIES: dict[str, Strategy] = {}
"""The built-in and the registered strategies by name."""
GALLERY = "refinegraph.graphs.gallery"
"""The package whose modules implement published systems, one strategy each."""
ENTRY_POINTS = "refinegraph.strategies"
"""The entry-point group through which other packages provide strategies."""


def register_strategy(strategy: Strategy, *, replace: bool = False) -> Strategy:
    """Register a strategy under its name.

    Raises `InputError` if the name is taken, unless `replace` is true, which is convenient in a
    notebook whose cells run repeatedly.

    >>> from refinegraph.graphs.strategies.sampling import single
    >>> register_strategy(Strategy("single", "one answer", "mine", single))
    Traceback (most recent call last):
    ...
    refinegraph.errors.InputError: a strategy named 'single' already exists; choose another \
name, or pass replace=True.
    """
    if strategy.name in STRATEGIES and not replace:
        raise InputError(
            f"a strategy named {strategy.name!r} already exists; choose another name, or pass "
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
        title="Self-consistency",
        ideas=("vote",),
        calls="n",
    ),
    Strategy(
        "best-of-n",
        "several samples; the one with the best evidence wins",
        "execution, then agreement (arXiv 2207.10397)",
        best_of_n,
        title="Best-of-n, by tests (CodeT)",
        ideas=("check", "judge"),
        calls="n",
    ),
    Strategy(
        "sample-until",
        "samples one at a time until one passes or the vote is settled",
        "arXiv 2305.11860 for votes",
        sample_until,
        title="Adaptive-Consistency",
        ideas=("vote", "check"),
        calls="from 1 to n",
    ),
    Strategy(
        "self-refine",
        "one answer, reviewed and repaired round by round",
        "arXiv 2303.17651, guarded by execution",
        self_refine,
        title="Self-Refine",
        ideas=("repair",),
        calls="1 + 2 r",
        departs="A repair that loses a test is rejected.",
    ),
    Strategy(
        "magicore",
        "several samples; hard problems are reviewed and refined together",
        "arXiv 2409.12147",
        magicore,
        title="MAgICoRe",
        ideas=("vote", "judge", "repair", "route"),
        calls="n, and 2 n r more where it is hard",
        departs="Scores are normalised by those seen so far; MagicoreOptions follows the paper.",
    ),
    Strategy(
        "adaptive",
        "few samples first; more, or repairs, while they are worth their tokens",
        "expected gain (arXiv 2604.22273) from execution, agreement and scores",
        adaptive,
    ),
):
    register_strategy(_strategy)


def strategy_names() -> tuple[str, ...]:
    """Return the names of all strategies without importing those of the gallery or packages."""
    return tuple(dict.fromkeys([*STRATEGIES, *gallery_names(), *_entry_points()]))


@cache
def gallery_names() -> tuple[str, ...]:
    """Return the names of the published systems, in alphabetical order."""
    modules = pkgutil.iter_modules(import_module(GALLERY).__path__)
    return tuple(sorted(module.name.replace("_", "-") for module in modules))


def find_strategy(name: str) -> Strategy:
    """Return a strategy by name; raise `InputError` with the closest name if there is none.

    Registered strategies take precedence over the gallery, and the gallery over other packages.

    >>> find_strategy("single").source
    'the baseline'
    """
    if name in STRATEGIES:
        return STRATEGIES[name]
    if name in gallery_names():
        stem = name.replace("-", "_")
        strategy: object = getattr(import_module(f"{GALLERY}.{stem}"), stem)
        return _as_strategy(strategy, f"the module {stem!r} of the gallery")
    if name in _entry_points():
        return _as_strategy(_entry_points()[name].load(), f"the entry point {name!r}")
    near = difflib.get_close_matches(name, strategy_names(), n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    raise InputError(
        f"unknown strategy {name!r}{hint} `refinegraph strategies` lists all "
        f"{len(strategy_names())}; the built-in ones are {', '.join(STRATEGIES)}."
    )


@cache
def _entry_points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}


def _as_strategy(value: object, origin: str) -> Strategy:
    if isinstance(value, Strategy):
        return value
    raise InputError(f"{origin} provides {value!r:.100}; expected a Strategy.")


def build_strategy(name: str, plan: Plan) -> RefinementGraph:
    """Compile a strategy's graph from a plan."""
    return find_strategy(name).build(plan)


def strategy_outline(name: str) -> RefinementGraph:
    """Compile a strategy's graph with placeholder parts, to inspect its structure."""
    from langgraph.store.memory import InMemoryStore

    from refinegraph.agents.environments import ToolUse
    from refinegraph.agents.memory import StoreMemory
    from refinegraph.tools.scorers import agreement

    return build_strategy(
        name,
        Plan(
            model=ScriptedChatModel([]),
            scorer=agreement(),
            environment=lambda: ToolUse([]),
            likelihood=_unmeasured,
            user=lambda question: "",
            examples=(LabelledProblem(Problem(prompt="2 + 2?", kind="math"), Gold(answer="4")),),
            checker=_unchecked,
            memory=StoreMemory(InMemoryStore()),
        ),
    )


async def _unmeasured(messages: object, text: str) -> tuple[TokenLogprob, ...]:
    raise NotImplementedError("an outline is never run")


async def _unchecked(problem: object, candidate: object, tests: object) -> Verdict:
    raise NotImplementedError("an outline is never run")
