"""The problem that `refinegraph demo` runs, and what its scripted model says.

The first programs are wrong in ways that real ones are; what the tests find of them is not
scripted.
"""

from collections.abc import Sequence
from typing import NamedTuple

from langchain_core.messages import BaseMessage

from refinegraph.agents.models import Sampling, ScriptedChatModel
from refinegraph.schema import Problem

PROBLEM = Problem(
    id="merge-intervals",
    prompt=(
        "Write merge(intervals): given a list of (start, end) pairs, return the list of merged "
        "intervals, sorted by start. Intervals that touch, such as (1, 2) and (2, 3), are merged."
    ),
    tests="""\
assert merge([]) == []
assert merge([(1, 3), (2, 6)]) == [(1, 6)]
assert merge([(1, 2), (2, 3)]) == [(1, 3)]
assert merge([(5, 6), (1, 2)]) == [(1, 2), (5, 6)]
assert merge([(1, 9), (2, 3)]) == [(1, 9)]
""",
    entry_point="merge",
)

_STRICT = """\
def merge(intervals):
    merged = []
    for start, end in sorted(intervals):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged"""

_TOUCHING = _STRICT.replace("start < merged", "start <= merged")
_RIGHT = _TOUCHING.replace("(merged[-1][0], end)", "(merged[-1][0], max(merged[-1][1], end))")

_UNSORTED = """\
def merge(intervals):
    first, *rest = intervals
    merged = [list(first)]
    for start, end in rest:
        if start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return [tuple(each) for each in merged]"""

_SORTED = _UNSORTED.replace("first, *rest = intervals", "first, *rest = sorted(intervals)")
_WORSE = _SORTED.replace("merged[-1][1] = max(merged[-1][1], end)", "merged.append([start, end])")


class Turn(NamedTuple):
    """What the Reviewer and the Refiner say of one program."""

    review: str
    repaired: str


_TURNS = {
    _TOUCHING: Turn(
        "VERDICT: wrong\n"
        "STEP: merged[-1] = (merged[-1][0], end)\n"
        "WHY: after (1, 9), the end 3 of (2, 3) replaces the larger 9\n"
        "CHANGE: keep the larger of the two ends",
        _RIGHT,
    ),
    _STRICT: Turn(
        "VERDICT: wrong\n"
        "STEP: if merged and start < merged[-1][1]\n"
        "WHY: (2, 3) starts where (1, 2) ends, so < keeps them apart\n"
        "CHANGE: compare with <=",
        _TOUCHING,
    ),
    _WORSE: Turn(
        "VERDICT: wrong\n"
        "STEP: first, *rest = intervals\n"
        "WHY: the first interval taken need not be the one that starts first\n"
        "CHANGE: take them in order of their start",
        _SORTED,
    ),
    _UNSORTED: Turn(
        "VERDICT: wrong\n"
        "STEP: first, *rest = intervals\n"
        "WHY: an empty list has no first interval to take\n"
        "CHANGE: return early for an empty list, and sort before the loop",
        _WORSE,
    ),
}
"""By the program that a prompt shows, the latest of a line of repair first."""


def scripted_model(*, pace: float = 0.0) -> ScriptedChatModel:
    """Return the model; `pace` is how many seconds it takes to answer."""
    first = iter((_STRICT, _UNSORTED))

    def answer(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        system, prompt = messages[0].text, messages[-1].text
        turn = next((turn for program, turn in _TURNS.items() if program in prompt), None)
        if turn is None:
            return _fenced(next(first))
        return turn.review if "You review" in system else _fenced(turn.repaired)

    return ScriptedChatModel(answer, latency=pace)


def _fenced(program: str) -> str:
    return f"```python\n{program}\n```"
