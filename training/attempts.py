"""Attempts at tasks, with the evidence of running them in the words that the agents use."""

import random
from collections.abc import Sequence
from typing import NamedTuple

from refinegraph.embedded.tasks.behaviour import FAILURES, compile_chain
from refinegraph.embedded.tasks.chains import Case
from refinegraph.embedded.tasks.graded import GradedTask, call, program_of
from refinegraph.embedded.tasks.inputs import Value
from refinegraph.embedded.tasks.operation import Step
from refinegraph.embedded.tasks.vocabulary import ALL_OPERATIONS, alternatives
from training.reading import read_steps

_MAX_SHOWN = 12
_LONGEST_SHOWN = 80
"""Limits on the elements and characters of a value. The sandbox abbreviates longer values, so
attempts that produce them are discarded."""
_LARGEST = 1_000_000
"""The largest number to which a step is applied. A step may count up to its argument: a million
takes about 50 ms, whereas 34 billion, which a model once requested, did not finish."""


class Attempt(NamedTuple):
    """A program, its steps, and its results."""

    program: str
    steps: tuple[Step, ...]
    right: bool
    """Whether it agrees with the task on every case, including hidden ones."""
    passed: bool
    """Whether it passes the visible tests."""
    evidence: str
    """The results of the visible tests, as `format_verdict` words them."""
    trace: str
    """The values line by line on the first failing test, as `show_trace` formats them but without a
    heading; empty if all tests pass."""
    wrong_step: int
    """The index of the first step whose value differs, counted from 0; -1 if there is none."""


def attempt_of(task: GradedTask, steps: Sequence[Step]) -> Attempt | None:
    """Run steps in this process; return None if they raise or if a value is too long to show."""
    program = program_of(task.name, task.arguments, steps)
    try:
        run = compile_chain(steps, largest=_LARGEST)
        right = all(_same(run(case.arguments)[-1], case.result) for case in _cases(task))
        outcomes = [(case, run(case.arguments)) for case in task.given]
        wrong = -1 if right else _first_difference(task, steps)
    except FAILURES:
        return None
    if any(_is_long(value) for _, values in outcomes for value in values):
        return None
    failed = [(case, values) for case, values in outcomes if not _same(values[-1], case.result)]
    evidence = _evidence(task, failed, len(outcomes))
    trace = _trace(program, task.arguments, *failed[0]) if failed else ""
    return Attempt(program, tuple(steps), right, not failed, evidence, trace, wrong)


def read_attempt(task: GradedTask, program: str) -> Attempt | None:
    """Return an attempt that the model wrote, or None if it cannot be run in this process."""
    steps = read_steps(program.strip("\n"), arguments=task.arguments)
    return attempt_of(task, steps) if steps and len(steps) <= 14 else None


def spoiled(task: GradedTask, rng: random.Random) -> Attempt | None:
    """Return an attempt with one or two wrong steps, most often a misread vague one."""
    steps = list(task.steps)
    if len(steps) > 1 and rng.random() < 0.07:
        del steps[rng.randrange(len(steps))]
        return attempt_of(task, steps)
    unclear = [index for index, phrase in enumerate(task.phrases) if phrase]
    wrong = 1 if len(steps) == 1 or rng.random() < 0.7 else 2
    for _ in range(wrong):
        vague = unclear and rng.random() < 0.75
        index = rng.choice(unclear) if vague else rng.randrange(len(steps))
        steps[index] = _mistaken(steps[index], task.phrases[index], rng)
    return attempt_of(task, steps)


def reference(task: GradedTask) -> Attempt:
    """Return the correct program as an attempt."""
    attempt = attempt_of(task, task.steps)
    assert attempt is not None, task.labelled.problem.id
    return attempt


def _mistaken(step: Step, phrase: str, rng: random.Random) -> Step:
    operation = step.operation
    others = list(alternatives(step, phrase)) if phrase else []
    if others and rng.random() < 0.85:
        return rng.choice(others)
    if len(operation.constants) > 1 and rng.random() < 0.5:
        return Step(operation, rng.choice(operation.constants))
    similar = [
        other
        for other in ALL_OPERATIONS
        if (other.takes, other.gives) == (operation.takes, operation.gives)
    ]
    chosen = rng.choice(similar)
    return Step(chosen, rng.choice(chosen.constants) if chosen.constants else None)


def _cases(task: GradedTask) -> tuple[Case, ...]:
    return (*task.given, *task.examples, *task.hidden)


def _same(value: Value, expected: Value) -> bool:
    return value == expected and type(value) is type(expected)


def _first_difference(task: GradedTask, steps: Sequence[Step]) -> int:
    """Return the index of the first step after which a value differs from the reference's."""
    mine = compile_chain(steps, largest=_LARGEST)
    theirs = compile_chain(task.steps)
    runs = [(mine(case.arguments), theirs(case.arguments)) for case in _cases(task)]
    shorter = min(len(steps), len(task.steps))
    for index in range(shorter):
        if any(not _same(one[index], other[index]) for one, other in runs):
            return index
    return shorter - 1 if len(steps) > len(task.steps) else min(shorter, len(steps) - 1)


def _evidence(task: GradedTask, failed: Sequence[tuple[Case, list[Value]]], count: int) -> str:
    if not failed:
        return f"It passed all {count} tests."
    shown = [
        f"Failing case: {call(task.name, case)} (failed)\n"
        f"Expected: {case.result!r}\nGot: {values[-1]!r}"
        for case, values in failed
    ]
    return "\n\n".join([f"It passed {count - len(failed)} of {count} tests.", *shown])


def _trace(program: str, names: Sequence[str], case: Case, values: Sequence[Value]) -> str:
    header, *lines = program.split("\n")
    bound = ", ".join(f"{n} = {v!r}" for n, v in zip(names, case.arguments, strict=True))
    shown = [f"line 1  {header}    # {bound}"]
    before = repr(case.arguments[0]) if names[0] == "x" else ""
    for number, (line, value) in enumerate(zip(lines, values, strict=True), 2):
        name = "return" if number == len(program.split("\n")) else "x"
        if name == "return" or repr(value) != before:
            shown.append(f"line {number}  {line.strip()}    # {name} = {value!r}")
        before = repr(value)
    return "\n".join(shown)


def _is_long(value: Value) -> bool:
    many = isinstance(value, list | dict) and len(value) > _MAX_SHOWN
    return many or len(repr(value)) > _LONGEST_SHOWN
