"""Searches without a model on the same faults: ours, and uniformly drawn changes."""

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

from refinegraph.fixing.suites import SuiteRun
from refinegraph.fixing.workshop import Workshop
from refinegraph.tools.mutation import OPERATORS, Mutation, mutations

BUDGET = 30
"""The maximum number of candidates of a search; they take a minute or two, as long as a person
waits."""


class Tried(NamedTuple):
    """A proposal, and the results of the failing tests and of the whole suite."""

    mutation: Mutation
    repaired: frozenset[str]
    """The number of failing tests that now pass."""
    lost: tuple[str, ...] | None
    """The number of tests that passed before and now fail; None if the suite was not run."""
    runs: int

    def solves(self, failing: Sequence[str]) -> bool:
        """Return whether every test passes."""
        return self.lost == () and self.repaired >= set(failing)


class Trials:
    """Runs the proposals for one fault, each at most once."""

    def __init__(self, workshop: Workshop, visible: frozenset[str]) -> None:
        self.workshop = workshop
        self.failing = [outcome.id for outcome in workshop.baseline.failing]
        self.seen = [name for name in self.failing if name in visible]
        self._known: dict[str, Tried] = {}

    async def run(self, mutation: Mutation) -> Tried:
        """Run the failing tests, and the whole suite if the visible ones among them pass."""
        if mutation.text not in self._known:
            self._known[mutation.text] = await self._run(mutation)
        return self._known[mutation.text]

    @property
    def all(self) -> list[Tried]:
        """All results so far."""
        return list(self._known.values())

    async def _run(self, mutation: Mutation) -> Tried:
        suite, changes = self.workshop.suite, {mutation.path: mutation.text}
        limit = 10 + 3 * self.workshop.baseline.seconds
        first = await suite.run(changes, only=self.failing, timeout=limit)
        repaired = frozenset(name for name in self.failing if passes(first, name))
        if not repaired >= set(self.seen):
            return Tried(mutation, repaired, None, 1)
        whole = await suite.run(changes, timeout=limit)
        lost = tuple(n for n in self.workshop.baseline.passing if not passes(whole, n))
        repaired = frozenset(name for name in self.failing if passes(whole, name))
        return Tried(mutation, repaired, lost, 2)


def passes(run: SuiteRun, name: str) -> bool:
    """Return whether a test passed."""
    return name in run.tests and run.tests[name].passed


async def search(trials: Trials, proposals: Sequence[Mutation], *, stop: bool) -> dict[str, Any]:
    """Try proposals in order; with `stop`, up to the first one that passes all tests."""
    runs = tried = 0
    solved = False
    for mutation in proposals:
        outcome = await trials.run(mutation)
        # Whoever searches runs the suite only where all failing tests pass.
        runs += 2 if outcome.repaired >= set(trials.failing) else 1
        tried += 1
        solved = solved or outcome.solves(trials.failing)
        if solved and stop:
            break
    return {"solved": solved, "runs": runs, "tried": tried}


def ours(workshop: Workshop) -> list[Mutation]:
    """Return the first proposals of the search that ships."""
    coming = mutations(workshop.sources.python(), workshop.localised.suspects)
    return [mutation for mutation, _ in zip(coming, range(BUDGET), strict=False)]


def uniform(workshop: Workshop, seed: int) -> list[Mutation]:
    """Return random changes of lines that failing tests execute, drawn uniformly."""
    draw = random.Random(seed)
    even = [
        suspect.model_copy(update={"score": 1.0})
        for suspect in workshop.localised.suspects
        if any("failing" in reason for reason in suspect.reasons)
    ]
    drawn: dict[str, Mutation] = {}
    for _ in range(20 * BUDGET if even else 0):
        if len(drawn) == BUDGET:
            break
        suspect, operator = draw.choice(even), draw.choice(OPERATORS)
        sources = {suspect.path: workshop.sources.files[suspect.path]}
        changes = list(mutations(sources, [suspect], operators=[operator]))
        if changes:
            mutation = draw.choice(changes)
            drawn[mutation.text] = mutation
    return list(drawn.values())
