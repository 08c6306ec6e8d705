"""Tell which answers are equal, by a computer algebra system that runs in the sandbox.

`math-verify` reads LaTeX and expressions; parts of it evaluate what they read, and a power or a
factorial can take for ever. So it runs as any program does, isolated and limited in time.
"""

from collections.abc import Sequence
from importlib.util import find_spec

from refinegraph.errors import SandboxUnavailable
from refinegraph.schema import Kind
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

Pair = tuple[str, str]


class AnswerEquivalence:
    """Which answers of one kind are equal. Remembers what it has compared.

    Answers that read alike are equal without more. For `math`, those that do not are compared by
    `math-verify` where it is installed (extra `math`) and the sandbox can be had; what takes
    longer than three seconds, or more than 300 characters, is not equal. Two comparisons of the
    same pair always agree, in either order.
    """

    def __init__(self, kind: Kind, *, prompt: str = "", sandbox: Sandbox | None = None) -> None:
        self.kind: Kind = kind
        self.prompt = prompt
        self._sandbox = sandbox or Sandbox(policy=_POLICY)
        self._known: dict[Pair, bool] = {}

    async def classes(self, answers: Sequence[str]) -> dict[str, str]:
        """Return for every answer the key of its class; equal answers have the same.

        The order of the answers makes no difference. Costs at most one sandbox run for every
        three seconds that comparisons take, none where all answers are plain numbers.
        """
        keys = {answer: self._key(answer) for answer in answers}
        shown = {key: min(each for each in keys if keys[each] == key) for key in keys.values()}
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
        pairs = [
            (one, other)
            for number, one in enumerate(keys)
            for other in keys[number + 1 :]
            if not (_is_number(one) and _is_number(other))
        ][:_MOST_PAIRS]
        await self._compare([pair for pair in pairs if pair not in self._known], shown)
        return [pair for pair in pairs if self._known[pair]]

    async def _compare(self, pairs: Sequence[Pair], shown: dict[str, str]) -> None:
        left = list(pairs)
        for _ in range(_MOST_TRIES):
            if not left:
                return
            cases = [(tuple(plain_math(shown[key]) for key in pair), True) for pair in left]
            try:
                verdict = await self._sandbox.check(_PROGRAM, "same", cases)
            except SandboxUnavailable:
                break
            told = [each for each in verdict.tests if each.status != "not_run"]
            for pair, outcome in zip(left, told, strict=False):
                self._known[pair] = outcome.passed
            left = left[len(told) :]
        self._known.update(dict.fromkeys(left, False))


async def same_answer(answer: str, other: str, *, kind: Kind, prompt: str = "") -> bool:
    r"""Whether two answers are equal, as `AnswerEquivalence` has it.

    >>> import asyncio
    >>> asyncio.run(same_answer("1,000", "1000.0", kind="math"))
    True
    """
    return await AnswerEquivalence(kind, prompt=prompt).same(answer, other)


def _is_number(key: str) -> bool:
    return key.startswith("= ")
