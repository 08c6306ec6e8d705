"""Adapter for text environments with gymnasium's interface."""

from typing import Any, Protocol, cast

from refinegraph.agents.environments.environment import Observation
from refinegraph.schema import Problem


class TextEnv(Protocol):
    """The part of gymnasium's interface that is needed: text in, text out."""

    def reset(self) -> Any:
        """Return the first observation, or a tuple that begins with it."""
        ...

    def step(self, action: str, /) -> Any:
        """Return observation, reward, terminated, truncated, info, or the older four values."""
        ...


class GymnasiumText:
    """Act in a text environment that has gymnasium's `reset()` and `step(action)`.

    Both forms of `step` results are supported: five values (with separate terminated and
    truncated flags) and the older four. `actions` describes the available actions. The caller
    must seed the environment.

    >>> import asyncio
    >>> class Door:
    ...     def reset(self): return "A door.", {}
    ...     def step(self, action): return "A garden.", 1.0, action == "open", False, {}
    >>> asyncio.run(GymnasiumText(Door()).step("open"))
    Observation(text='A garden.', reward=1.0, done=True, answer=None)
    """

    def __init__(self, env: TextEnv, *, actions: str = "") -> None:
        self.env = env
        self.actions = actions

    async def reset(self, problem: Problem) -> Observation:
        """Begin an episode."""
        first: object = self.env.reset()
        text = cast("tuple[object, ...]", first)[0] if isinstance(first, tuple) else first
        return Observation("\n".join(filter(None, [self.actions, str(text)])))

    async def step(self, action: str) -> Observation:
        """Perform one action."""
        text, reward, *ends = self.env.step(action)
        done = any(end for end in ends if isinstance(end, bool))
        return Observation(str(text), reward=float(reward), done=done)
