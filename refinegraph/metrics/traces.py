"""Metrics of reasoning traces: what models do while they write, step by step."""

import re
from collections.abc import Iterator, Mapping, Sequence

from refinegraph.evaluation.records import RunLine
from refinegraph.metrics.cases import is_flawed, sample_accuracy, samples, step_scores, whole
from refinegraph.metrics.correlations import pearson
from refinegraph.metrics.metric import Figure, mean, metric, number, share
from refinegraph.tools.step_scores import THRESHOLD, first_bad_step

_PHRASES: Mapping[str, tuple[str, ...]] = {
    "verification": (
        r"let(?:'s| me| us) (?:check|verify|double[- ]check)",
        r"to (?:check|verify)",
        r"double[- ]check(?:ing)?",
        r"verif(?:y|ying|ication)",
        r"plug(?:ging)? (?:it |this )?back",
        r"check(?:ing)? (?:our|my|the|this) (?:answer|result|work)",
    ),
    "backtracking": (
        r"wait",
        r"hold on",
        r"on second thought",
        r"let me (?:try|start|think) (?:again|over)",
        r"(?:that|this) (?:is|was|seems) (?:wrong|incorrect|a mistake)",
        r"i made an? (?:mistake|error)",
        r"try (?:another|a different) (?:approach|way)",
    ),
    "subgoals": (
        r"(?:first(?:ly)?|next),? (?:let(?:'s| us)|we|i)",
        r"step \d+",
        r"break (?:it|this|the problem) (?:down|into)",
        r"sub-?(?:goal|problem)s?",
    ),
    "backward chaining": (
        r"work(?:ing)? backwards?",
        r"to (?:get|reach|obtain) (?:the |that |this )?(?:target|goal|answer|result),? "
        r"(?:we|i) (?:need|must)",
        r"start(?:ing)? from the (?:goal|target|answer|end)",
    ),
}
_HABITS = {
    habit: re.compile(rf"\b(?:{'|'.join(phrases)})\b") for habit, phrases in _PHRASES.items()
}
"""The longest phrases stand before those that they contain, so that each place counts once."""


@metric(
    "reasoning-habits",
    "traces",
    "number",
    "Four Habits of Self-Improving Reasoners (arXiv 2503.01307)",
)
def reasoning_habits(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Mean number of verifications, backtracks, subgoals and backward chains in a text.

    Counted by English phrases in the text and the thinking of each candidate. The paper has a
    model count them, which finds more.
    """
    texts = [
        f"{candidate.reasoning}\n{candidate.text}".lower()
        for run in runs
        for candidate in whole(run)
    ]
    for habit, pattern in _HABITS.items():
        yield from mean((len(pattern.findall(text)) for text in texts), habit)


_DIMINISHING = "Illusion of Diminishing Returns (arXiv 2509.09677)"


@metric("accuracy-by-step", "traces", "share", _DIMINISHING, needs=("steps",))
def accuracy_by_step(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """The share of steps at each position that score at least 0.6, in first samples.

    `after an error` and `after none` split the later steps by whether an earlier step of the same
    solution scored less, which shows the effect of a model's own errors in its context.
    """
    traces = [steps for run in runs for sample in samples(run) if (steps := step_scores(sample))]
    for place in range(max(map(len, traces), default=0)):
        at = [steps[place] >= THRESHOLD for steps in traces if len(steps) > place]
        yield from share(at, f"step {place + 1}")
    later = [
        (is_flawed(steps[:place]), steps[place] >= THRESHOLD)
        for steps in traces
        for place in range(1, len(steps))
    ]
    yield from share((right for flawed, right in later if flawed), "after an error")
    yield from share((right for flawed, right in later if not flawed), "after none")


@metric("executable-length", "traces", "number", _DIMINISHING, needs=("steps",))
def executable_length(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Mean number of steps of first samples before the first that scores under 0.6.

    `half`: the most steps that at least half of the samples of that length or more get right.
    """
    traces = [steps for run in runs for sample in samples(run) if (steps := step_scores(sample))]
    lengths = [(len(steps), first_bad_step(steps)) for steps in traces]
    reached = [length if bad is None else bad for length, bad in lengths]
    yield from mean(reached)
    for wanted in range(max(map(len, traces), default=0), 0, -1):
        able = [
            done >= wanted
            for done, (length, _) in zip(reached, lengths, strict=True)
            if length >= wanted
        ]
        if 2 * sum(able) >= len(able):
            yield from number(wanted, len(able), "half")
            return


@metric("step-utilisation", "traces", "share", "AtomThink (arXiv 2411.11930)", needs=("prefixes",))
def step_utilisation(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Of the unfinished texts of a search, the share that the chosen answer was written from."""
    used: list[bool] = []
    for run in runs:
        line = _line_of(run.result.selection.candidate_id, run)
        used += [
            candidate.id in line for candidate in run.result.candidates if not candidate.complete
        ]
    yield from share(used)


@metric(
    "steps-and-difficulty",
    "traces",
    "correlation",
    "AtomThink (arXiv 2411.11930)",
    needs=("samples",),
)
def steps_and_difficulty(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Correlation of the number of steps of first samples with how hard their problem is.

    Difficulty is the share of wrong samples of the problem.
    """
    ease = sample_accuracy(runs)
    pairs = [
        (1 - ease[run.problem_id], float(len(sample.steps)))
        for run in runs
        for sample in samples(run)
        if sample.steps
    ]
    yield from number(pearson(pairs), len(pairs))


def _line_of(id: str | None, run: RunLine) -> set[str]:
    """Return the ids of all ancestors of a candidate."""
    by_id = {candidate.id: candidate for candidate in run.result.candidates}
    waiting, seen = [id or ""], set[str]()
    while waiting:
        candidate = by_id.get(waiting.pop())
        for parent in candidate.parents if candidate else ():
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return seen
