"""Searches with a frontier: beam search over steps, and best-first search."""

from dataclasses import KW_ONLY, dataclass

from refinegraph.graphs.policies.base import Choice
from refinegraph.graphs.policies.run_index import asked_candidates
from refinegraph.graphs.policies.searching import (
    BoundedPolicy,
    Done,
    all_done,
    check_minimum,
    expansions,
    is_complete,
    ranked,
)
from refinegraph.graphs.policies.waves import last_wave
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Candidate, Move, StopReason


@dataclass(frozen=True, repr=False)
class beam(BoundedPolicy):
    """Keep the best partial candidates of every step and extend each of them.

    This is step-level beam search, as with a process reward (arXiv 2408.03314) or self-evaluation
    (arXiv 2305.00633). Of the results of the last step and the finished candidates, the `keep`
    best are kept, and each unfinished one is extended `width` times. The search ends when all kept
    candidates are finished. Requires a scorer for unfinished text; candidates without a score come
    last.

    Costs `keep * width` candidates per step, at most `max_candidates` in total.

    Args:
        step: The operator that writes one more step.
        keep: Number of candidates kept after each step.
        width: Number of continuations of each kept candidate.
        roots: Number of first steps, by default `keep * width`.
        done: Decides which candidates are finished, by default the complete ones.
        root: The operator of the first step, by default `step`.
        max_candidates: Maximum number of candidates.
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
        """Validate the numbers."""
        check_minimum(
            1,
            keep=self.keep,
            width=self.width,
            roots=self.roots,
            max_candidates=self.max_candidates,
        )

    def choose(self, state: RefinementState) -> Choice:
        """Return a continuation of each kept candidate that is unfinished."""
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
    """Expand the best candidate that has not been expanded yet.

    This is best-first search, as in Tree of Thoughts (arXiv 2305.10601) and language-model tree
    search (arXiv 2407.01476). Of candidates with equal scores, the earlier one is expanded first;
    candidates without a score come last. Costs `width` candidates per expansion, at most
    `max_candidates` in total.

    Args:
        expand: The operator applied to a candidate.
        width: Number of candidates per expansion.
        batch: Number of candidates expanded in parallel.
        roots: Number of fresh candidates at the start, by default `width`.
        root: The operator that produces fresh candidates.
        done: Decides which candidates are not expanded; `is_complete` for a search over steps.
        max_candidates: Maximum number of candidates.
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
        """Validate the numbers."""
        check_minimum(
            1,
            width=self.width,
            batch=self.batch,
            roots=self.roots,
            max_candidates=self.max_candidates,
        )

    def choose(self, state: RefinementState) -> Choice:
        """Return the expansions of the best remaining candidates."""
        if not state.candidates:
            return Move(operator=self.root, count=self.roots or self.width)
        left = self._unexpanded(state)
        if not left:
            return all_done(len(state.candidates))
        best = (candidate.id for candidate in ranked(left, limit=self.batch))
        return expansions(self.expand, best, width=self.width)

    def _unexpanded(self, state: RefinementState) -> list[Candidate]:
        with asked_candidates(state) as asked:
            return [
                candidate
                for candidate in state.candidates
                if candidate.id not in asked.targets and not (self.done and self.done(candidate))
            ]
