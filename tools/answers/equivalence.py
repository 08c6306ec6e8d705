"""Tell which answers are equal, by a computer algebra system that runs in the sandbox.

`math-verify` reads LaTeX and expressions; parts of it evaluate what they read, and a power or a
factorial can take for ever. So it runs as any program does, isolated and limited in time.
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
_LONGEST = 300
_MOST_PAIRS = 60
_MOST_TRIES = 3
_CONTROL = ("1", "1")
"""Compared first: where this is not equal, `math-verify` did not start and tells nothing."""

Pair = tuple[str, str]


class AnswerEquivalence:
    """Which answers of one kind are equal. Remembers what it has compared.

    Answers that read alike are equal without more. For `math`, those that do not are compared by
    `math-verify` where it is installed (extra `math`) and the sandbox can be had; what takes
    longer than three seconds, or more than 300 characters, is not equal. An answer that claims
    several values, such as `5 = 7` or `5 or 7`, is equal to one value only where all of them are.
    Where `math-verify` cannot be started a `RuntimeWarning` says so. Two comparisons of the same
    pair always agree, in either order. `known` keeps what was compared for another one.
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
        """Return for every answer the key of its class; equal answers have the same.

        The order of the answers makes no difference. Costs at most one sandbox run for every
        three seconds that comparisons take, none where all answers are plain numbers.
        """
        keys = {answer: self._key(answer) for answer in answers}
        shown: dict[str, str] = {}
        for answer, key in keys.items():
            shown[key] = min(answer, shown.get(key, answer))
        leader = {key: key for key in shown}
        for one, other in await self._equal_pairs(shown):
            low, high = sorted((leader[one], leader[other]))
            leader = {key: low if found == high else found for key, found in leader.items()}
        return {answer: leader[key] for answer, key in keys.items()}

    async def same(self, one: str, other: str) -> bool:
        """Whether two answers are equal."""
        found = await self.classes([one, other])
        return found[one] == found[other]

    def _key(self, answer: str) -> str:
        return answer_key(answer, kind=self.kind, prompt=self.prompt)

    async def _equal_pairs(self, shown: dict[str, str]) -> list[Pair]:
        """Return the pairs of keys whose answers are equal although they read differently."""
        keys = sorted(key for key, text in shown.items() if len(text) <= _LONGEST)
        if self.kind != "math" or len(keys) < 2 or find_spec("math_verify") is None:
            return []
        pairs = list(islice(_comparable(keys), _MOST_PAIRS))
        await self._compare([pair for pair in pairs if pair not in self._known], shown)
        return [pair for pair in pairs if self._known[pair]]

    async def _compare(self, pairs: Sequence[Pair], shown: dict[str, str]) -> None:
        needed = {
            pair: _questions(plain_math(shown[pair[0]]), plain_math(shown[pair[1]]))
            for pair in pairs
        }
        asked = dict.fromkeys(
            question
            for questions in needed.values()
            for question in questions
            if self._key(question[0]) != self._key(question[1])
        )
        equal = await self._ask(list(asked))
        for pair, questions in needed.items():
            self._known[pair] = all(equal.get(question, True) for question in questions)

    async def _ask(self, questions: Sequence[Pair]) -> dict[Pair, bool]:
        """Have `math-verify` compare texts; what it does not get to is not equal."""
        equal: dict[Pair, bool] = {}
        for _ in range(_MOST_TRIES):
            left = [question for question in questions if question not in equal]
            if not left:
                return equal
            cases = [(pair, True) for pair in (_CONTROL, *left)]
            try:
                verdict = await self._sandbox.check(_PROGRAM, "same", cases)
            except SandboxUnavailable as error:
                _warn(str(error))
                break
            control, *told = verdict.tests
            if not control.passed:
                _warn(_reason(verdict))
                break
            done = [outcome for outcome in told if outcome.status != "not_run"]
            equal.update(zip(left, (outcome.passed for outcome in done), strict=False))
        return {question: equal.get(question, False) for question in questions}


def _comparable(keys: Sequence[str]) -> Iterator[Pair]:
    """Yield the pairs of sorted keys of which at least one is no plain number, in their order."""
    others = [key for key in keys if not _is_number(key)]
    if not others:
        return
    for position, one in enumerate(keys):
        following = (
            [key for key in others if key > one] if _is_number(one) else keys[position + 1 :]
        )
        yield from ((one, other) for other in following)


def _questions(one: str, other: str) -> tuple[Pair, ...]:
    """Return the texts that have to be equal in pairs for two answers to be equal.

    Where one answer is a single value and the other claims several, all of them have to be it.
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
        f"math-verify could not be used ({reason}); answers that read differently, such as "
        "2\\sqrt{2} and \\sqrt{8}, count as different.",
        RuntimeWarning,
        stacklevel=2,
    )


async def same_answer(answer: str, other: str, *, kind: Kind, prompt: str = "") -> bool:
    r"""Whether two answers are equal, as `AnswerEquivalence` has it.

    >>> import asyncio
    >>> asyncio.run(same_answer("1,000", "1000.0", kind="math"))
    True
    """
    return await AnswerEquivalence(kind, prompt=prompt).same(answer, other)


def _is_number(key: str) -> bool:
    return key.startswith("= ")
