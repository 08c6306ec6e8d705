"""The steps of a run in the order of their occurrence."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from refinegraph.html.standing import RunIndex, origin_words
from refinegraph.schema import Candidate, Decision, TimedSpan
from refinegraph.wording import moves_words, plural, stop_words


class ReplayStep(NamedTuple):
    """One event of a run."""

    words: str
    candidate_id: str = ""
    """The affected candidate; empty for a decision."""
    seconds: float | None = None
    """Seconds since the beginning of the run, if the timeline contains the event."""


@dataclass(frozen=True)
class Replay:
    """All steps of a run, and the steps at which the picture of a candidate changes."""

    steps: tuple[ReplayStep, ...]
    born: Mapping[str, int]
    """The step at which each candidate was written."""
    judged: Mapping[str, int]
    """The step at which its tests had run, or it had been scored."""


@dataclass(frozen=True)
class _Turn:
    """The times of a decision and of its results, in seconds."""

    decided: float | None = None
    written: float | None = None
    judged: float | None = None


def replay_of(index: RunIndex) -> Replay:
    """Return the steps of a run.

    A run records the decision that requested a candidate, and when the nodes of the graph ran. The
    candidates of one decision are created concurrently; they are shown in the order of their ids.
    """
    turns = _turns(index)
    steps: list[ReplayStep] = []
    born: dict[str, int] = {}
    judged: dict[str, int] = {}
    by_turn: dict[int, list[Candidate]] = defaultdict(list)
    for candidate in sorted(index.result.candidates, key=lambda one: one.sort_key):
        by_turn[candidate.turn].append(candidate)
    decisions = {decision.number: decision for decision in index.result.decisions}
    for number in sorted(by_turn.keys() | decisions.keys()):
        turn = turns.get(number, _Turn())
        if number in decisions:
            steps.append(ReplayStep(decision_words(decisions[number]), "", turn.decided))
        for candidate in by_turn[number]:
            born[candidate.id] = len(steps)
            steps.append(ReplayStep(f"written by {_origin(candidate)}", candidate.id, turn.written))
        for candidate in by_turn[number]:
            judged[candidate.id] = len(steps)
            steps.extend(_judgement(index, candidate, turn.judged))
    steps.append(_last(index))
    return Replay(tuple(steps), born, judged)


def decision_words(decision: Decision) -> str:
    """Describe the moves of a decision.

    >>> from refinegraph.schema import Move
    >>> moves = (Move(operator="solve", count=3), Move(operator="refine", parents=("0.1",)))
    >>> decision_words(Decision(moves=moves))
    'take 3 samples, refine 0.1'
    """
    if decision.stop_reason:
        return f"stop ({stop_words(decision.stop_reason)})"
    return moves_words(decision) or "nothing"


def _origin(candidate: Candidate) -> str:
    return f"{origin_words(candidate)} ({plural(candidate.tokens, 'token')})"


def _judgement(index: RunIndex, candidate: Candidate, at: float | None) -> Iterator[ReplayStep]:
    outcome = index.outcome(candidate)
    score = "" if candidate.score is None else f"scored {candidate.score:.2f}"
    yield ReplayStep(outcome or score or "not checked", candidate.id, at)
    if candidate.id in index.rejections:
        reason = index.rejections[candidate.id]
        words = f"rejected: {reason}" if reason else "rejected"
        yield ReplayStep(words, candidate.id, at)


def _last(index: RunIndex) -> ReplayStep:
    selection = index.result.selection
    ended = max((span.ended for span in index.result.timeline), default=None)
    if selection.candidate_id is None:
        return ReplayStep(f"no candidate was chosen: {selection.reason}", "", ended)
    return ReplayStep(f"chosen: {selection.reason}", selection.candidate_id, ended)


def _turns(index: RunIndex) -> dict[int, _Turn]:
    """Return the time of each turn; empty if the timeline does not contain every decision.

    The node `route` decides, `score` judges, and all nodes in between work on candidates. A resumed
    run has only the timeline of its last process.
    """
    nodes = sorted(
        (span for span in index.result.timeline if span.kind == "node"),
        key=lambda span: span.ended,
    )
    decided = [span.ended for span in nodes if span.name == "route"]
    if len(decided) != len(index.result.decisions):
        return {}
    ends = [*decided[1:], float("inf")]
    return {
        decision.number: _Turn(
            start, _last_end(nodes, start, end), _last_end(nodes, start, end, "score")
        )
        for decision, start, end in zip(index.result.decisions, decided, ends, strict=True)
    }


def _last_end(
    nodes: list[TimedSpan], start: float, end: float, name: str | None = None
) -> float | None:
    """Return the end of the last node of a name between two times; by default, of any operator."""
    ended = [
        span.ended
        for span in nodes
        if start < span.ended <= end
        and (span.name == name if name else span.name not in ("route", "score", "select", "accept"))
    ]
    return max(ended, default=None)
