"""Decide which answers are equal with a computer algebra system that runs in the sandbox.

`math-verify` parses LaTeX and plain expressions. Parts of it evaluate what they parse, and a power
or a factorial can take forever, so it runs isolated and with time limits, like any candidate's
program.
"""

import warnings
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import islice

from refinegraph.errors import SandboxUnavailable
from refinegraph.schema import Kind, Verdict
from refinegraph.tools.answers.claims import claims
from refinegraph.tools.answers.normal_form import answer_key, plain_math
from refinegraph.tools.sandbox import Sandbox, SandboxPolicy

_PROGRAM = """
from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse, verify

HOW = [LatexExtractionConfig(), ExprExtractionConfig()]

def read(text):
    marked = parse("$" + text + "$", HOW, parsing_timeout=None)
    return marked or parse(text, HOW, parsing_timeout=None)

def same(one, other):
    first, second = read(one), read(other)
    both = first and second
    return bool(both and (verify(first, second, timeout_seconds=None)
                          or verify(second, first, timeout_seconds=None)))
"""
_WARM_UP = f"""{_PROGRAM}
same("x + 1", "1 + x")
same("1/2", "(1, 2]")
"""
_POLICY = SandboxPolicy(
    preload=("math_verify",),
    warm_up=_WARM_UP,
    wall_seconds=20,
    call_seconds=3,
    cpu_seconds=20,
    memory_mb=1024,
)
_MAX_CHARACTERS = 300
"""Longer answers are prose rather than values, and slow to parse."""
_MAX_PAIRS = 60
"""Comparisons per pool: a choice. All pairs of eleven answers fit."""
_MAX_RUNS = 3
"""Sandbox runs per pool. A run that hits its time limit leaves pairs for the next one."""
_CONTROL = ("1", "1")
"""Compared first: if these differ, `math-verify` did not start and its results mean nothing."""

Pair = tuple[str, str]


class AnswerEquivalence:
    """Decide which answers of one kind are equal, caching every comparison.

    Answers with the same normal form are equal. Other `math` answers are compared by `math-verify`
    if it is installed (extra `math`) and a sandbox is available; comparisons that take more than
    three seconds and answers of more than 300 characters count as different. An answer that claims
    several values, such as `5 = 7` or `5 or 7`, equals a single value only if all of its values
    do. If `math-verify` cannot be started, a `RuntimeWarning` is issued. Comparing the same pair
    again gives the same result, in either order. Pass the same dict as `known` to share the cache
    between instances.
    """

    def __init__(
        self,
        kind: Kind,
        *,
        prompt: str = "",
        sandbox: Sandbox | None = None,
        known: dict[Pair, bool] | None = None,
    ) -> None:
        self.kind: Kind = kind
        self.prompt = prompt
        self._sandbox = sandbox or Sandbox(policy=_POLICY)
        self._known: dict[Pair, bool] = {} if known is None else known

    async def classes(self, answers: Sequence[str]) -> dict[str, str]:
        """Return the key of every answer's equivalence class; equal answers share a key.

        The result does not depend on the order of the answers. Costs at most three sandbox runs,
        and none if all answers are plain numbers.
        """
        keys = {answer: self._key(answer) for answer in answers}
        shown: dict[str, str] = {}
        for answer, key in keys.items():
            shown[key] = min(answer, shown.get(key, answer))
        leader = {key: key for key in shown}
        for one, other in await self._equal_pairs(shown):
            low, high = sorted((leader[one], leader[other]))
            leader = {key: low if first == high else first for key, first in leader.items()}
        return {answer: leader[key] for answer, key in keys.items()}

    async def same(self, one: str, other: str) -> bool:
        """Return whether two answers are equal."""
        classes = await self.classes([one, other])
        return classes[one] == classes[other]

    def _key(self, answer: str) -> str:
        return answer_key(answer, kind=self.kind, prompt=self.prompt)

    async def _equal_pairs(self, shown: dict[str, str]) -> list[Pair]:
        """Return the pairs of keys whose answers are equal although their keys differ."""
        keys = sorted(key for key, text in shown.items() if len(text) <= _MAX_CHARACTERS)
        if self.kind != "math" or len(keys) < 2 or find_spec("math_verify") is None:
            return []
        pairs = list(islice(_comparable(keys), _MAX_PAIRS))
        await self._compare([pair for pair in pairs if pair not in self._known], shown)
        return [pair for pair in pairs if self._known[pair]]

    async def _compare(self, pairs: Sequence[Pair], shown: dict[str, str]) -> None:
        needed = {
            pair: _questions(plain_math(shown[pair[0]]), plain_math(shown[pair[1]]))
            for pair in pairs
        }
        unsettled = dict.fromkeys(
            question
            for questions in needed.values()
            for question in questions
            if self._key(question[0]) != self._key(question[1])
        )
        equal = await self._run_math_verify(list(unsettled))
        for pair, questions in needed.items():
            self._known[pair] = all(equal.get(question, True) for question in questions)

    async def _run_math_verify(self, questions: Sequence[Pair]) -> dict[Pair, bool]:
        """Compare pairs of texts with `math-verify`; pairs that it does not reach are unequal."""
        equal: dict[Pair, bool] = {}
        for _ in range(_MAX_RUNS):
            left = [question for question in questions if question not in equal]
            if not left:
                return equal
            cases = [(pair, True) for pair in (_CONTROL, *left)]
            try:
                verdict = await self._sandbox.check(_PROGRAM, "same", cases)
            except SandboxUnavailable as error:
                _warn(str(error))
                break
            control, *outcomes = verdict.tests
            if not control.passed:
                _warn(_reason(verdict))
                break
            done = [outcome for outcome in outcomes if outcome.status != "not_run"]
            equal.update(zip(left, (outcome.passed for outcome in done), strict=False))
        return {question: equal.get(question, False) for question in questions}


def _comparable(keys: Sequence[str]) -> Iterator[Pair]:
    """Yield the pairs of sorted keys in which at least one key is not a plain number, in order."""
    others = [key for key in keys if not _is_number(key)]
    if not others:
        return
    for position, one in enumerate(keys):
        following = (
            [key for key in others if key > one] if _is_number(one) else keys[position + 1 :]
        )
        yield from ((one, other) for other in following)


def _questions(one: str, other: str) -> tuple[Pair, ...]:
    """Return the pairs of texts that must all be equal for two answers to be equal.

    If one answer is a single value and the other claims several, all of them must equal it.
    """
    left = claims(one, unions=_is_number(answer_key(other, kind="math")))
    right = claims(other, unions=_is_number(answer_key(one, kind="math")))
    if len(left) == len(right) or min(len(left), len(right)) > 1:
        return ((one, other),)
    several, single = (left, other) if len(left) > 1 else (right, one)
    return tuple((value, single) for value in several)


def _reason(verdict: Verdict) -> str:
    failure = verdict.first_failure
    return verdict.detail or (failure.error if failure else None) or verdict.status


def _warn(reason: str) -> None:
    warnings.warn(
        f"math-verify could not be used ({reason}); answers that are written differently, such as "
        "2\\sqrt{2} and \\sqrt{8}, count as different.",
        RuntimeWarning,
        stacklevel=2,
    )


async def same_answer(answer: str, other: str, *, kind: Kind, prompt: str = "") -> bool:
    r"""Return whether two answers are equal according to `AnswerEquivalence`.

    >>> import asyncio
    >>> asyncio.run(same_answer("1,000", "1000.0", kind="math"))
    True
    """
    return await AnswerEquivalence(kind, prompt=prompt).same(answer, other)


def _is_number(key: str) -> bool:
    return key.startswith("= ")
