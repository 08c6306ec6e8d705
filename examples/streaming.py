"""Watch a run in progress: every candidate, verdict, review and decision is an event."""

import asyncio

from refinegraph import Problem
from refinegraph.agents.models import resolve_model
from refinegraph.graphs.events import CandidateJudged, Decided, ReviewWritten
from refinegraph.graphs.strategies import Plan, build_strategy

graph = build_strategy("adaptive", Plan(model=resolve_model("embedded"), seed=3))

PROBLEM = Problem(
    prompt="Write squeeze(s) for a text. Remove the vowels, then reverse the text.",
    tests="assert squeeze('banana') == 'nnb'\nassert squeeze('sky') == 'yks'",
)


async def main() -> None:
    """Print one line per event."""
    async for event in graph.astream({"problem": PROBLEM}, stream_mode="custom"):
        match event:
            case CandidateJudged(candidate=candidate) if candidate.verdict:
                print(f"{candidate.id}: {candidate.verdict.status}")
            case ReviewWritten(review=review):
                print(f"review of {review.candidate_id}: {review.change or review.text}")
            case Decided(decision=decision):
                print(f"decided: {decision.action}")
            case _:
                pass


if __name__ == "__main__":
    asyncio.run(main())
