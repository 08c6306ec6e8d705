"""What a strategy is: a name, where it comes from, what it costs and needs, and how it is built."""

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
"""What a strategy rests on, for people who look for one."""
Need = Literal[
    "scorer", "environment", "memory", "logprobs", "likelihood", "user", "examples", "checker"
]
"""What a strategy cannot work without: a part of the plan, or a model that gives log-probabilities.
"""

NEEDS: dict[Need, str] = {
    "scorer": "a scorer, such as a reward model or a judge; name one with --scorer or scorer=",
    "environment": "an environment to act in; give one with environment=",
    "memory": "a memory; name its file with --memory or give one with memory=",
    "likelihood": "a model that measures the likelihood of a text, such as 'embedded', "
    "local/PATH.gguf or hosted_vllm/NAME; or give a Likelihood with likelihood=",
    "user": "someone who answers its questions; give a function with user=",
    "examples": "solved problems to learn from; give them with examples=",
    "checker": "a checker, such as lean_checker(); give one with checker=",
    "logprobs": "a model whose provider gives log-probabilities",
}
"""What each need is, and how it is given."""


@dataclass(frozen=True)
class Strategy:
    """A named way through a graph."""

    name: str
    summary: str
    """One line: what it does and when it pays."""
    source: str
    """The paper that it follows, or what it is made of."""
    build: Build
    title: str = ""
    """The system's name as published; empty for strategies of this package."""
    ideas: tuple[Idea, ...] = ()
    needs: tuple[Need, ...] = ()
    calls: str = ""
    """Model calls as a formula of the plan: n samples, r rounds."""
    departs: str = ""
    """Where it departs from the paper, in one sentence; empty where it does not."""


def recipe(
    title: str,
    *,
    paper: str,
    ideas: Sequence[Idea],
    calls: str,
    needs: Sequence[Need] = (),
    departs: str = "",
) -> Callable[[Build], Strategy]:
    """Make a strategy of a function from a plan to a graph.

    The strategy's name is the function's, with hyphens; its summary is the first line of the
    docstring. A plan that lacks what the strategy needs is refused in one sentence.

    Args:
        title: The system's name as published.
        paper: Where it was published, such as `"arXiv 2305.14325"`.
        ideas: What it rests on.
        calls: Model calls as a formula of n samples and r rounds.
        needs: Parts of the plan without which it cannot work.
        departs: Where it departs from the paper.

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

    def make(build: Build) -> Strategy:
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

    return make


def source_of(strategy: Strategy) -> str:
    """Return the code that builds a strategy, its whole file where that holds nothing else.

    Empty where the code cannot be had, as for one written in an interactive session.
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
        return True  # only its answers tell whether a model gives any
    if need == "likelihood":
        try:
            return bool(plan.likelihoods())
        except InputError:
            return False
    return getattr(plan, need) not in (None, ())
