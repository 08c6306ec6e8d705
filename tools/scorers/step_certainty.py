"""Score the steps of a program by how sure its author was of them."""

import math
from collections.abc import Sequence

from refinegraph.schema import Candidate, Problem, Score
from refinegraph.tools.steps import split_steps


class step_certainty:
    r"""Score every step of a program by its author's certainty at its least certain token.

    The value of a step is the probability of the token that was written, relative to its likeliest
    alternative: 1/2 if both were equally likely, and 1 if no alternative was near. The value of the
    program is their product, as if every step were right or wrong on its own. For programs by the
    package's model, the least certain line is the first wrong one in more than half of the failed
    programs, and a right program has a higher value than a wrong one for another problem in three
    of four pairs; of two programs for one problem, in three of five (its model card has figures).

    Costs nothing, but samples have to report log-probabilities of alternatives
    (`Sampling(logprobs=5)`), as they do if a strategy has this scorer. The value is None if the
    model reported no log-probabilities, or only those of the tokens that it wrote, and for other
    kinds of problems than code.

    >>> from refinegraph.schema import Alternative
    >>> program = "def f(x):\n    x = sorted(x)\n    return x[1:]"
    >>> second = Alternative(start=program.index("1"), token="2", gap=0.0)
    >>> candidate = Candidate(
    ...     id="0.0", text=program, program=program, mean_logprob=-0.1, alternatives=(second,)
    ... )
    >>> problem = Problem(prompt="Sort x, then drop the first number.", kind="code")
    >>> [score] = step_certainty()(problem, [candidate])
    >>> score.steps, score.value
    ((1.0, 1.0, 0.5), 0.5)
    """

    scores_alone = True
    logprobs = 5
    """Alternatives that samples have to report at every token."""

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return one score per candidate."""
        return [self._score(problem, candidate) for candidate in candidates]

    def __repr__(self) -> str:
        """Return the constructor call."""
        return "step_certainty()"

    def _score(self, problem: Problem, candidate: Candidate) -> Score:
        program = candidate.program
        start = candidate.text.find(program) if program else -1
        if program is None or start < 0 or not _has_alternatives(candidate):
            missing = "no program with log-probabilities of alternatives to its tokens"
            return Score(scorer="step_certainty", value=None, evidence=missing)
        gaps = [(other.start - start, other.gap) for other in candidate.alternatives]
        steps = tuple(
            _certainty([gap for place, gap in gaps if step.start <= place < step.end])
            for step in split_steps(program, kind=problem.kind)
        )
        return Score(scorer="step_certainty", value=math.prod(steps), steps=steps)


def _has_alternatives(candidate: Candidate) -> bool:
    """Return whether the model reported alternatives, even if none was likely enough to be kept."""
    if candidate.mean_logprob is None:
        return False  # a repair whose alternatives are those of the program before it
    return bool(candidate.alternatives) or candidate.self_certainty is not None


def _certainty(gaps: Sequence[float]) -> float:
    return 1 / (1 + math.exp(-min(gaps))) if gaps else 1.0
