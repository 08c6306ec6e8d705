"""Searches that keep a frontier: beams over steps, and the best candidate first."""

from dataclasses import KW_ONLY, dataclass

from refinegraph.graphs.policies.base import Choice
from refinegraph.graphs.policies.run_index import asked_candidates
from refinegraph.graphs.policies.searching import (
    BoundedPolicy,
    Done,
    all_done,
    check_least,
    expansions,
    is_complete,
    ranked,
)
from refinegraph.graphs.policies.waves import last_wave
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Candidate, Move, StopReason


@dataclass(frozen=True, repr=False)
class beam(BoundedPolicy):
    """Keep the best partial candidates of every step and go on from each of them.

    Step-level beam search, as with a process reward (arXiv 2408.03314) or self-evaluation
    (2305.00633): of what the last step made, and of the finished candidates, the `keep` best stay,
    and each unfinished one of them is expanded `width` times. The search ends when all that stay
    are finished. Needs a scorer that judges unfinished text; candidates without a score come last.

    Costs `keep * width` candidates a step, `max_candidates` in all.

    Args:
        step: The operator that writes one more step.
        keep: How many candidates stay after a step.
        width: How many continuations each of them gets.
        roots: How many first steps there are; `keep * width` unless given.
        done: Which candidates are finished; complete ones unless given.
        root: The operator for the first step; `step` unless given.
        max_candidates: How many candidates are asked for at most.
    """

    step: str
    _: KW_ONLY
    keep: int = 4
    width: int = 4
    roots: int | None = None
    done: Done = is_complete
    root: str | None = None
    max_candidates: int = 256

    def __post_init__(self) -> None:
        """Check the numbers."""
        check_least(
            1,
            keep=self.keep,
            width=self.width,
            roots=self.roots,
            max_candidates=self.max_candidates,
        )

    def choose(self, state: RefinementState) -> Choice:
        """Return a continuation from each unfinished candidate that stays."""
        if not state.candidates:
            roots = self.roots or self.keep * self.width
            return Move(operator=self.root or self.step, count=roots)
        kept = self._kept(state)
        unfinished = [candidate.id for candidate in kept if not self.done(candidate)]
        if unfinished:
            return expansions(self.step, unfinished, width=self.width)
        detail = f"the {len(kept)} best candidates are finished"
        return StopReason(rule="complete", detail=detail, observed=len(kept))

    def _kept(self, state: RefinementState) -> list[Candidate]:
        running = {candidate.id: candidate for candidate in last_wave(state)}
        finished = {
            candidate.id: candidate for candidate in state.candidates if self.done(candidate)
        }
        return ranked({**finished, **running}.values())[: self.keep]


@dataclass(frozen=True, repr=False)
class best_first(BoundedPolicy):
    """Expand the best candidate that was not expanded yet, wherever it stands.

    Best-first search, as in Tree of Thoughts (arXiv 2305.10601) and language-model tree search
    (2407.01476). Of equal scores the one nearer to the top comes first; candidates without a score
    come last. Costs `width` candidates an expansion, `max_candidates` in all.

    Args:
        expand: The operator that works on a candidate.
        width: How many candidates an expansion asks for.
        batch: How many candidates are expanded side by side.
        roots: How many fresh candidates the search begins with; `width` unless given.
        root: The operator that makes fresh candidates.
        done: Which candidates are not expanded; `is_complete` for a search over steps.
        max_candidates: How many candidates are asked for at most.
    """

    expand: str
    _: KW_ONLY
    width: int = 2
    batch: int = 1
    roots: int | None = None
    root: str = "solve"
    done: Done | None = None
    max_candidates: int = 32

    def __post_init__(self) -> None:
        """Check the numbers."""
        check_least(
            1,
            width=self.width,
            batch=self.batch,
            roots=self.roots,
            max_candidates=self.max_candidates,
        )

    def choose(self, state: RefinementState) -> Choice:
        """Return the expansions of the best candidates that are left."""
        if not state.candidates:
            return Move(operator=self.root, count=self.roots or self.width)
        left = self._unexpanded(state)
        if not left:
            return all_done(len(state.candidates))
        best = (candidate.id for candidate in ranked(left, most=self.batch))
        return expansions(self.expand, best, width=self.width)

    def _unexpanded(self, state: RefinementState) -> list[Candidate]:
        with asked_candidates(state) as asked:
            return [
                candidate
                for candidate in state.candidates
                if candidate.id not in asked.targets and not (self.done and self.done(candidate))
            ]
