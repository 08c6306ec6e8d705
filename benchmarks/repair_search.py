"""Searches without a model over the same fault: ours, and an even draw of changes."""

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

from repair_faults import Executed, Fault, Healthy, tests_reaching, time_limit

from refinegraph.schema import SuspectLine
from refinegraph.tools.mutation import OPERATORS, Mutation, mutations

BUDGET = 20
"""Candidates that a search may try: what a person waits a minute or two for."""
BEST_OF = 10
"""Candidates that fixed best-of-n always tries."""


class Tried(NamedTuple):
    """A proposal, and the tests that fail with it."""

    mutation: Mutation
    failed: frozenset[str]
    """Where `whole` is false, only that some visible failing test fails is known."""
    whole: bool
    """Whether every test that the proposal can affect was run."""


class Trials:
    """Runs proposals for one fault, each at most once."""

    def __init__(self, healthy: Healthy, fault: Fault, visible: frozenset[str]) -> None:
        self.healthy = healthy
        self.visible = visible
        self.failing = sorted(fault.failing)
        self.seen = [name for name in self.failing if name in visible]
        self._fault = fault
        self._tried: dict[tuple[str, str], Tried] = {}

    @property
    def all(self) -> list[Tried]:
        """Everything that was run."""
        return list(self._tried.values())

    def run(self, mutation: Mutation) -> Tried:
        """Run the failing tests and, if the visible ones of them pass, all that can change."""
        key = mutation.path, mutation.text
        if key not in self._tried:
            self._tried[key] = self._run(mutation)
        return self._tried[key]

    def _run(self, mutation: Mutation) -> Tried:
        failed = self._failed(mutation, self.seen, first=True)
        if failed:
            return Tried(mutation, failed, whole=False)
        executed: Executed = self._fault.executed
        before = self.text(mutation.path)
        names = {*self.failing, *tests_reaching(executed, mutation.path, before, mutation.text)}
        return Tried(mutation, self._failed(mutation, sorted(names)), whole=True)

    def _failed(
        self, mutation: Mutation, names: Sequence[str], *, first: bool = False
    ) -> frozenset[str]:
        broken = self._fault.mutation
        changes = {broken.path: broken.text, mutation.path: mutation.text}
        limit = time_limit(self.healthy)
        run = self.healthy.tests.run(changes, only=names, limit=limit, first=first)
        return frozenset(name for name in names if not run.passes(name))

    def text(self, path: str) -> str:
        """Return a file of the faulty package."""
        broken = self._fault.mutation
        return broken.text if path == broken.path else self.healthy.sources.files[path]

    def files(self) -> dict[str, str]:
        """Return the Python files of the faulty package."""
        return {path: self.text(path) for path in self.healthy.sources.python()}


def search(trials: Trials, proposals: Sequence[Mutation], *, stop: bool) -> dict[str, Any]:
    """Try proposals in their order; with `stop`, up to the first one that passes all tests."""
    runs = tried = 0
    solved = False
    for mutation in proposals:
        outcome = trials.run(mutation)
        # Whoever searches runs the suite only where all failing tests pass.
        runs += 1 if outcome.failed.intersection(trials.failing) or not outcome.whole else 2
        tried += 1
        solved = solved or (outcome.whole and not outcome.failed)
        if solved and stop:
            break
    return {"solved": solved, "runs": runs, "tried": tried}


def ours(trials: Trials, suspects: Sequence[SuspectLine]) -> list[Mutation]:
    """Return the first proposals of the search that ships."""
    coming = mutations(trials.files(), suspects)
    return [mutation for mutation, _ in zip(coming, range(BUDGET), strict=False)]


def uniform(trials: Trials, suspects: Sequence[SuspectLine], seed: int) -> list[Mutation]:
    """Return changes of lines that failing tests execute: a line, an operator, a change, evenly."""
    draw = random.Random(seed)
    even = [
        suspect.model_copy(update={"score": 1.0})
        for suspect in suspects
        if any("failing" in reason for reason in suspect.reasons)
    ]
    drawn: dict[str, Mutation] = {}
    for _ in range(20 * BUDGET if even else 0):
        if len(drawn) == BUDGET:
            break
        suspect, operator = draw.choice(even), draw.choice(OPERATORS)
        sources = {suspect.path: trials.text(suspect.path)}
        found = list(mutations(sources, [suspect], operators=[operator]))
        if found:
            mutation = draw.choice(found)
            drawn[mutation.text] = mutation
    return list(drawn.values())
