"""NaturalProver: stepwise proofs, conditioned on references that must be used."""

from refinegraph.agents import continue_from, line
from refinegraph.agents.memory import recall, with_notes
from refinegraph.graphs.policies import beam
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Candidate, Problem
from refinegraph.tools.scorers import score_each


@recipe(
    "NaturalProver",
    paper="arXiv 2205.12910",
    ideas=["search", "remember"],
    needs=["memory"],
    calls="n for every step",
    departs="A step is kept for the references that it names; the paper also considers likelihood.",
)
def naturalprover(plan: Plan) -> SearchGraph:
    """Prove with retrieved references, and keep the partial proofs that use most of them."""
    memory, width = plan.memory, plan.samples or 6
    assert memory

    async def coverage(problem: Problem, proof: Candidate) -> float:
        references = await memory.recall(problem.prompt, k=5)
        titles = [(note.about or note.text.partition(":")[0]).lower() for note in references]
        named = [title for title in titles if title in proof.text.lower()]
        return len(named) / max(1, len(titles))

    step = continue_from(plan.model, step=line(), on_missing_prefix="ask")
    conditioned = recall(memory, k=5) >> with_notes(step, heading="Use these references by name:")
    return plan.search(
        "naturalprover",
        operators={"begin": conditioned, "step": with_notes(step, heading="References:")},
        policy=beam("step", root="begin", keep=max(1, width // 2), width=2, roots=width),
        scorer=score_each(coverage, name="coverage"),
        select=best_of(),
    )
