"""Training lines from single moves: rollouts with rewards, and pairs of steps."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Literal

from refinegraph.evaluation.export_source import Source, source_of
from refinegraph.evaluation.records import RunLine
from refinegraph.schema import Candidate, Frozen

RewardFrom = Literal["tests", "label", "descendants"]
"""What a reward was computed from, in the order of preference for finished candidates."""


class MoveRollout(Frozen):
    """What one move wrote, with its reward.

    The lines of one group have the same prompt and context, so that their rewards can be compared,
    as GRPO does.
    """

    prompt: str
    """The statement of the problem."""
    context: str
    """What the move started from: the texts of its parents and the review; empty for a sample."""
    completion: str
    """The text as the model wrote it; for a step, the part added to its parent."""
    reward: float
    """From 0 to 1: the share of visible tests passed, whether the answer is right, or for an
    unfinished text the share of right ones among the finished candidates made from it."""
    reward_from: RewardFrom
    group: str
    operator: str
    turn: int
    """The number of the decision that asked for the move."""
    move: int
    """The position of the move in that decision."""
    complete: bool
    tokens: int
    temperature: float | None
    mean_logprob: float | None
    """Mean natural log-probability of the tokens; null if the backend reports none."""
    policy: str | None
    """The name of the model that wrote it."""
    source: Source


class StepPair(Frozen):
    """Two continuations of the same prefix, one of which leads to right answers more often."""

    prompt: str
    """The statement and the prefix, with an empty line between them."""
    chosen: str
    rejected: str
    prefix: str
    margin: float
    """How much more of the finished candidates behind the chosen step are right, up to 1."""
    chosen_value: float
    rejected_value: float
    source: Source
    """Of the rejected step."""


def move_rollouts(run: RunLine) -> Iterator[MoveRollout]:
    """Yield every candidate that a model wrote and that has a reward."""
    by_id = {candidate.id: candidate for candidate in run.result.candidates}
    values = step_values(run)
    for candidate in by_id.values():
        rewarded = _reward(run, candidate, values)
        if rewarded is None or candidate.operator == "person" or not candidate.text.strip():
            continue
        reward, reward_from = rewarded
        source = source_of(run, candidate)
        parents = [by_id[id] for id in candidate.parents if id in by_id]
        yield MoveRollout(
            prompt=run.prompt,
            context=_context(run, candidate, parents),
            completion=_added(candidate, parents),
            reward=reward,
            reward_from=reward_from,
            group=_group(run, candidate),
            operator=candidate.operator,
            turn=candidate.turn,
            move=candidate.move,
            complete=candidate.complete,
            tokens=candidate.tokens,
            temperature=candidate.temperature,
            mean_logprob=candidate.mean_logprob,
            policy=source.model,
            source=source,
        )


def step_pairs(run: RunLine) -> Iterator[StepPair]:
    """Yield the pairs of siblings of a search whose values differ.

    Siblings have the same parent, or none, and were made by the same operator; one of them at
    least is unfinished.
    """
    values = step_values(run)
    by_id = {candidate.id: candidate for candidate in run.result.candidates}
    for first, second in combinations(run.result.candidates, 2):
        alike = first.parents == second.parents and first.operator == second.operator
        if not alike or (first.complete and second.complete) or len(first.parents) > 1:
            continue
        one, other = values.get(first.id), values.get(second.id)
        if one is None or other is None or one == other:
            continue
        better, worse = (first, second) if one > other else (second, first)
        parents = [by_id[id] for id in first.parents if id in by_id]
        prefix = parents[0].text if parents else ""
        chosen, rejected = _added(better, parents), _added(worse, parents)
        if chosen.strip() and rejected.strip() and chosen != rejected:
            yield StepPair(
                prompt=f"{run.prompt}\n\n{prefix}" if prefix else run.prompt,
                chosen=chosen,
                rejected=rejected,
                prefix=prefix,
                margin=values[better.id] - values[worse.id],
                chosen_value=values[better.id],
                rejected_value=values[worse.id],
                source=source_of(run, worse),
            )


def step_values(run: RunLine) -> Mapping[str, float]:
    """Return the share of right ones among the finished descendants of each candidate.

    A finished candidate's own value is whether it is right. What has no finished descendant has no
    value.
    """
    ends: dict[str, set[str]] = {}
    by_id = {candidate.id: candidate for candidate in run.result.candidates}
    judged = run.judged
    for candidate in by_id.values():
        if candidate.complete and candidate.id in judged:
            for ancestor in _line(candidate, by_id):
                ends.setdefault(ancestor, set()).add(candidate.id)
    found = {id: sum(judged[end] for end in made) / len(made) for id, made in ends.items()}
    own = {id: float(right) for id, right in judged.items() if by_id[id].complete}
    return {**found, **own}


def _line(candidate: Candidate, by_id: Mapping[str, Candidate]) -> set[str]:
    """Return the ids of a candidate and of everything that it was made from."""
    waiting, seen = [candidate.id], {candidate.id}
    while waiting:
        for parent in by_id[waiting.pop()].parents:
            if parent in by_id and parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return seen


def _reward(
    run: RunLine, candidate: Candidate, values: Mapping[str, float]
) -> tuple[float, RewardFrom] | None:
    """Return the reward of a candidate with its source, or None if there is none."""
    if not candidate.complete:
        value = values.get(candidate.id)
        return None if value is None else (value, "descendants")
    verdict = candidate.verdict
    if verdict and verdict.tests and verdict.status != "sandbox_error":
        return len(verdict.passed_ids) / len(verdict.tests), "tests"
    right = run.judged.get(candidate.id)
    return None if right is None else (float(right), "label")


def _context(run: RunLine, candidate: Candidate, parents: list[Candidate]) -> str:
    parts = [parent.text for parent in parents]
    reviews = [
        review.text
        for review in run.result.reviews
        if review.candidate_id == candidate.parent_id and review.round <= candidate.round
    ]
    parts += [reviews[-1]] if reviews and candidate.complete else []
    return "\n\n".join(part for part in parts if part.strip())


def _added(candidate: Candidate, parents: list[Candidate]) -> str:
    """Return the text that a candidate adds to its parent if it continues the parent."""
    prefix = parents[0].text if parents and not parents[0].complete else ""
    return candidate.text.removeprefix(prefix) if prefix else candidate.text


def _group(run: RunLine, candidate: Candidate) -> str:
    parents = "+".join(candidate.parents) or "-"
    return f"{run.problem_id}/{run.strategy}/{candidate.operator}/{parents}"
