"""Begin with a wave of samples, then do as another policy says."""

from refinegraph.graphs.policies.base import Choice, Policy, first_moves
from refinegraph.graphs.state import RefinementState
from refinegraph.support.awaiting import settle


class FirstWave:
    """Ask for the first samples, and for tests beside them where a code problem has none.

    The operators are `solve` and, with `write_tests`, `write_tests`. From the second decision on,
    `then` is asked.
    """

    def __init__(self, then: Policy, *, samples: int, write_tests: bool = False) -> None:
        self.then = then
        self.samples = samples
        self.write_tests = write_tests

    async def __call__(self, state: RefinementState) -> Choice:
        """Return the first moves, or what the other policy chooses."""
        opening = first_moves(state, self.samples, write_tests=self.write_tests)
        if opening:
            return opening
        return await settle(self.then(state))

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"FirstWave({self.then!r}, samples={self.samples}, write_tests={self.write_tests})"
