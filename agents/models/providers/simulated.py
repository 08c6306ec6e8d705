"""A simulated model with known rates, for studying strategies."""

import random
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import BaseMessage
from pydantic import Field, PrivateAttr

from refinegraph.agents.models.backend import Endpoint
from refinegraph.agents.models.base import SamplingChatModel
from refinegraph.agents.models.types import Choice, Completion, Sampling
from refinegraph.schema import Frozen, Gold, LabelledProblem, Problem

_PROBLEM = re.compile(r"Simulated problem (\d+)")
_BOXED = re.compile(r"\\boxed\{(-?\d+)\}")
_STEPS = "Step 1: it is simulated.\nStep 2: so the answer is \\boxed{{{answer}}}"
_REVIEWING = re.compile(r"VERDICT: wrong,? or right")
_TOKENS = 200
"""Completion tokens of every answer; an arbitrary constant."""


class SimulatedRates(Frozen):
    """The parameters of a simulated model; every rate is a fraction from 0 to 1."""

    accuracy: float = Field(default=0.5, ge=0, le=1)
    """Accuracy of one sample, averaged over problems."""
    spread: float = Field(default=0.3, ge=0, le=1)
    """Spread of difficulty: 0 if all problems are equal, 1 if each is always or never solved."""
    shared_error: float = Field(default=0.4, ge=0, le=1)
    """Rate at which a wrong answer is the problem's most common wrong answer."""
    fix: float = Field(default=0.3, ge=0, le=1)
    """Rate at which refinement corrects a wrong solution."""
    damage: float = Field(default=0.1, ge=0, le=1)
    """Rate at which refinement breaks a right solution."""


class SimulatedChatModel(SamplingChatModel):
    """Answer simulated problems with known accuracy, fix and damage rates.

    The model solves nothing: it draws right and wrong answers according to `rates`, reproducibly
    for a seed and independently of the order of requests. It recognises a Refiner's request by the
    solution in it. It is intended for experiments on routing and stopping that need a known ground
    truth; the results say nothing about real models. An answer counts as 200 completion tokens.

    >>> problem = simulated_problems(1)[0]
    >>> problem.problem.prompt.splitlines()[0]
    'Simulated problem 0.'
    """

    rates: SimulatedRates = SimulatedRates()
    seed: int = 0

    _requests: Counter[str] = PrivateAttr(default_factory=Counter[str])

    def __init__(self, rates: SimulatedRates | None = None, /, **settings: Any) -> None:
        super().__init__(**({"rates": rates} if rates else {}), **settings)

    @property
    def endpoint(self) -> Endpoint:
        """The name, for events and errors."""
        return Endpoint("simulated")

    async def ask(
        self, messages: Sequence[BaseMessage], *, n: int, sampling: Sampling
    ) -> Completion:
        """Draw n answers."""
        prompt = "\n".join(str(message.content) for message in messages)
        tokens = min(_TOKENS, sampling.max_tokens or _TOKENS)
        choices = tuple(
            _cut(_after(self._answer(prompt), sampling.prefix), tokens) for _ in range(n)
        )
        return Completion(choices, prompt_tokens=len(prompt) // 4, completion_tokens=n * tokens)

    def price(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int) -> float | None:
        """Return 0, because simulated calls are free."""
        return 0.0

    def _answer(self, prompt: str) -> str:
        match = _PROBLEM.search(prompt)
        if match is None:
            return "I only answer simulated problems."
        number = int(match[1])
        self._requests[prompt] += 1
        draw = random.Random(f"{self.seed} {prompt} {self._requests[prompt]}")
        solutions = _BOXED.findall(prompt[match.end() :])
        if _REVIEWING.search(prompt):
            return "VERDICT: wrong\nSTEP: Step 2\nWHY: simulated\nCHANGE: simulated"
        if solutions:
            return _STEPS.format(answer=self._refined(number, int(solutions[-1]), draw))
        right = draw.random() < self._chance(number)
        return _STEPS.format(answer=_right(number) if right else self._wrong(number, draw))

    def _chance(self, number: int) -> float:
        """Return the probability that one sample solves this problem."""
        accuracy, spread = self.rates.accuracy, self.rates.spread
        draw = random.Random(f"{self.seed} difficulty {number}")
        if spread == 0 or accuracy in (0, 1):
            return accuracy
        if spread == 1:
            return float(draw.random() < accuracy)
        size = (1 - spread) / spread
        return draw.betavariate(accuracy * size, (1 - accuracy) * size)

    def _refined(self, number: int, before: int, draw: random.Random) -> int:
        was_right = before == _right(number)
        changed = draw.random() < (self.rates.damage if was_right else self.rates.fix)
        return _right(number) if changed != was_right else self._wrong(number, draw)

    def _wrong(self, number: int, draw: random.Random) -> int:
        favourite = draw.random() < self.rates.shared_error
        return _right(number) + (1 if favourite else draw.randint(2, 9))

    @property
    def _llm_type(self) -> str:
        return "refinegraph-simulated"


def _after(text: str, prefix: str | None) -> str:
    """Return the part of an answer that continues a prefix."""
    if not prefix:
        return text
    steps = text.splitlines(keepends=True)
    done = sum(step.strip() in prefix for step in steps)
    separator = "" if prefix.endswith("\n") or text.startswith(prefix) else "\n"
    return text[len(prefix) :] if text.startswith(prefix) else separator + "".join(steps[done:])


def _cut(text: str, tokens: int) -> Choice:
    """Return the part of an answer that corresponds to a number of tokens."""
    if tokens == _TOKENS:
        return Choice(text=text, finish_reason="stop", tokens=tokens)
    part = text[: len(text) * tokens // _TOKENS]
    return Choice(text=part, finish_reason="length", tokens=tokens)


def simulated_problems(count: int) -> list[LabelledProblem]:
    """Return labelled problems that a `SimulatedChatModel` answers."""
    return [
        LabelledProblem(
            problem=Problem(
                id=f"simulated/{number}",
                prompt=f"Simulated problem {number}.\nWhat is its answer?",
                kind="math",
            ),
            gold=Gold(answer=str(_right(number))),
        )
        for number in range(count)
    ]


def _right(number: int) -> int:
    return 1_000 + 37 * number
