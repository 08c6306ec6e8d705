"""Solve one problem: the functions behind `refinegraph.solve` and `refinegraph.asolve`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from refinegraph.blocking import run_sync
from refinegraph.errors import InputError
from refinegraph.running import Asker, Watcher, run_graph
from refinegraph.schema import Kind, Problem, RefinementResult

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from refinegraph.agents.models import CallCache, Ledger
    from refinegraph.graphs.policies.calibration import BeliefMap
    from refinegraph.tools.sandbox import Sandbox


async def asolve(
    problem: str | Problem,
    *,
    tests: str = "",
    kind: Kind = "code",
    model: "str | BaseChatModel | None" = None,
    reviewer_model: "str | BaseChatModel | None" = None,
    refiner_model: "str | BaseChatModel | None" = None,
    tester_model: "str | BaseChatModel | None" = None,
    strategy: str = "adaptive",
    samples: int | None = None,
    rounds: int | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
    seed: int | None = None,
    api_base: str | None = None,
    budget_usd: float | None = None,
    budget_tokens: int | None = None,
    budget_calls: int | None = None,
    timeout: float | None = None,
    sandbox: "Sandbox | None" = None,
    trace: bool = False,
    price: float | None = None,
    belief: "BeliefMap | None" = None,
    cache: "CallCache | None" = None,
    checkpointer: "BaseCheckpointSaver[Any] | None" = None,
    run_id: str | None = None,
    on_question: Asker | None = None,
    ask: Sequence[str] = (),
    on_event: Watcher | None = None,
    stream: bool = False,
) -> RefinementResult:
    """Solve a problem and return the answer with its evidence and its cost.

    A model is a litellm name such as `"ollama_chat/qwen3:8b"` or any LangChain chat model;
    without one, `REFINEGRAPH_MODEL` is used, else the small model in the package; its server is
    `REFINEGRAPH_API_BASE` unless `api_base` names another. `tests` may be assert lines,
    `def test_*` functions, doctests, or JSON cases. `timeout` is in seconds for the whole run; when
    it or a budget ends, the best answer so far is returned. `trace` shows the Reviewer the values
    of a failing test line by line. `price` is what a thousand tokens have to add to the chance of
    being right, and `belief` how sure to be of a pool, for `adaptive`. `cache` keeps the model's
    answers, or replays them. With a LangGraph `checkpointer`, a run goes on from the last node that
    ended when it is asked for again under the same `run_id`. `on_question` is asked before a
    candidate is refined or the answer taken, whichever `ask` names: `"refine"`, `"accept"`.
    `on_event` is told what happens as it happens, with `stream` of answers while they are written
    too. Raises `InputError` for bad input, `ModelError` where no model answered and
    `SandboxUnavailable` where programs could not be isolated.

    >>> import asyncio
    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> scripted = ScriptedChatModel("def add(a, b):\\n    return a + b", cycle=True)
    >>> solving = asolve("Write add(a, b).", tests="assert add(1, 2) == 3", model=scripted)
    >>> asyncio.run(solving).solved
    True
    """
    from refinegraph.agents.models import resolve_model
    from refinegraph.config import api_base_setting, model_setting
    from refinegraph.graphs.nodes.human import interrupt_points
    from refinegraph.graphs.policies.calibration import SHIPPED
    from refinegraph.graphs.stopping import budget
    from refinegraph.graphs.strategies import Plan, build_strategy, find_strategy

    asked = as_problem(problem, tests=tests, kind=kind)
    find_strategy(strategy)

    base = api_base or api_base_setting()

    def resolved(given: "str | BaseChatModel | None") -> "BaseChatModel | None":
        return resolve_model(given, api_base=base) if given is not None else None

    limit = budget(usd=budget_usd, tokens=budget_tokens, seconds=timeout)
    bounded = any(each is not None for each in (budget_usd, budget_tokens, timeout))
    plan = Plan(
        model=resolve_model(model if model is not None else model_setting(), api_base=base),
        reviewer_model=resolved(reviewer_model),
        refiner_model=resolved(refiner_model),
        tester_model=resolved(tester_model),
        kind=asked.kind,
        samples=samples,
        rounds=rounds,
        temperature=temperature,
        max_tokens=max_tokens,
        seed=seed,
        limit=limit if bounded else None,
        sandbox=sandbox,
        trace=trace,
        price=price,
        belief=belief or SHIPPED,
        checkpointer=checkpointer or _memory(ask),
        ask=interrupt_points(ask),
    )
    return await run_graph(
        build_strategy(strategy, plan),
        asked,
        run_id=run_id,
        on_question=on_question,
        timeout=timeout,
        cache=cache,
        stream=stream,
        ledger=ledger_of(usd=budget_usd, tokens=budget_tokens, calls=budget_calls),
        on_event=on_event,
    )


def solve(problem: str | Problem, **options: Any) -> RefinementResult:
    """Solve a problem; the twin of `asolve` for code that is not async.

    Safe where an event loop is running, as in a notebook.

    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> scripted = ScriptedChatModel("def add(a, b):\\n    return a + b", cycle=True)
    >>> solve("Write add(a, b).", tests="assert add(1, 2) == 3", model=scripted).solved
    True
    """
    return run_sync(asolve(problem, **options))


def _memory(ask: Sequence[str]) -> "BaseCheckpointSaver[Any] | None":
    if not ask:
        return None
    from langgraph.checkpoint.memory import InMemorySaver

    from refinegraph.graphs.checkpoints import checkpoint_serializer

    return InMemorySaver(serde=checkpoint_serializer())


def ledger_of(
    *, usd: float | None, tokens: int | None, calls: int | None = None
) -> "Ledger | None":
    """Return what may be spent, where anything bounds it."""
    from refinegraph.agents.models import Ledger

    bounded = any(each is not None for each in (usd, tokens, calls))
    return Ledger(usd=usd, tokens=tokens, calls=calls) if bounded else None


def as_problem(problem: str | Problem, *, tests: str = "", kind: Kind = "code") -> Problem:
    """Return a problem from a statement; raises `InputError` for an empty one.

    >>> as_problem("Write add(a, b).", tests="assert add(1, 2) == 3").tests
    'assert add(1, 2) == 3'
    """
    if isinstance(problem, Problem):
        given = problem.model_copy(update={"tests": tests}) if tests else problem
    else:
        given = Problem(prompt=problem, tests=tests, kind=kind)
    if not given.prompt.strip():
        raise InputError(
            f"problem {given.id!r} has an empty statement; say in words what is to be solved."
        )
    return given
