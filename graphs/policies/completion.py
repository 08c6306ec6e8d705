"""Complete the best unfinished text of a search that ended without a whole solution."""

from dataclasses import dataclass

from refinegraph.graphs.policies.base import NOTHING_LEFT, Choice, Policy, as_decision
from refinegraph.graphs.policies.searching import SearchPolicy
from refinegraph.graphs.policies.waves import move
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Candidate
from refinegraph.support.awaiting import settle


@dataclass(frozen=True, repr=False)
class finishing(SearchPolicy):
    """Follow a policy; if it stops before any candidate is complete, finish the best one.

    A search over steps may reach its limit while all its texts are unfinished, and would have no
    answer. The best text that nothing was continued from, or the latest of several with the same
    score, is then given to `operator`, such as `continue_from(model, step=rest())`. Costs at most
    one candidate more than the policy.

    >>> from refinegraph.graphs.policies import uct
    >>> finishing(uct("step", max_candidates=8), "finish")
    finishing(uct('step', max_candidates=8), 'finish')
    """

    policy: Policy
    operator: str

    async def __call__(self, state: RefinementState) -> Choice:
        """Return the policy's choice, or the move that finishes the best text."""
        if any(candidate.operator == self.operator for candidate in state.candidates):
            return NOTHING_LEFT
        decision = as_decision(await settle(self.policy(state)), state)
        whole = any(candidate.complete for candidate in state.candidates)
        if decision.moves or whole or not state.candidates:
            return decision
        return move(self.operator, _best_end(state))


def _best_end(state: RefinementState) -> Candidate:
    continued = {parent for candidate in state.candidates for parent in candidate.parents}
    ends = [candidate for candidate in state.candidates if candidate.id not in continued]
    return max(reversed(ends), key=lambda candidate: candidate.score or 0.0)
