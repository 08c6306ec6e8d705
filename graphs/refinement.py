"""The refinement graph: solve, score, then select, or review, refine and score again."""

from collections.abc import Sequence
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver

from refinegraph.agents.operators import Operator, OperatorLike, approved
from refinegraph.agents.operators.roles import Gatherer, Refine, ReviewEach, Solve, WriteTests
from refinegraph.agents.protocols import (
    RefinerAgent,
    ReviewerAgent,
    SolverAgent,
    TestWriterAgent,
    Tracer,
)
from refinegraph.graphs.nodes.human import InterruptPoint
from refinegraph.graphs.policies.base import Policy
from refinegraph.graphs.policies.first_wave import FirstWave
from refinegraph.graphs.policies.refine_loop import RefineLoop
from refinegraph.graphs.routing import Router, VerdictRouter
from refinegraph.graphs.search import SearchGraph, search_graph
from refinegraph.graphs.selection import Selector
from refinegraph.graphs.stopping import RuleFunction, accepted, rounds
from refinegraph.schema import ModelNames
from refinegraph.tools.checkers import AnswerReader, Checker
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.scorers import Scorer

RefinementGraph = SearchGraph


def refinement_graph(
    *,
    solver: SolverAgent,
    reviewer: ReviewerAgent | None = None,
    refiner: RefinerAgent | None = None,
    test_writer: TestWriterAgent | None = None,
    scorer: Scorer | Sequence[Scorer] | None = None,
    router: Router | None = None,
    stop: RuleFunction | None = None,
    select: Selector | None = None,
    controller: Policy | None = None,
    max_refined_per_round: int | None = 4,
    samples: int | None = None,
    sandbox: Sandbox | None = None,
    checker: Checker | None = None,
    reader: AnswerReader | None = None,
    tracer: Tracer | None = None,
    evidence: Gatherer | None = None,
    checkpointer: BaseCheckpointSaver[Any] | None = None,
    name: str = "refinement",
    models: ModelNames | None = None,
    seed: int | None = None,
    ask: Sequence[InterruptPoint] = (),
) -> RefinementGraph:
    """Compile the graph that solves a problem and refines what is worth refining.

    Only `solver` is required. A round costs one call of the Reviewer and one of the Refiner for
    every candidate that is refined. It is a recipe over `search_graph`: the operators are `solve`,
    `write_tests` and `refine`, which is the Reviewer, then the Refiner unless the review approves.

    Args:
        solver: Proposes solutions.
        reviewer: Says what is wrong; without one the Refiner works from the evidence alone.
        refiner: Repairs a candidate; without one nothing is refined.
        test_writer: Writes tests beside the first samples of a code problem that has none.
        scorer: Scores candidates; execution, then agreement, unless given.
        router: Decides whether a problem is hard; execution decides unless given.
        stop: Ends the loop; three rounds, or the first candidate that passes all visible tests,
            unless given.
        select: Chooses the answer; the best evidence unless given.
        controller: A policy that replaces router, stop rule and the size of rounds.
        max_refined_per_round: How many candidates are refined in a round, the best first; all if
            None.
        samples: How many samples are taken first; the Solver's own number unless given.
        sandbox: Where programs run.
        checker: Proves or refutes candidates; runs their programs in `sandbox` unless given.
        reader: Reads the program in an answer; a fenced block unless given.
        tracer: Shows the Reviewer the values of a failing test.
        evidence: Finds out what Reviewer and Refiner are shown of a failing program; its verdict
            alone unless given.
        checkpointer: Stores the run, so that it can be resumed.
        name: The strategy's name in results.
        models: The models behind the roles, for results.
        seed: The seed, for results.
        ask: Where a person is asked: `"refine"`, `"accept"`. Needs a checkpointer.

    Raises:
        InputError: For an agent that does not take what its role is given.
    """
    then = controller or RefineLoop(
        router=router or VerdictRouter(),
        stop=stop or (accepted() | rounds(3 if refiner else 0)),
        max_refined_per_round=max_refined_per_round,
    )
    wave = samples or getattr(solver, "samples", None) or 1
    operators: dict[str, OperatorLike] = {"solve": _role(solver, Solve)}
    if test_writer:
        operators["write_tests"] = _role(test_writer, WriteTests)
    if refiner:
        operators["refine"] = repair(refiner, reviewer, tracer=tracer, evidence=evidence)
    return search_graph(
        operators=operators,
        policy=FirstWave(then, samples=wave, write_tests=test_writer is not None),
        scorer=scorer,
        select=select,
        stop=None,
        sandbox=sandbox,
        checker=checker,
        reader=reader,
        checkpointer=checkpointer,
        name=name,
        models=models,
        seed=seed,
        interrupt_before=ask,
    )


def repair(
    refiner: RefinerAgent,
    reviewer: ReviewerAgent | None = None,
    *,
    tracer: Tracer | None = None,
    evidence: Gatherer | None = None,
) -> Operator:
    """Return the operator that reviews a candidate and repairs it, unless the review approves.

    Both agents are shown what `evidence` finds out, such as `gather_evidence()`. Costs one call of
    the Reviewer and, unless the review approves, one of the Refiner, more where edits fail.
    """
    shown = evidence is not None and callable(refiner)
    mend = Refine(refiner, evidence=evidence) if shown else _role(refiner, Refine)
    if reviewer is None:
        return mend
    return ReviewEach(reviewer, tracer=tracer, evidence=evidence) >> mend.unless(approved())


def _role(agent: Any, role: type[Any]) -> Operator:
    """Return an agent as an operator; one that is an operator already stays as it is."""
    operator: Operator = agent if isinstance(agent, Operator) else role(agent)
    return operator
