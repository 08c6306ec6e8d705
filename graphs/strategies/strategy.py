"""The description of a strategy: name, source, cost, requirements and build function."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from refinegraph.errors import InputError
from refinegraph.graphs.refinement import RefinementGraph
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.strategies.plan import Plan

Build = Callable[[Plan], SearchGraph]
"""Compiles a strategy's graph from a plan."""
Idea = Literal[
    "vote", "judge", "repair", "search", "remember", "decompose", "check", "evolve", "route"
]
"""The technique on which a strategy is based, for finding strategies."""
Need = Literal[
    "scorer", "environment", "memory", "logprobs", "likelihood", "user", "examples", "checker"
]
"""A requirement of a strategy: a part of the plan, or a model that reports log-probabilities."""

NEEDS: dict[Need, str] = {
    "scorer": "a scorer, such as a reward model or a judge; set it with --scorer or scorer=",
    "environment": "an environment to act in; set it with environment=",
    "memory": "a memory; set it with --memory FILE or memory=",
    "likelihood": "a model that measures the likelihood of a text, such as 'embedded', "
    "local/PATH.gguf or hosted_vllm/NAME; or pass a Likelihood with likelihood=",
    "user": "someone who answers its questions; pass a function with user=",
    "examples": "solved problems to learn from; pass them with examples=",
    "checker": "a checker, such as lean_checker(); pass it with checker=",
    "logprobs": "a model whose provider reports log-probabilities",
}
"""A description of each requirement, and how to satisfy it."""


@dataclass(frozen=True)
class Strategy:
    """A named way to build a graph from a plan."""

    name: str
    summary: str
    """One line: what it does and when it is useful."""
    source: str
    """The paper that it implements, or the techniques that it combines."""
    build: Build
    title: str = ""
    """The published name of the system; empty for strategies of this package."""
    ideas: tuple[Idea, ...] = ()
    needs: tuple[Need, ...] = ()
    calls: str = ""
    """Number of model calls as a formula of the plan: n samples, r rounds."""
    departs: str = ""
    """How it differs from the paper, in one sentence; empty if it does not."""


def recipe(
    title: str,
    *,
    paper: str,
    ideas: Sequence[Idea],
    calls: str,
    needs: Sequence[Need] = (),
    departs: str = "",
) -> Callable[[Build], Strategy]:
    """Return a decorator that turns a function from a plan to a graph into a strategy.

    The strategy's name is the function's name with hyphens; its summary is the first line of the
    docstring. A plan without a required part is rejected with one sentence.

    Args:
        title: The published name of the system.
        paper: The publication, such as `"arXiv 2305.14325"`.
        ideas: The techniques on which it is based.
        calls: Number of model calls as a formula of n samples and r rounds.
        needs: Required parts of the plan.
        departs: How it differs from the paper.

    >>> from refinegraph.graphs.policies import move, schedule
    >>> @recipe("Chain of thought", paper="arXiv 2201.11903", ideas=[], calls="1")
    ... def chain_of_thought(plan: Plan) -> SearchGraph:
    ...     "Think step by step, once."
    ...     solver = plan.solver(samples=1, temperature=0.0)
    ...     once = schedule(move("solve"))
    ...     return plan.search("chain-of-thought", operators={"solve": solver}, policy=once)
    >>> chain_of_thought.name, chain_of_thought.summary
    ('chain-of-thought', 'Think step by step, once')
    """
    for need in needs:
        if need not in get_args(Need):
            raise InputError(
                f"a recipe cannot need {need!r}; expected {', '.join(get_args(Need))}."
            )

    def decorate(build: Build) -> Strategy:
        name = build.__name__.replace("_", "-")

        def checked(plan: Plan) -> RefinementGraph:
            _check_needs(name, needs, plan)
            return build(plan)

        checked.__wrapped__ = build  # type: ignore[attr-defined]
        return Strategy(
            name=name,
            summary=(inspect.getdoc(build) or name).split("\n")[0].rstrip("."),
            source=paper,
            build=checked,
            title=title,
            ideas=tuple(ideas),
            needs=tuple(needs),
            calls=calls,
            departs=departs,
        )

    return decorate


def source_of(strategy: Strategy) -> str:
    """Return the source code of a strategy: its whole module if that contains nothing else.

    Returns an empty string if the code is unavailable, as in an interactive session.
    """
    build = inspect.unwrap(strategy.build)
    module = inspect.getmodule(build)
    alone = isinstance(getattr(module, build.__name__, None), Strategy)
    try:
        return inspect.getsource(module if module and alone else build)
    except (OSError, TypeError):
        return ""


def _check_needs(name: str, needs: Sequence[Need], plan: Plan) -> None:
    for need in needs:
        if not _has(plan, need):
            raise InputError(f"strategy {name!r} needs {NEEDS[need]}.")


def _has(plan: Plan, need: Need) -> bool:
    if need == "logprobs":
        return True  # only an answer reveals whether the model reports any
    if need == "likelihood":
        try:
            return bool(plan.likelihoods())
        except InputError:
            return False
    return getattr(plan, need) not in (None, ())
