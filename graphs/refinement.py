"""The refinement graph: solve and score, then either select or review, refine and score again."""

from collections.abc import Sequence
from typing import Any, cast

from langgraph.checkpoint.base import BaseCheckpointSaver

from refinegraph.agents.branch_refiner import BranchRefiner, branchable
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
    refiner: RefinerAgent | Operator | None = None,
    branches: BranchRefiner | None = None,
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
    interrupt_before: Sequence[InterruptPoint] = (),
) -> RefinementGraph:
    """Compile the graph that solves a problem and refines its candidates.

    Only `solver` is required. A round costs one Reviewer call and one Refiner call for every
    refined candidate. The graph is a configuration of `search_graph` with the operators `solve`,
    `write_tests` and `refine`, which is the Reviewer followed by the Refiner unless the review
    approves.

    Args:
        solver: Proposes solutions.
        reviewer: Reviews candidates; without one, the Refiner sees only the evidence.
        refiner: Repairs candidates; without one, nothing is refined.
        branches: Repairs programs before the other agents are asked, as long as their author was
            unsure of other tokens; requires a `refiner`.
        test_writer: Writes tests, in parallel with the first samples, for code problems without
            any.
        scorer: Scores candidates; by default execution, then agreement.
        router: Decides whether a problem is hard; by default from execution.
        stop: Ends the loop; by default after three rounds, or when a candidate passes all visible
            tests.
        select: Chooses the answer; by default the candidate with the best evidence.
        controller: A policy that replaces the router, the stop rule and the size of rounds.
        max_refined_per_round: Maximum number of candidates refined per round, best first; None for
            no limit.
        samples: Number of initial samples; by default the Solver's own number.
        sandbox: Where programs run.
        checker: Proves or refutes candidates; by default runs their programs in `sandbox`.
        reader: Extracts the program from an answer; by default from a fenced block.
        tracer: Traces a failing test for the Reviewer.
        evidence: Gathers what the Reviewer and the Refiner see of a failing program; by default
            only its verdict.
        checkpointer: Stores the run so that it can be resumed.
        name: The strategy's name in results.
        models: The models of the roles, for results.
        seed: The seed, for results.
        interrupt_before: Where to ask a person: `"refine"`, `"accept"`. Requires a checkpointer.

    Raises:
        InputError: If an agent does not accept the parameters of its role.
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
        operators["refine"] = repair(
            refiner, reviewer, tracer=tracer, evidence=evidence, branches=branches
        )
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
        interrupt_before=interrupt_before,
    )


def repair(
    refiner: RefinerAgent | Operator,
    reviewer: ReviewerAgent | None = None,
    *,
    tracer: Tracer | None = None,
    evidence: Gatherer | None = None,
    branches: BranchRefiner | None = None,
) -> Operator:
    """Return the operator that reviews a candidate and repairs it unless the review approves.

    Both agents see the result of `evidence`, such as `gather_evidence()`. Costs one Reviewer call
    and, unless the review approves, one Refiner call, or more if edits fail. With `branches`, a
    candidate is repaired by it instead, at no cost of a review, while its author was unsure of a
    token that has not been tried.
    """
    if isinstance(refiner, Operator) and not callable(refiner):
        refine: Operator = refiner
    else:  # agents of this package are operators too, but only as an agent do they take evidence
        refine = Refine(cast("RefinerAgent", refiner), evidence=evidence)
    review: Operator | None = None
    if reviewer is not None:
        review = ReviewEach(reviewer, tracer=tracer, evidence=evidence)
    if branches is not None:
        refine = refine.unless(branchable()) | branches
        review = review.unless(branchable()) if review else None
    return review >> refine.unless(approved()) if review else refine


def _role(agent: Any, role: type[Any]) -> Operator:
    """Wrap an agent in its role's operator; return an operator unchanged."""
    operator: Operator = agent if isinstance(agent, Operator) else role(agent)
    return operator
