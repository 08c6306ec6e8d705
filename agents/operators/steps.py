"""Where a step ends: what `continue_from` stops at, and how two steps are joined."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from refinegraph.agents.models import Choice
from refinegraph.errors import InputError
from refinegraph.schema import Candidate
from refinegraph.tools.step_scores import THRESHOLD, first_bad_step

_SENTENCE = re.compile(r"[.!?][\"')\]]*(?=\s)")
_LONGEST_SENTENCE = 128
"""Tokens; the longest sentences of written proofs have about a hundred."""


class StepEnd(NamedTuple):
    """How a step is ended: by texts, by a number of tokens, or where the model grows unsure."""

    stop: tuple[str, ...] = ()
    """Texts that end the step and are not part of it."""
    joiner: str = ""
    """What stands between a step and the next one."""
    max_tokens: int | None = None
    ends: re.Pattern[str] | None = None
    """The step is cut behind the first match."""
    least_probability: float | None = None
    """The step is cut before the first token that was less likely than this."""

    def cut(self, text: str, choice: Choice) -> str:
        """Return as much of the new text as belongs to the step."""
        if self.least_probability is not None:
            return _until_unsure(text, choice, self.least_probability)
        match = self.ends.search(text) if self.ends else None
        return text[: match.end()] if match else text


def line() -> StepEnd:
    """End a step where the line ends."""
    return StepEnd(stop=("\n",), joiner="\n")


def rest(*, joiner: str = "\n") -> StepEnd:
    """Let a step go to the end of the solution; `joiner` stands between it and what is kept."""
    return StepEnd(joiner=joiner)


def paragraph() -> StepEnd:
    """End a step at an empty line."""
    return StepEnd(stop=("\n\n",), joiner="\n\n")


def marker(text: str) -> StepEnd:
    """End a step before a text that begins the next one, such as `"\\nStep"`."""
    return StepEnd(stop=(text,), joiner=text)


def sentence() -> StepEnd:
    """End a step where the sentence ends."""
    return StepEnd(max_tokens=_LONGEST_SENTENCE, ends=_SENTENCE)


def tokens(count: int) -> StepEnd:
    """End a step after that many tokens."""
    if count < 1:
        raise InputError(f"a step of {count} tokens is no step; expected 1 or more.")
    return StepEnd(max_tokens=count)


def confidence_below(probability: float, *, most: int = 256) -> StepEnd:
    """End a step before the first token that the model wrote with less than this probability.

    The first token always belongs to the step, so that every step goes on. Needs a model that
    gives log-probabilities. `most` bounds the tokens of one step.
    """
    if not 0 < probability < 1:
        raise InputError(f"a probability of {probability} is out of range; expected 0 to 1.")
    return StepEnd(max_tokens=most, least_probability=probability)


def kept(candidate: Candidate, *, steps: int) -> str:
    """Return the text of a candidate's first steps, without blanks at the end.

    >>> from refinegraph.schema import Step
    >>> two = (Step(start=0, end=3), Step(start=4, end=7))
    >>> kept(Candidate(id="0.0", text="one\\ntwo", steps=two), steps=1)
    'one'
    """
    return with_blanks(candidate, steps=steps).rstrip()


def with_blanks(candidate: Candidate, *, steps: int) -> str:
    """Return the text of a candidate's first steps up to where the next one begins."""
    if steps >= len(candidate.steps):
        return candidate.text
    return candidate.text[: candidate.steps[steps].start]


def trusted_steps(candidate: Candidate, *, below: float = THRESHOLD) -> int:
    """Return how many steps come before the first one that scores under `below`.

    Step scores are those of the first scorer that gave any. Without step scores, all of them.
    """
    scores = next((score.steps for score in candidate.scores if score.steps), ())
    bad = first_bad_step(scores, threshold=below)
    return len(candidate.steps) if bad is None else bad


def splice(*parts: str, joiner: str = "\n") -> str:
    """Return texts joined, without empty ones and with one joiner between two.

    >>> splice("a\\n", "", "b")
    'a\\nb'
    """
    return joiner.join(part.strip("\n") for part in parts if part.strip())


def _until_unsure(text: str, choice: Choice, least: float) -> str:
    from math import log

    written: Sequence[str] = [token.token for token in choice.logprobs or ()]
    values = [token.logprob for token in choice.logprobs or ()]
    unsure = next((n for n, value in enumerate(values) if n and value < log(least)), None)
    return text if unsure is None else "".join(written[:unsure])
