"""Environment rewards as scores."""

from collections.abc import Sequence

from refinegraph.agents.environments.transcript import total_reward
from refinegraph.schema import Candidate, Problem, Score


class environment_reward:
    """Score an episode by the sum of its rewards so far. Costs nothing.

    An episode without rewards has a score of None.

    >>> episode = Candidate(id="0.0", text="Action: open\\nObservation: a garden\\nReward: 1")
    >>> environment_reward()(Problem(prompt="Leave."), [episode])[0].value
    1.0
    """

    scores_unfinished = True

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return one score per candidate."""
        return [
            Score(scorer="environment", value=total_reward(candidate.text))
            for candidate in candidates
        ]

    def __repr__(self) -> str:
        """Return the constructor call."""
        return "environment_reward()"
