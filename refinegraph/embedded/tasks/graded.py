"""Tasks by the thousand, as long and as vague as wanted, with everything that their maker knows."""

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from refinegraph.embedded.tasks.behaviour import (
    FAILURES,
    Arguments,
    Parameter,
    compile_chain,
    function_of,
    second_input,
    split_by_behaviour,
)
from refinegraph.embedded.tasks.composition import Split
from refinegraph.embedded.tasks.inputs import Value, random_input
from refinegraph.embedded.tasks.naming import free_header
from refinegraph.embedded.tasks.operation import Shape, Step
from refinegraph.embedded.tasks.sentences import Wording, statement
from refinegraph.embedded.tasks.vocabulary import SHAPES, alternatives, draw_second, draw_step
from refinegraph.schema import Gold, LabelledProblem, Problem

HEADLESS_NAME = "solve"
"""What a function is called where the statement gives it no name."""

_GIVEN, _HIDDEN = 3, 8
_START_WEIGHTS = (44, 10, 18, 20, 8)
_SECOND_NAMES = ("n", "m", "limit", "amount", "other", "second", "ys", "y", "extra", "t")
_LONGEST_LIST, _LONGEST_VALUE, _LARGEST = 10, 44, 9_999
"""What a small model can read; wider values would fill its context."""
_STEP_ATTEMPTS = 12
_ALIKE = 0.7
"""The share of equal results from which on a task is dull."""


class Case(NamedTuple):
    """A call and its result."""

    arguments: Arguments
    result: Value


class GradedTask(NamedTuple):
    """One task and what only its maker knows."""

    labelled: LabelledProblem
    program: str
    """A program that solves it, one line a step."""
    steps: tuple[Step, ...]
    phrases: tuple[str, ...]
    """The vague phrase of every step; empty for a step that is stated."""
    arguments: tuple[str, ...]
    """What the function calls its arguments."""
    examples: tuple[Case, ...]
    """The cases that the statement shows."""
    given: tuple[Case, ...]
    """The cases of the visible tests."""
    hidden: tuple[Case, ...]

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.labelled.problem.entry_point or HEADLESS_NAME

    @property
    def vague(self) -> int:
        """How many steps the statement leaves to the examples."""
        return sum(map(bool, self.phrases))


def graded_tasks(
    split: Split,
    *,
    count: int,
    seed: int = 0,
    steps: Sequence[int] = (1, 2, 3, 4, 5, 6),
    vague: Sequence[int] = (0, 0, 1, 2, 3),
    plain: bool = False,
) -> Iterator[GradedTask]:
    """Yield tasks, the same for the same arguments.

    `steps` and `vague` hold the numbers of steps and of vague steps to draw from, a number as
    often as it stands there; a task has no more vague steps than steps. With `plain`, every
    statement names the function and shows at least two examples; otherwise some do neither. Three
    further cases are the visible tests, and eight more, edge cases among them, are hidden. No
    held-out task computes the same function as one of the training split; since single steps are
    all in training, a held-out task has two steps at least. Costs some milliseconds a task.

    >>> [task] = graded_tasks("held_out", count=1, steps=(4,), vague=(2,))
    >>> len(task.steps), task.vague
    (4, 2)
    """
    for number in range(count):
        rng = random.Random(f"graded {split} {seed} {number}")
        length = max(rng.choice(steps), 1 if split == "train" else 2)
        wanted = min(rng.choice(vague), length)
        yield _draw(f"{split}-{seed}-{number}", split, length, wanted, rng, plain)


def program_of(name: str, arguments: Sequence[str], steps: Sequence[Step]) -> str:
    """Return the reference program: the first line reads the argument, all others `x`."""
    return "\n".join([f"def {name}({', '.join(arguments)}):", *lines_of(arguments[0], steps)])


def lines_of(argument: str, steps: Sequence[Step]) -> list[str]:
    """Return the lines of a program's body."""
    first, *others = steps
    expressions = [first.expression_of(argument), *(step.expression for step in others)]
    return [*(f"    x = {each}" for each in expressions[:-1]), f"    return {expressions[-1]}"]


class _Chain(NamedTuple):
    steps: tuple[Step, ...]
    phrases: tuple[str, ...]
    second: Shape | None
    cases: tuple[Case, ...]


def _draw(
    id: str, split: Split, length: int, vague: int, rng: random.Random, plain: bool
) -> GradedTask:
    while True:
        shown = rng.choice((2, 2, 2, 3, 3, 4))
        if not plain and not vague and rng.random() < 0.15:
            shown = rng.choice((0, 0, 1))
        chain = _chain(length, vague, shown + _GIVEN + _HIDDEN, rng)
        if chain is None or split_by_behaviour(chain.steps, chain.second) != split:
            continue
        if not _settled(chain, shown + _GIVEN):
            continue
        return _state(id, chain, shown, rng, plain)


def _chain(length: int, vague: int, count: int, rng: random.Random) -> _Chain | None:
    """Draw step after step, each one changing something; None where that does not work out."""
    shape = rng.choices(SHAPES, _START_WEIGHTS)[0]
    places = set(rng.sample(range(length), vague))
    second_at = rng.randrange(length) if rng.random() < 0.12 else -1
    second_name = rng.choice(_SECOND_NAMES)
    arguments = _inputs(shape, count, rng)
    values: list[Value] = [each[0] for each in arguments]
    steps: list[Step] = []
    phrases: list[str] = []
    second: Shape | None = None
    for place in range(length):
        for _ in range(_STEP_ATTEMPTS):
            drawn = _next_step(shape, rng, place, length, place in places)
            if place == second_at and place not in places:
                found = draw_second(shape, second_name, rng)
                if found is not None:
                    drawn, second = (found[0], ""), found[1]
                    arguments = _with_second(arguments, second, rng)
            if drawn is None:
                return None
            if steps and drawn[0].operation is steps[-1].operation:
                continue
            after = _apply(drawn[0], values, arguments)
            if after is None or not _moves(values, after, drawn[0], last=place == length - 1):
                second = None if place == second_at else second
                continue
            break
        else:
            return None
        step, phrase = drawn
        steps.append(step)
        phrases.append(phrase)
        values, shape = after, step.operation.gives
    if second is None:
        arguments = [each[:1] for each in arguments]
    cases = tuple(Case(*pair) for pair in zip(arguments, values, strict=True))
    if not _is_worthwhile(steps, cases):
        return None
    return _Chain(tuple(steps), tuple(phrases), second, cases)


def _next_step(
    shape: Shape, rng: random.Random, place: int, length: int, vague: bool
) -> tuple[Step, str] | None:
    return draw_step(shape, rng, last=place == length - 1, vague=vague, long=length > 2)


def _inputs(shape: Shape, count: int, rng: random.Random) -> list[Arguments]:
    """Return different arguments, edge cases last."""
    found: dict[str, Arguments] = {}
    for number in range(4 * count):
        edge = len(found) >= count - 2
        value = random_input(shape, rng, edge=edge)
        found.setdefault(repr(value) if number < 3 * count else str(number), (value,))
        if len(found) == count:
            break
    return list(found.values())


def _with_second(
    arguments: Sequence[Arguments], second: Shape, rng: random.Random
) -> list[Arguments]:
    return [(call[0], second_input(second, rng)) for call in arguments]


def _apply(
    step: Step, values: Sequence[Value], arguments: Sequence[Arguments]
) -> list[Value] | None:
    """Return the next values; None where one fails or grows too large."""
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
    """Whether a step changes enough, and leaves enough that differs."""
    results = [repr(value) for value in after]
    if step.operation.takes == step.operation.gives:
        changed = sum(repr(value) != result for value, result in zip(before, results, strict=True))
        if changed < len(results) / 3:
            return False
    needed = 2 if step.operation.gives == "flag" else 4 if last else len(results) // 3
    return len(set(results)) >= needed and max(map(results.count, results)) <= _ALIKE * len(results)


def _is_worthwhile(steps: Sequence[Step], cases: Sequence[Case]) -> bool:
    """Whether every step that could be left out changes a result."""
    return not any(
        _agrees([*steps[:place], *steps[place + 1 :]], cases)
        for place, step in enumerate(steps)
        if len(steps) > 1 and step.operation.takes == step.operation.gives
    )


def _agrees(steps: Sequence[Step], cases: Sequence[Case]) -> bool:
    run = compile_chain(steps)
    try:
        return all(run(case.arguments)[-1] == case.result for case in cases)
    except FAILURES:
        return False


def _settled(chain: _Chain, visible: int) -> bool:
    """Whether the visible cases refute every other reading of any single vague step."""
    shown, hidden = chain.cases[:visible], chain.cases[visible:]
    for place, phrase in enumerate(chain.phrases):
        if not phrase:
            continue
        for other in alternatives(chain.steps[place], phrase):
            steps = [*chain.steps[:place], other, *chain.steps[place + 1 :]]
            if _agrees(steps, shown) and not _agrees(steps, hidden):
                return False
    return True


def _state(id: str, chain: _Chain, shown: int, rng: random.Random, plain: bool) -> GradedTask:
    header = free_header(chain.steps[0].operation.takes, rng)
    constants = (step.constant for step in chain.steps)
    second = next((each for each in constants if isinstance(each, Parameter)), None)
    first = header.argument if header.argument != str(second) else "x"
    arguments = (first,) if second is None else (first, str(second))
    named = plain or rng.random() < 0.6
    argued = named or second is not None or rng.random() < 0.6
    name = header.name if named or (shown and rng.random() < 0.7) else HEADLESS_NAME
    said = statement(
        Wording(
            chain.steps,
            chain.phrases,
            name if named else "",
            arguments if argued else (),
        ),
        rng,
    )
    if not argued:
        arguments = ("x",)
    cases = chain.cases
    examples, given = cases[:shown], cases[shown : shown + _GIVEN]
    hidden = cases[shown + _GIVEN :]
    problem = Problem(
        id=id,
        prompt="\n".join([said, *_listed(name, examples, rng, plain)]),
        entry_point=name,
        tests=asserts(name, given),
    )
    return GradedTask(
        LabelledProblem(problem, Gold(tests=asserts(name, hidden))),
        program_of(name, arguments, chain.steps),
        chain.steps,
        chain.phrases,
        arguments,
        examples,
        given,
        hidden,
    )


def _listed(name: str, examples: Sequence[Case], rng: random.Random, plain: bool) -> list[str]:
    form = "==" if plain or rng.random() < 0.85 else rng.choice(("->", ">>>", "returns"))
    match form:
        case "->":
            return [f"{call(name, case)} -> {case.result!r}" for case in examples]
        case ">>>":
            return [f">>> {call(name, case)}\n{case.result!r}" for case in examples]
        case "returns":
            return [f"For example, {call(name, case)} is {case.result!r}." for case in examples]
        case _:
            return [f"{call(name, case)} == {case.result!r}" for case in examples]


def call(name: str, case: Case) -> str:
    """Return the call of a case as source."""
    return f"{name}({', '.join(map(repr, case.arguments))})"


def asserts(name: str, cases: Sequence[Case]) -> str:
    """Return cases as assert lines."""
    return "\n".join(f"assert {call(name, case)} == {case.result!r}" for case in cases)
