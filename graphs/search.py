"""The search graph: apply operators as decided by a policy.

The policy is asked first. Its moves run in parallel, each through the stages of its operator. Their
results are executed and scored, and the policy is asked again, until it stops.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver

from refinegraph.agents.models import Sampling
from refinegraph.agents.operators import OperatorLike
from refinegraph.graphs.building import GraphBuilder, SearchGraph
from refinegraph.graphs.nodes.human import InterruptPoint, accept_node, ask_before, prefer_human
from refinegraph.graphs.nodes.route import Router
from refinegraph.graphs.nodes.score import score_node
from refinegraph.graphs.nodes.select import select_node
from refinegraph.graphs.operator_table import operator_table
from refinegraph.graphs.policies.base import Policy
from refinegraph.graphs.selection import Selector, best_of
from refinegraph.graphs.stopping import RuleFunction, accepted
from refinegraph.schema import ModelNames
from refinegraph.support.signatures import check_part
from refinegraph.tools.checkers import AnswerReader, Checker, sandbox_checker
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.scorers import Scorer, agreement, execution, first_of, reported_logprobs

__all__ = ["SearchGraph", "search_graph"]

_ACCEPTED = accepted()


def search_graph(
    *,
    operators: Mapping[str, OperatorLike],
    policy: Policy,
    scorer: Scorer | Sequence[Scorer] | None = None,
    select: Selector | None = None,
    stop: RuleFunction | None = _ACCEPTED,
    sandbox: Sandbox | None = None,
    checker: Checker | None = None,
    reader: AnswerReader | None = None,
    checkpointer: BaseCheckpointSaver[Any] | None = None,
    name: str = "search",
    models: ModelNames | None = None,
    max_tokens: int | None = None,
    seed: int | None = None,
    interrupt_before: Sequence[InterruptPoint] = (),
) -> SearchGraph:
    """Compile a graph that applies operators as decided by a policy.

    The graph takes `{"problem": Problem(...)}`. It can be embedded as a subgraph, streamed in every
    mode, run with `invoke` or `ainvoke`, and used with any checkpointer. A run costs what its
    operators and scorers cost; every program is executed once.

    Args:
        operators: Operators by the names used in moves. `a >> b` becomes two nodes.
        policy: Decides on the next moves, before the first sample and after every scoring.
        scorer: Scores candidates. With several scorers, `Candidate.score` is the first one, in
            order, with a value; by default execution, then agreement. The log-probabilities that
            they need are requested from operators that set none.
        select: Chooses the answer among the complete candidates; by default the one with the best
            evidence.
        stop: Ends the run regardless of the policy; by default when a candidate passes all visible
            tests.
        sandbox: Where programs run.
        checker: Proves or refutes candidates; by default runs their programs in `sandbox`.
        reader: Extracts the program from an answer; by default from a fenced block.
        checkpointer: Stores the run so that it can be resumed.
        name: The strategy's name in results.
        models: The models of the roles, for results.
        max_tokens: Maximum length in tokens of answers whose operator sets none.
        seed: The seed of requests whose operator sets none, and for results.
        interrupt_before: Where to ask a person: `"refine"`, `"accept"`. Requires a checkpointer.

    Raises:
        InputError: If operators, names or other parts are invalid.

    >>> import asyncio
    >>> from refinegraph.schema import Move, Problem
    >>> graph = search_graph(
    ...     operators={"solve": lambda task: "The answer is 4."},
    ...     policy=lambda state: [] if state.candidates else Move(operator="solve"),
    ... )
    >>> problem = Problem(prompt="2 + 2?", kind="math")
    >>> asyncio.run(graph.ainvoke({"problem": problem}))["result"].answer
    '4'
    """
    check_part(policy, "a policy", "state")
    if stop:
        check_part(stop, "a stop rule", "state")
    selector = select or best_of()
    check_part(selector, "a selector", "problem", "candidates")
    if interrupt_before:
        selector = prefer_human(selector)
    if "refine" in interrupt_before:
        operators = ask_before("refine", operators)
    table = operator_table(operators)
    router = Router(policy, stop, tuple(table.stages), table.proposing)
    finish = select_node(selector, strategy=name, models=models or ModelNames(), seed=seed)
    asks_to_accept = "accept" in interrupt_before
    prover = checker or sandbox_checker(sandbox)
    check_part(prover, "a checker", "problem", "candidate", "tests")
    builder = GraphBuilder(
        table,
        router,
        score_node(_scorers(scorer), checker=prover),
        finish,
        asks_to_accept=asks_to_accept,
        is_stored=checkpointer is not None,
        reader=reader,
        defaults=_defaults(max_tokens, seed, reported_logprobs(scorer)),
    )
    builder.add_route()
    builder.add_operators()
    builder.add_score()
    if asks_to_accept:
        builder.add_accept(accept_node(selector, reader=reader))
    return builder.compile(checkpointer, name)


def _defaults(max_tokens: int | None, seed: int | None, logprobs: int | None) -> Sampling | None:
    has_any = any(setting is not None for setting in (max_tokens, seed, logprobs))
    return Sampling(max_tokens=max_tokens, seed=seed, logprobs=logprobs) if has_any else None


def _scorers(scorer: Scorer | Sequence[Scorer] | None) -> Sequence[Scorer]:
    if scorer is None:
        return (first_of(execution(), agreement()),)
    scorers = (scorer,) if callable(scorer) else scorer
    for part in scorers:
        check_part(part, "a scorer", "problem", "candidates")
    return scorers
