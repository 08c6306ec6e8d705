"""Start with a wave of samples, then delegate to another policy."""

from refinegraph.graphs.policies.base import Choice, Policy, first_moves
from refinegraph.graphs.state import RefinementState
from refinegraph.support.awaiting import settle


class FirstWave:
    """Request the first samples, together with tests for a code problem that has none.

    The operators are `solve` and, with `write_tests`, `write_tests`. From the second decision on,
    the policy `then` decides.
    """

    def __init__(self, then: Policy, *, samples: int, write_tests: bool = False) -> None:
        self.then = then
        self.samples = samples
        self.write_tests = write_tests

    async def __call__(self, state: RefinementState) -> Choice:
        """Return the first moves, or the other policy's choice."""
        opening = first_moves(state, self.samples, write_tests=self.write_tests)
        if opening:
            return opening
        return await settle(self.then(state))

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"FirstWave({self.then!r}, samples={self.samples}, write_tests={self.write_tests})"
