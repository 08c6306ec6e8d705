"""Step boundaries: where `continue_from` stops, and how steps are joined."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from refinegraph.agents.models import Choice
from refinegraph.errors import InputError
from refinegraph.schema import Candidate
from refinegraph.tools.step_scores import THRESHOLD, first_bad_step

_SENTENCE = re.compile(r"[.!?][\"')\]]*(?=\s)")
_LONGEST_SENTENCE = 128
"""Maximum tokens of a sentence; the longest sentences in written proofs have about a hundred."""


class StepEnd(NamedTuple):
    """How a step ends: at certain texts, after some tokens, or where the model becomes unsure."""

    stop: tuple[str, ...] = ()
    """Texts that end the step without being part of it."""
    joiner: str = ""
    """Separator between two steps."""
    max_tokens: int | None = None
    ends: re.Pattern[str] | None = None
    """If set, the step is cut after the first match."""
    min_probability: float | None = None
    """If set, the step is cut before the first token that was less likely than this."""

    def cut(self, text: str, choice: Choice) -> str:
        """Return the part of the new text that belongs to the step."""
        if self.min_probability is not None:
            return _until_unsure(text, choice, self.min_probability)
        match = self.ends.search(text) if self.ends else None
        return text[: match.end()] if match else text


def line() -> StepEnd:
    """End a step at the end of a line."""
    return StepEnd(stop=("\n",), joiner="\n")


def rest(*, joiner: str = "\n") -> StepEnd:
    """Extend a step to the end of the solution; `joiner` separates it from the kept text."""
    return StepEnd(joiner=joiner)


def paragraph() -> StepEnd:
    """End a step at an empty line."""
    return StepEnd(stop=("\n\n",), joiner="\n\n")


def marker(text: str) -> StepEnd:
    """End a step before a text that begins the next one, such as `"\\nStep"`."""
    return StepEnd(stop=(text,), joiner=text)


def sentence() -> StepEnd:
    """End a step at the end of a sentence."""
    return StepEnd(max_tokens=_LONGEST_SENTENCE, ends=_SENTENCE)


def tokens(count: int) -> StepEnd:
    """End a step after `count` tokens."""
    if count < 1:
        raise InputError(f"the tokens of a step must be at least 1, got {count}.")
    return StepEnd(max_tokens=count)


def confidence_below(probability: float, *, max_tokens: int = 256) -> StepEnd:
    """End a step before the first token whose probability is below a threshold.

    The first token always belongs to the step, so that every step makes progress. Requires a model
    that reports log-probabilities. `max_tokens` is the maximum number of tokens in one step.
    """
    if not 0 < probability < 1:
        raise InputError(f"probability must be between 0 and 1, got {probability}.")
    return StepEnd(max_tokens=max_tokens, min_probability=probability)


def first_steps(candidate: Candidate, *, count: int) -> str:
    """Return the text of a candidate's first steps, without trailing blanks.

    >>> from refinegraph.schema import Step
    >>> two = (Step(start=0, end=3), Step(start=4, end=7))
    >>> first_steps(Candidate(id="0.0", text="one\\ntwo", steps=two), count=1)
    'one'
    """
    return with_blanks(candidate, count=count).rstrip()


def with_blanks(candidate: Candidate, *, count: int) -> str:
    """Return the text of a candidate's first steps, up to the beginning of the next one."""
    if count >= len(candidate.steps):
        return candidate.text
    return candidate.text[: candidate.steps[count].start]


def trusted_steps(candidate: Candidate, *, threshold: float = THRESHOLD) -> int:
    """Return the number of steps before the first one that scores less than `threshold`.

    Step scores are those of the first scorer that rates steps. Without step scores, every step
    is trusted.
    """
    scores = next((score.steps for score in candidate.scores if score.steps), ())
    bad = first_bad_step(scores, threshold=threshold)
    return len(candidate.steps) if bad is None else bad


def splice(*parts: str, joiner: str = "\n") -> str:
    """Join the non-empty texts, with exactly one separator between two of them.

    >>> splice("a\\n", "", "b")
    'a\\nb'
    """
    return joiner.join(part.strip("\n") for part in parts if part.strip())


def _until_unsure(text: str, choice: Choice, min_probability: float) -> str:
    from math import log

    texts: Sequence[str] = [token.token for token in choice.logprobs or ()]
    values = [token.logprob for token in choice.logprobs or ()]
    unsure = next((n for n, value in enumerate(values) if n and value < log(min_probability)), None)
    return text if unsure is None else "".join(texts[:unsure])
