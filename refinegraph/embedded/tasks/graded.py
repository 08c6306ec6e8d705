"""Generate tasks with a chosen number of steps and of vague steps."""

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from refinegraph.embedded.tasks.behaviour import Parameter, split_by_behaviour
from refinegraph.embedded.tasks.chains import Case, Chain, draw_chain
from refinegraph.embedded.tasks.composition import Split
from refinegraph.embedded.tasks.naming import free_header
from refinegraph.embedded.tasks.operation import Step
from refinegraph.embedded.tasks.sentences import Wording, statement
from refinegraph.schema import Gold, LabelledProblem, Problem

HEADLESS_NAME = "solve"
"""The name of a function that the statement does not name."""

_GIVEN, _HIDDEN = 3, 8
"""The numbers of visible tests and of hidden tests: a choice."""


class GradedTask(NamedTuple):
    """One task, including what only its generator knows."""

    labelled: LabelledProblem
    program: str
    """The reference program, with one line per step."""
    steps: tuple[Step, ...]
    phrases: tuple[str, ...]
    """The vague phrase of every step; empty for a step that is stated explicitly."""
    arguments: tuple[str, ...]
    """The names of the function's arguments."""
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
        """The number of steps that the statement leaves to the examples."""
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
    """Yield tasks; equal arguments give equal tasks.

    `steps` and `vague` contain the possible numbers of steps and of vague steps, repeated to make
    some more frequent; a task never has more vague steps than steps. With `plain`, every statement
    names the function and shows at least two examples; without it, some statements do neither.
    Three further cases are the visible tests, and eight more, including edge cases, are hidden. No
    held-out task computes the same function as a training task. Since all single steps belong to
    training, a held-out task has at least two steps. Generating a task takes a few milliseconds.

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
    """Return the reference program; its first line reads the argument, all others read `x`."""
    return "\n".join([f"def {name}({', '.join(arguments)}):", *lines_of(arguments[0], steps)])


def lines_of(argument: str, steps: Sequence[Step]) -> list[str]:
    """Return the lines of the program's body."""
    first, *others = steps
    expressions = [first.expression_of(argument), *(step.expression for step in others)]
    return [
        *(f"    x = {expression}" for expression in expressions[:-1]),
        f"    return {expressions[-1]}",
    ]


def _draw(
    id: str, split: Split, length: int, vague: int, rng: random.Random, plain: bool
) -> GradedTask:
    while True:
        shown = rng.choice((2, 2, 2, 3, 3, 4))
        if not plain and not vague and rng.random() < 0.15:
            shown = rng.choice((0, 0, 1))
        chain = draw_chain(length, vague, shown + _GIVEN + _HIDDEN, rng)
        if chain is None or split_by_behaviour(chain.steps, chain.second) != split:
            continue
        if chain.is_settled(shown + _GIVEN):
            return _state(id, chain, shown, rng, plain)


def _state(id: str, chain: Chain, shown: int, rng: random.Random, plain: bool) -> GradedTask:
    header = free_header(chain.steps[0].operation.takes, rng)
    constants = (step.constant for step in chain.steps)
    second = next((constant for constant in constants if isinstance(constant, Parameter)), None)
    first = header.argument if header.argument != str(second) else "x"
    arguments = (first,) if second is None else (first, str(second))
    named = plain or rng.random() < 0.6
    argued = named or second is not None or rng.random() < 0.6
    name = header.name if named or (shown and rng.random() < 0.7) else HEADLESS_NAME
    description = statement(
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
        prompt="\n".join([description, *_listed(name, examples, rng, plain)]),
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
    """Return the source of the call of a case."""
    return f"{name}({', '.join(map(repr, case.arguments))})"


def asserts(name: str, cases: Sequence[Case]) -> str:
    """Return cases as assert lines."""
    return "\n".join(f"assert {call(name, case)} == {case.result!r}" for case in cases)
