"""What an environment does, whatever it is made of."""

from typing import NamedTuple, Protocol

from refinegraph.schema import Problem


class Observation(NamedTuple):
    """What an environment shows after an action."""

    text: str
    reward: float | None = None
    done: bool = False
    """Whether the episode is over, so that no action may follow."""
    answer: str | None = None
    """The final answer, where the last action gave one."""


class Environment(Protocol):
    """One episode. It has to be deterministic: a branch is played again from its actions."""

    async def reset(self, problem: Problem) -> Observation:
        """Begin an episode for a problem; return what is seen first and what may be done."""
        ...

    async def step(self, action: str) -> Observation:
        """Do one action; a bad one is an observation that says so, never an error."""
        ...
