"""Made-up mistakes: programs of the grammar that are wrong in one step, to begin with."""

import ast
import random
from collections.abc import Sequence

from refinegraph.agents.feedback import format_verdict
from refinegraph.embedded.tasks import OPERATIONS, Task
from refinegraph.embedded.tasks.composition import program_source
from refinegraph.embedded.tasks.generation import run_steps
from refinegraph.embedded.tasks.operation import Operation, Step
from refinegraph.schema import CallCase, Candidate, CaseOutcome, Isolation, Verdict
from refinegraph.tools.test_cases import parse_tests
from training.documents import Attempt

_SAME_SHAPES: dict[tuple[str, str], list[Operation]] = {}
for _each in OPERATIONS:
    _SAME_SHAPES.setdefault((_each.takes, _each.gives), []).append(_each)


def made_up_attempt(task: Task, rng: random.Random, *, keep: float) -> Attempt | None:
    """Return an attempt that is wrong in a step, or right with the probability `keep`.

    None where the mistake does not run. Programs of the grammar are this project's own, so they
    run in this process.
    """
    name = task.labelled.problem.entry_point or ""
    steps = task.steps if rng.random() < keep else _spoil(task, rng)
    try:
        evidence, right = _evidence(task, steps)
    except (ValueError, TypeError, IndexError, KeyError, AttributeError):
        return None
    return Attempt(program_source(name, steps, argument=task.argument), evidence, right)


def _spoil(task: Task, rng: random.Random) -> Sequence[Step]:
    steps = list(task.steps)
    if len(steps) > 1 and rng.random() < 0.1:
        del steps[rng.randrange(len(steps))]
        return steps
    unclear = [place for place, vague in enumerate(task.vague) if vague]
    places = unclear if unclear and rng.random() < 0.7 else range(len(steps))
    for place in {rng.choice(places), rng.choice(places)}:
        steps[place] = _other(steps[place], rng)
    return steps


def _other(step: Step, rng: random.Random) -> Step:
    """Confuse a step with a sibling, or its constant with another."""
    operation = step.operation
    if operation.constants and rng.random() < 0.4:
        return Step(operation, rng.choice(operation.constants))
    kin = _SAME_SHAPES[operation.takes, operation.gives]
    siblings = [each for each in kin if set(each.vague) & set(operation.vague)]
    chosen = rng.choice(siblings if len(siblings) > 1 and rng.random() < 0.75 else kin)
    keeps = step.constant in chosen.constants
    constant = step.constant if keeps else rng.choice(chosen.constants or (None,))
    return Step(chosen, constant)


def _evidence(task: Task, steps: Sequence[Step]) -> tuple[str, bool]:
    outcomes = [_outcome(test, steps) for test in given_cases(task)]
    right = all(outcome.passed for outcome in outcomes)
    verdict = Verdict(
        passed=right,
        status="passed" if right else "failed",
        tests=tuple(outcomes),
        isolation=Isolation(tier="none"),
    )
    return format_verdict(Candidate(id="0.0", operator="solve", text="", verdict=verdict)), right


def _outcome(test: CallCase, steps: Sequence[Step]) -> CaseOutcome:
    [argument] = ast.literal_eval(test.arguments)
    expected = ast.literal_eval(test.expected)
    call = f"{test.entry_point}({argument!r})"
    got = run_steps(steps, argument)
    same = got == expected and type(got) is type(expected)
    return CaseOutcome(
        id=test.id,
        status="passed" if same else "failed",
        call=call,
        expected=None if same else repr(expected),
        got=None if same else repr(got),
    )


def given_cases(task: Task) -> list[CallCase]:
    """Return the visible tests of a task."""
    problem = task.labelled.problem
    tests = parse_tests(problem.tests, entry_point=problem.entry_point)
    return [test for test in tests if isinstance(test, CallCase)]
