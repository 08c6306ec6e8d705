"""Environments that stay open between the actions of an episode."""

from collections.abc import Callable
from typing import NamedTuple
from weakref import WeakKeyDictionary

from refinegraph.agents.environments.environment import Environment, Observation
from refinegraph.agents.environments.transcript import actions
from refinegraph.agents.models import current_scope
from refinegraph.charging import Account
from refinegraph.schema import Problem

_MOST_OPEN = 64
"""Open environments per run; a wide search closes the oldest, whose actions are then replayed."""


class Session(NamedTuple):
    """An environment at the end of an episode."""

    environment: Environment
    first: Observation
    """What the environment showed before the first action."""


class Sessions:
    """The open environments of every run, by their problem and episode.

    An episode that goes on finds its environment as its last action left it. Actions are replayed
    in a fresh environment only for a second branch, for a run that was resumed, and outside a run.
    """

    def __init__(self, make: Callable[[], Environment]) -> None:
        self.make = make
        self._runs: WeakKeyDictionary[Account, dict[tuple[str, str], Session]] = WeakKeyDictionary()

    async def take(self, problem: Problem, episode: str) -> Session:
        """Return the environment of an episode, which is then no longer available to others."""
        found = self._open().pop(_key(problem, episode), None)
        return found or await self._replayed(problem, actions(episode))

    def put(self, problem: Problem, episode: str, session: Session) -> None:
        """Keep the environment of an episode open until the run ends."""
        sessions = self._open()
        sessions[_key(problem, episode)] = session
        if len(sessions) > _MOST_OPEN:
            del sessions[next(iter(sessions))]

    async def _replayed(self, problem: Problem, earlier: tuple[str, ...]) -> Session:
        environment = self.make()
        session = Session(environment, await environment.reset(problem))
        if not getattr(environment, "stateless", False):
            for action in earlier:
                await environment.step(action)
        return session

    def _open(self) -> dict[tuple[str, str], Session]:
        scope = current_scope()
        # Outside a run, nothing tells when an environment is no longer needed.
        return {} if scope.sample_counts is None else self._runs.setdefault(scope.unaccounted, {})


def _key(problem: Problem, episode: str) -> tuple[str, str]:
    return f"{problem.id}\n{problem.prompt}", episode
