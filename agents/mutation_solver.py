"""A Solver without a language model: it proposes mutations of suspicious lines as patches."""

from collections.abc import Mapping, Sequence

from refinegraph.agents.models import Choice, Generations
from refinegraph.agents.operators.algebra import Operator
from refinegraph.agents.operators.task import Outcome, Task, drafts_of
from refinegraph.schema import Problem, SuspectLine, Usage, VisibleTest
from refinegraph.tools.mutation import OPERATORS, Mutation, MutationOperator, mutations
from refinegraph.tools.patches import unified_patch


class MutationSolver(Operator):
    """Propose small changes at suspicious lines, the likeliest repairs first.

    The sequence is fixed by files, suspects and seed, and what a run has taken of it is seen from
    its candidates, so that a resumed run goes on where it was. Costs no model call. When nothing
    is left it proposes nothing.
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
        self._coming = mutations(sources, suspects, operators=operators, seed=seed)
        self._made: list[Mutation] = []

    async def __call__(
        self,
        problem: Problem,
        *,
        samples: int | None = None,
        tests: Sequence[VisibleTest] = (),
        skip: int = 0,
    ) -> Generations:
        """Return that many proposals after the first `skip` ones; fewer where none are left."""
        wanted = self.samples if samples is None else samples
        texts = [self.patch(made) for made in self.take(skip, wanted)]
        return Generations(choices=tuple(Choice(text=text) for text in texts), usage=Usage())

    def take(self, skip: int, count: int) -> list[Mutation]:
        """Return mutations of the sequence by their position."""
        while len(self._made) < skip + count:
            following = next(self._coming, None)
            if following is None:
                break
            self._made.append(following)
        return self._made[skip : skip + count]

    def patch(self, mutation: Mutation) -> str:
        """Return a mutation as a patch."""
        path = mutation.path
        return unified_patch({path: self.sources[path]}, {path: mutation.text})

    @property
    def name(self) -> str:
        """The name of its node."""
        return "solve"

    async def apply(self, task: Task) -> Outcome:
        """Return as many new proposals as the move asks for."""
        before = sum(candidate.operator == task.move.operator for candidate in task.pool)
        made = await self(task.problem, samples=task.count, skip=before)
        return Outcome(drafts=drafts_of(made.choices))

    def __repr__(self) -> str:
        """The call that makes it, without the files."""
        return f"MutationSolver(samples={self.samples}, seed={self.seed})"
