"""How sure a model was of the results that its tests expect."""

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from refinegraph.agents.models import Choice

_TEST = re.compile(r"^[ \t]*assert .* == (?P<value>.+?)[ \t]*$", re.MULTILINE)

SURE_TEST = 0.9
"""A certainty of tests that are right more often than not. Of all tests that the package's model
writes in four lists for tasks of two to four stated steps, 22 % are right; of those of which it is
at least this sure, 72 % on the 200 tasks on which the value was chosen, and 75 % on 200 others.
Half of the tasks keep a test. Two of three kept tests are of an empty input; of the others, 59 %
are right."""


def sure_tests(choices: Sequence[Choice], *, certainty: float) -> list[str]:
    """Return answers without the tests of whose results the model was less sure than `certainty`.

    The certainty of a test is the probability with which the model wrote the expected result,
    summed over all answers that contain the test: 1 for a result that was certain, or for one that
    was written in two answers with a probability of 1/2. Tests of which no probability is known,
    because the answer has no log-probabilities or the test is not an assertion of equality on one
    line, are kept.

    >>> from refinegraph.agents.models import TokenLogprob
    >>> words = [("assert f(1) == ", 0.0), ("4", -0.1), ("\\nassert f(2) == ", 0.0), ("7", -2.0)]
    >>> tokens = tuple(TokenLogprob(token=token, logprob=logprob) for token, logprob in words)
    >>> choice = Choice(text="".join(token for token, _ in words), logprobs=tokens)
    >>> sure_tests([choice], certainty=0.9)
    ['assert f(1) == 4\\n']
    """
    sums: defaultdict[str, float] = defaultdict(float)
    for choice in choices:
        for test, probability in _probabilities(choice):
            sums[test] += probability
    unsure = {test for test, total in sums.items() if total < certainty}
    return [_without(choice.text, unsure) for choice in choices]


def _probabilities(choice: Choice) -> Iterator[tuple[str, float]]:
    """Yield the tests of an answer with the probabilities of their results."""
    tokens = choice.logprobs or ()
    spelled = "".join(token.token for token in tokens)
    if not tokens or not choice.text.endswith(spelled):
        return
    starts: list[int] = []
    start = len(choice.text) - len(spelled)
    for token in tokens:
        starts.append(start)
        start += len(token.token)
    for found in _TEST.finditer(choice.text):
        first, last = found.span("value")
        total = math.fsum(
            token.logprob
            for start, token in zip(starts, tokens, strict=True)
            if start < last and start + len(token.token) > first
        )
        yield found[0].strip(), math.exp(min(0.0, total))


def _without(text: str, tests: set[str]) -> str:
    return "\n".join("" if line.strip() in tests else line for line in text.split("\n"))
