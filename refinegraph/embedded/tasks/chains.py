"""Draw chains of steps in which every step has an effect that the test cases reveal."""

import random
from collections.abc import Sequence
from typing import NamedTuple

from refinegraph.embedded.tasks.behaviour import (
    FAILURES,
    Arguments,
    compile_chain,
    function_of,
    second_input,
)
from refinegraph.embedded.tasks.inputs import Value, random_input
from refinegraph.embedded.tasks.operation import Shape, Step
from refinegraph.embedded.tasks.vocabulary import SHAPES, alternatives, draw_second, draw_step

_START_WEIGHTS = (44, 10, 18, 20, 8)
"""Lists of numbers have the most operations and dictionaries the fewest."""
_SECOND_SHARE = 0.12
"""The share of tasks whose function takes a second argument."""
_SECOND_NAMES = ("n", "m", "limit", "amount", "other", "second", "ys", "y", "extra", "t")
_LONGEST_LIST, _LONGEST_VALUE, _LARGEST = 10, 44, 9_999
"""Limits on what a small model can read; wider values would fill its context."""
_STEP_ATTEMPTS = 12
_ALIKE = 0.7
"""The share of equal results above which a task is rejected as trivial."""


class Case(NamedTuple):
    """A call and its result."""

    arguments: Arguments
    result: Value


class Chain(NamedTuple):
    """Steps, how a statement phrases them, and the cases on which they were run."""

    steps: tuple[Step, ...]
    phrases: tuple[str, ...]
    """The vague phrase of every step; empty for a step that is stated explicitly."""
    second: Shape | None
    """The shape of the second argument, or None if there is only one argument."""
    cases: tuple[Case, ...]

    def is_settled(self, visible: int) -> bool:
        """Return whether the visible cases rule out all other readings of a single vague step."""
        shown, hidden = self.cases[:visible], self.cases[visible:]
        for position, phrase in enumerate(self.phrases):
            for other in alternatives(self.steps[position], phrase) if phrase else ():
                steps = [*self.steps[:position], other, *self.steps[position + 1 :]]
                if _agrees(steps, shown) and not _agrees(steps, hidden):
                    return False
        return True


def draw_chain(length: int, vague: int, count: int, rng: random.Random) -> Chain | None:
    """Draw a chain step by step and run it on `count` cases; return None if no chain qualifies."""
    drawing = _Drawing(length, vague, count, rng)
    if not all(drawing.extend(position) for position in range(length)):
        return None
    chain = drawing.chain()
    return chain if _is_worthwhile(chain.steps, chain.cases) else None


class _Drawing:
    """A chain under construction, with the value of every case after its last step."""

    def __init__(self, length: int, vague: int, count: int, rng: random.Random) -> None:
        self.length, self.rng = length, rng
        self.shape: Shape = rng.choices(SHAPES, _START_WEIGHTS)[0]
        self.vague = set(rng.sample(range(length), vague))
        stated = [position for position in range(length) if position not in self.vague]
        wanted = bool(stated) and rng.random() < _SECOND_SHARE
        self.second_at = rng.choice(stated) if wanted else -1
        self.second_name = rng.choice(_SECOND_NAMES)
        self.second: Shape | None = None
        self.arguments = _inputs(self.shape, count, rng)
        self.values: list[Value] = [call[0] for call in self.arguments]
        self.steps: list[Step] = []
        self.phrases: list[str] = []

    def extend(self, position: int) -> bool:
        """Add a step that changes enough of the values; return whether one could be drawn."""
        last = position == self.length - 1
        for _ in range(_STEP_ATTEMPTS):
            drawn = (
                self._second_step() if position == self.second_at else self._step(position, last)
            )
            if drawn is None:
                return False
            step, phrase = drawn
            if self.steps and step.operation is self.steps[-1].operation:
                continue
            after = _apply(step, self.values, self.arguments)
            if after is not None and _moves(self.values, after, step, last=last):
                self.steps.append(step)
                self.phrases.append(phrase)
                self.values, self.shape = after, step.operation.gives
                return True
        return False

    def chain(self) -> Chain:
        """Return the chain as drawn so far."""
        cases = (Case(*pair) for pair in zip(self.arguments, self.values, strict=True))
        return Chain(tuple(self.steps), tuple(self.phrases), self.second, tuple(cases))

    def _step(self, position: int, last: bool) -> tuple[Step, str] | None:
        vague, long = position in self.vague, self.length > 2
        return draw_step(self.shape, self.rng, last=last, vague=vague, long=long)

    def _second_step(self) -> tuple[Step, str] | None:
        """Draw a step that reads a second argument, and add such an argument to every case."""
        drawn = draw_second(self.shape, self.second_name, self.rng)
        if drawn is None:
            return None
        step, self.second = drawn
        second = self.second
        self.arguments = [(call[0], second_input(second, self.rng)) for call in self.arguments]
        return step, ""


def _inputs(shape: Shape, count: int, rng: random.Random) -> list[Arguments]:
    """Return distinct arguments, with edge cases last."""
    distinct: dict[str, Arguments] = {}
    for number in range(4 * count):
        edge = len(distinct) >= count - 2
        value = random_input(shape, rng, edge=edge)
        distinct.setdefault(repr(value) if number < 3 * count else str(number), (value,))
        if len(distinct) == count:
            break
    return list(distinct.values())


def _apply(
    step: Step, values: Sequence[Value], arguments: Sequence[Arguments]
) -> list[Value] | None:
    """Return the values after a step; None if it fails on a value or if a result is too large."""
    function = function_of(step)
    after: list[Value] = []
    try:
        for value, call in zip(values, arguments, strict=True):
            after.append(function(value, *call[1:]))
            if not _fits(after[-1]):
                return None
    except FAILURES:
        return None
    return after


def _fits(value: Value) -> bool:
    if isinstance(value, int):
        return abs(value) <= _LARGEST
    if isinstance(value, str):
        return len(value) <= _LONGEST_VALUE - 2
    if isinstance(value, list):
        if len(value) > _LONGEST_LIST:
            return False
        if any(isinstance(part, int) and abs(part) > _LARGEST for part in value):
            return False
    return len(repr(value)) <= _LONGEST_VALUE


def _moves(before: Sequence[Value], after: Sequence[Value], step: Step, *, last: bool) -> bool:
    """Return whether a step changes enough values and leaves enough distinct ones."""
    results = [repr(value) for value in after]
    if step.operation.takes == step.operation.gives:
        changed = sum(repr(value) != result for value, result in zip(before, results, strict=True))
        if changed < len(results) / 3:
            return False
    needed = 2 if step.operation.gives == "flag" else 4 if last else len(results) // 3
    return len(set(results)) >= needed and max(map(results.count, results)) <= _ALIKE * len(results)


def _is_worthwhile(steps: Sequence[Step], cases: Sequence[Case]) -> bool:
    """Return whether every step that could be omitted changes a result."""
    return not any(
        _agrees([*steps[:position], *steps[position + 1 :]], cases)
        for position, step in enumerate(steps)
        if len(steps) > 1 and step.operation.takes == step.operation.gives
    )


def _agrees(steps: Sequence[Step], cases: Sequence[Case]) -> bool:
    run = compile_chain(steps)
    try:
        return all(run(case.arguments)[-1] == case.result for case in cases)
    except FAILURES:
        return False
