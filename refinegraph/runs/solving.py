"""Solve one problem: the implementation of `refinegraph.solve` and `refinegraph.asolve`."""

from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refinegraph.embedded.scope import knows_words_of
from refinegraph.errors import InputError, ModelAbstained
from refinegraph.options import RunOptions, SolveOptions
from refinegraph.options.arguments import takes
from refinegraph.options.config import EMBEDDED, find_setting
from refinegraph.runs.planning import (
    Models,
    learned_rates,
    ledger_of,
    plan_of,
    rate_limits_of,
    resolve_models,
)
from refinegraph.runs.runner import run_graph
from refinegraph.schema import EXECUTED_KINDS, Kind, Problem, RefinementResult
from refinegraph.support.blocking import run_sync
from refinegraph.tools.problem_kinds import infer_kind

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from refinegraph.agents.models import CallCache

USER_CACHE = "calls.sqlite"
"""The file name of the user's cache, in the user's directory."""


@takes(SolveOptions)
async def asolve(options: SolveOptions) -> RefinementResult:
    r"""Solve a problem and return the answer with its evidence and its cost.

    Models are litellm names such as `"ollama_chat/qwen3:8b"` or LangChain chat models. Options that
    are not passed are read from the environment (`REFINEGRAPH_MODEL`, …), then from the nearest
    `refinegraph.toml`. If no model is configured, the small one in the package is used. Times are
    in seconds, money in USD. When a limit is reached, the best answer so far is returned.

    Raises `InputError` for invalid input, `ModelError` if no model answered and
    `SandboxUnavailable` if programs could not be isolated as requested.

    >>> import asyncio
    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> scripted = ScriptedChatModel("def add(a, b):\n    return a + b", cycle=True)
    >>> solving = asolve("Write add(a, b).", tests="assert add(1, 2) == 3", model=scripted)
    >>> asyncio.run(solving).solved
    True
    """
    return await solve_with(options)


@takes(SolveOptions)
def solve(options: SolveOptions) -> RefinementResult:
    r"""Solve a problem; the synchronous version of `asolve`.

    It also works while an event loop is running, as in a notebook, and raises the same errors as
    `asolve`.

    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> scripted = ScriptedChatModel("def add(a, b):\n    return a + b", cycle=True)
    >>> solve("Write add(a, b).", tests="assert add(1, 2) == 3", model=scripted).solved
    True
    """
    return run_sync(solve_with(options))


async def solve_with(options: SolveOptions, *, models: Models | None = None) -> RefinementResult:
    """Solve a problem with exactly these options; no setting is read from elsewhere.

    Pass `models` if the models that the options name have already been resolved.
    """
    from refinegraph.agents.models import run_scope
    from refinegraph.graphs.strategies import build_strategy, find_strategy

    problem = as_problem(options.problem, tests=options.tests, kind=options.kind)
    require_fit(problem, options)
    find_strategy(options.strategy)
    with ExitStack() as stack:
        if options.requests_per_minute or options.tokens_per_minute:
            stack.enter_context(run_scope(rate_limits=rate_limits_of(options)))
        resolved = models or resolve_models(options)
        plan = plan_of(
            options,
            kind=problem.kind,
            models=resolved,
            rates=stack.enter_context(learned_rates(options, resolved)),
            sandbox=options.sandbox,
            checkpointer=options.checkpointer or _memory(options),
        )
        return await run_graph(
            build_strategy(options.strategy, replace(plan, **_parts(options))),
            problem,
            run_id=options.run_id,
            on_question=options.on_question,
            timeout=options.timeout,
            cache=stack.enter_context(call_cache(options)),
            stream=options.stream,
            ledger=ledger_of(options),
            on_event=options.on_event,
        )


def require_fit(problem: Problem, options: RunOptions) -> None:
    """Raise `ModelAbstained` for a problem that the model of the package would decline."""
    model = options.solver_model or options.model
    if model == EMBEDDED and problem.kind not in EXECUTED_KINDS:
        raise ModelAbstained(
            f"the model in the package only writes short functions, and this problem is of kind "
            f"{problem.kind}; name another model, such as ollama_chat/qwen3:8b, or choose kind "
            "code."
        )
    if model == EMBEDDED and problem.kind == "code" and not knows_words_of(problem.prompt):
        raise ModelAbstained(
            "the model in the package only knows problems such as 'Keep the even numbers, then add "
            "2 to each', and this one has none of the words that it knows; name another model, such"
            " as ollama_chat/qwen3:8b."
        )


def _parts(options: SolveOptions) -> dict[str, Any]:
    """Return the parts of a plan that can only be set from Python."""
    names = ("environment", "examples", "user", "likelihood", "checker", "reader")
    return {name: getattr(options, name) for name in names}


def solve_options(problem: str | Problem, options: RunOptions, **python: Any) -> SolveOptions:
    """Return the options for one problem; `python` adds those that can only be set from Python."""
    shared = {option.name: getattr(options, option.name) for option in fields(RunOptions)}
    return SolveOptions(problem, **{**shared, **python})


@contextmanager
def call_cache(options: RunOptions) -> "Generator[CallCache | None]":
    """Yield the cache of the options; a cache named by its path is opened and closed again."""
    from refinegraph.agents.models import CallCache

    name = options.replay if options.replay is not None else options.cache
    if name is None or isinstance(name, CallCache):
        yield name
        return
    store = find_setting("store")
    if not name and store is not None:
        from refinegraph.runs.postgres_answers import postgres_cache

        with closing(postgres_cache(store.value, replay=options.replay is not None)) as cache:
            yield cache
        return
    path = Path(name) if name else user_cache()
    with closing(CallCache(path, replay=options.replay is not None)) as cache:
        yield cache


def user_cache() -> Path:
    """Return the file of the user's cache, created so that only this user can read it.

    Raises `InputError` if the file cannot be created.
    """
    from refinegraph.options.config import home
    from refinegraph.support.private_files import make_private_folder, touch_private

    try:
        make_private_folder(home())
        touch_private(home() / USER_CACHE)
    except OSError as error:
        raise InputError(
            f"the cache in {str(home())!r} cannot be used: {error.strerror}; name a file."
        ) from None
    return home() / USER_CACHE


def _memory(options: RunOptions) -> "BaseCheckpointSaver[Any] | None":
    """Return a checkpointer for runs that ask a person, since LangGraph needs one to interrupt."""
    if not options.ask:
        return None
    from langgraph.checkpoint.memory import InMemorySaver

    from refinegraph.graphs.checkpoints import checkpoint_serializer

    return InMemorySaver(serde=checkpoint_serializer())


def as_problem(problem: str | Problem, *, tests: str = "", kind: Kind | None = None) -> Problem:
    """Return a problem from a statement, of the kind that is given or that its wording suggests.

    Raises `InputError` if the statement is empty, or if `kind` differs from the kind of a problem
    that is passed as an object.

    >>> as_problem("Write add(a, b).", tests="assert add(1, 2) == 3").tests
    'assert add(1, 2) == 3'
    """
    if isinstance(problem, Problem):
        given = problem.model_copy(update={"tests": tests}) if tests else problem
    else:
        given = Problem(
            prompt=problem, tests=tests, kind=kind or infer_kind(problem, tests=tests).kind
        )
    if kind is not None and kind != given.kind:
        raise InputError(f"kind={kind!r} contradicts problem {given.id!r}, which is {given.kind}.")
    if not given.prompt.strip():
        name = f"problem {given.id!r}" if isinstance(problem, Problem) else "the problem"
        raise InputError(f"{name} is empty; say in words what is to be solved.")
    return given
