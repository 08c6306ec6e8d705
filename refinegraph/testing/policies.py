"""A policy that follows a script, and what any policy decides in a given state."""

from collections.abc import Callable

from refinegraph.graphs.policies.base import Choice, Policy, as_decision
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Decision, StopReason
from refinegraph.support.awaiting import settle

SCRIPT_ENDED = StopReason(rule="script", detail="the script has ended")
"""Why a run ends whose scripted policy has nothing left to say."""


class ScriptedPolicy:
    """A policy that makes its choices one after the other, and stops after the last one.

    A choice is whatever a policy may return, or a function of the state that returns it. Which
    choice is next follows from the state alone, so a run that is interrupted and resumed goes on
    where it was, and one policy serves any number of runs.

    >>> from refinegraph.schema import Move
    >>> from refinegraph.testing import state
    >>> policy = ScriptedPolicy(Move(operator="solve", count=2))
    >>> policy(state())
    Move(operator='solve', parents=(), count=2, instruction='', keep=None)
    """

    def __init__(self, *choices: Choice | Callable[[RefinementState], Choice]) -> None:
        self.choices = choices

    def __call__(self, state: RefinementState) -> Choice:
        """Return the choice whose turn it is."""
        turn = len(state.decisions)
        if turn >= len(self.choices):
            return SCRIPT_ENDED
        choice = self.choices[turn]
        return choice(state) if callable(choice) else choice

    def __repr__(self) -> str:
        """Return the expression that makes one like it."""
        return f"ScriptedPolicy({', '.join(map(repr, self.choices))})"


async def decide(policy: Policy, state: RefinementState) -> Decision:
    """Return what a policy decides in a state, as the graph would record it.

    Works for policies that are async, and for those that return less than a whole decision. Raises
    `InputError` for what is no choice.

    >>> import asyncio
    >>> from refinegraph.testing import state
    >>> asyncio.run(decide(ScriptedPolicy(), state())).stop_reason.rule
    'script'
    """
    return as_decision(await settle(policy(state)), state)
