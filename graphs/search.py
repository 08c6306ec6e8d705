"""Search: apply operators as a policy says.

The policy is asked first. Its moves run side by side, each through the stages of its operator.
What they made is executed and scored, and the policy is asked again, until it stops.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver

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
from refinegraph.tools.scorers import Scorer, agreement, execution, first_of

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
    seed: int | None = None,
    interrupt_before: Sequence[InterruptPoint] = (),
) -> SearchGraph:
    """Compile a graph that applies operators as a policy says.

    The graph takes `{"problem": Problem(...)}`, embeds as a subgraph, streams in every mode, runs
    under `invoke` and `ainvoke`, and takes any checkpointer. A run costs what its operators and
    scorers call; programs are executed once each.

    Args:
        operators: Operators by the names that moves give. `a >> b` becomes two nodes.
        policy: What is done next, asked before the first sample and after every scoring.
        scorer: Scores candidates; several are tried in their order, and `Candidate.score` is the
            first that could tell. Execution, then agreement, unless given.
        select: Chooses the answer among the complete candidates; the best evidence unless given.
        stop: Ends the run whatever the policy wants; when a candidate passes all visible tests
            unless given.
        sandbox: Where programs run.
        checker: Proves or refutes candidates; runs their programs in `sandbox` unless given.
        reader: Reads the program in an answer; a fenced block unless given.
        checkpointer: Stores the run, so that it can be resumed.
        name: The strategy's name in results.
        models: The models behind the roles, for results.
        seed: The seed, for results.
        interrupt_before: Where a person is asked: `"refine"`, `"accept"`. Needs a checkpointer.

    Raises:
        InputError: For operators or names that do not fit, when the graph is built.

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
    chooser = select or best_of()
    check_part(chooser, "a selector", "problem", "candidates")
    if interrupt_before:
        chooser = prefer_human(chooser)
    if "refine" in interrupt_before:
        operators = ask_before("refine", operators)
    table = operator_table(operators)
    router = Router(policy, stop, tuple(table.stages), table.proposing)
    finish = select_node(chooser, strategy=name, models=models or ModelNames(), seed=seed)
    asks_to_accept = "accept" in interrupt_before
    builder = GraphBuilder(table, router, finish, asks_to_accept=asks_to_accept, reader=reader)
    builder.add_route()
    builder.add_operators()
    proving = checker or sandbox_checker(sandbox)
    check_part(proving, "a checker", "problem", "candidate", "tests")
    builder.add_score(score_node(_scorers(scorer), checker=proving))
    if asks_to_accept:
        builder.add_accept(accept_node(chooser, reader=reader))
    return builder.compile(checkpointer, name)


def _scorers(scorer: Scorer | Sequence[Scorer] | None) -> Sequence[Scorer]:
    if scorer is None:
        return (first_of(execution(), agreement()),)
    scorers = (scorer,) if callable(scorer) else scorer
    for part in scorers:
        check_part(part, "a scorer", "problem", "candidates")
    return scorers
