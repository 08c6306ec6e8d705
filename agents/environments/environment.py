"""The environment protocol."""

from typing import NamedTuple, Protocol

from refinegraph.schema import Problem


class Observation(NamedTuple):
    """The result of an action."""

    text: str
    reward: float | None = None
    done: bool = False
    """Whether the episode is over, so that no further action is allowed."""
    answer: str | None = None
    """The final answer, if the last action gave one."""


class Environment(Protocol):
    """One episode.

    It must be deterministic, because branches are replayed from their actions. If no action depends
    on earlier ones, give the class an attribute `stateless = True`: no action is then ever
    performed twice.
    """

    async def reset(self, problem: Problem) -> Observation:
        """Begin an episode; return the first observation with the available actions."""
        ...

    async def step(self, action: str) -> Observation:
        """Perform one action; report an invalid action as an observation, never as an error."""
        ...
