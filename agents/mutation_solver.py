"""A Solver without a language model: it proposes mutations of suspicious lines as patches."""

from collections.abc import Mapping, Sequence

from refinegraph.agents.models import Choice, Generations
from refinegraph.agents.operators.algebra import Operator
from refinegraph.agents.operators.task import Outcome, Task, drafts_of
from refinegraph.schema import Problem, SuspectLine, Usage, VisibleTest
from refinegraph.tools.mutation import OPERATORS, Mutation, MutationOperator, mutations
from refinegraph.tools.patches import unified_patch


class MutationSolver(Operator):
    """Propose small changes at suspicious lines, the most likely repairs first.

    The files, suspects and seed determine the sequence. A resumed run finds its position from the
    candidates that it already has. Costs no model call. Once the sequence is exhausted, no
    proposals are returned.
    """

    def __init__(
        self,
        sources: Mapping[str, str],
        suspects: Sequence[SuspectLine],
        *,
        samples: int = 8,
        seed: int = 0,
        operators: Sequence[MutationOperator] = OPERATORS,
    ) -> None:
        self.sources = sources
        self.samples = samples
        self.seed = seed
        self._sequence = mutations(sources, suspects, operators=operators, seed=seed)
        self._taken: list[Mutation] = []

    async def __call__(
        self,
        problem: Problem,
        *,
        samples: int | None = None,
        tests: Sequence[VisibleTest] = (),
        skip: int = 0,
    ) -> Generations:
        """Return `samples` proposals after skipping the first `skip`; fewer if none are left."""
        count = self.samples if samples is None else samples
        texts = [self.patch(mutation) for mutation in self.take(skip, count)]
        return Generations(choices=tuple(Choice(text=text) for text in texts), usage=Usage())

    def take(self, skip: int, count: int) -> list[Mutation]:
        """Return up to `count` mutations of the sequence, starting at index `skip`."""
        while len(self._taken) < skip + count:
            mutation = next(self._sequence, None)
            if mutation is None:
                break
            self._taken.append(mutation)
        return self._taken[skip : skip + count]

    def patch(self, mutation: Mutation) -> str:
        """Return a mutation as a unified diff."""
        path = mutation.path
        return unified_patch({path: self.sources[path]}, {path: mutation.text})

    @property
    def name(self) -> str:
        """The name of the operator's node."""
        return "solve"

    async def apply(self, task: Task) -> Outcome:
        """Return as many new proposals as the move requests."""
        before = sum(candidate.operator == task.move.operator for candidate in task.pool)
        proposals = await self(task.problem, samples=task.count, skip=before)
        return Outcome(drafts=drafts_of(proposals.choices))

    def __repr__(self) -> str:
        """Return the constructor call, without the files."""
        return f"MutationSolver(samples={self.samples}, seed={self.seed})"
