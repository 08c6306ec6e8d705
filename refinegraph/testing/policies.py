"""A policy that follows a script, and a function that evaluates any policy."""

from collections.abc import Callable

from refinegraph.graphs.policies.base import Choice, Policy, as_decision
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Decision, StopReason
from refinegraph.support.awaiting import settle

SCRIPT_ENDED = StopReason(rule="script", detail="the script has ended")
"""The stop reason of a scripted policy after its last choice."""


class ScriptedPolicy:
    """A policy that makes the given choices one after the other and then stops.

    A choice is anything that a policy may return, or a function of the state that returns it. The
    next choice depends only on the state, so an interrupted run resumes correctly and several runs
    may share a policy.

    >>> from refinegraph.schema import Move
    >>> from refinegraph.testing import state
    >>> policy = ScriptedPolicy(Move(operator="solve", count=2))
    >>> policy(state())
    Move(operator='solve', parents=(), count=2, instruction='', keep=None)
    """

    def __init__(self, *choices: Choice | Callable[[RefinementState], Choice]) -> None:
        self.choices = choices

    def __call__(self, state: RefinementState) -> Choice:
        """Return the next choice."""
        turn = len(state.decisions)
        if turn >= len(self.choices):
            return SCRIPT_ENDED
        choice = self.choices[turn]
        return choice(state) if callable(choice) else choice

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"ScriptedPolicy({', '.join(map(repr, self.choices))})"


async def decide(policy: Policy, state: RefinementState) -> Decision:
    """Return the decision of a policy in a state, as the graph would record it.

    The policy may be async, and may return less than a whole decision. Raises `InputError` if it
    does not return a choice.

    >>> import asyncio
    >>> from refinegraph.testing import state
    >>> asyncio.run(decide(ScriptedPolicy(), state())).stop_reason.rule
    'script'
    """
    return as_decision(await settle(policy(state)), state)
