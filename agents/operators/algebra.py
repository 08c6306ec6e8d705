"""Operators and how they combine.

    repair = Reviewer(model) >> Refiner(model).unless(approved())
    panel = Solver(small) | Solver(large)

`a >> b` works in turn: b sees what a made. `a | b` works side by side and keeps what both made.
`.when(rule)` and `.unless(rule)` are gates, and `.over(choose)` picks other parents. A plain
function of a `Task`, async or not, may stand on either side.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any

from refinegraph.agents.operators.outcomes import as_outcome
from refinegraph.agents.operators.task import Outcome, Task
from refinegraph.errors import DeadlineExceeded, ModelError
from refinegraph.schema import Candidate
from refinegraph.support.awaiting import MaybeAwaitable, settle, wait_for_all
from refinegraph.support.signatures import check_part, name_of

OperatorFunction = Callable[[Task], MaybeAwaitable[Any]]
"""A plain function as an operator: it returns whatever `as_outcome` can read."""
Rule = Callable[[Task], MaybeAwaitable[bool]]
"""Decides whether an operator works on a task."""
Choose = Callable[[Task], Iterable[Candidate]]
"""Chooses the parents of a task."""


class Operator:
    """Make candidates, reviews, notes or tests out of what a task shows.

    A subclass implements `apply`. It may be used wherever an operator is expected, and so may any
    plain function of a `Task`.
    """

    @property
    def name(self) -> str:
        """The name of its node where it is part of a chain."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(self).__name__).lower()

    @property
    def stages(self) -> tuple["Operator", ...]:
        """The operators that work one after the other; each one is a node of the graph."""
        return (self,)

    @property
    def proposes(self) -> bool:
        """Whether it may make candidates; a run without any is not lost where it cannot."""
        return True

    async def apply(self, task: Task) -> Outcome:
        """Return what the move brings. Costs whatever the operator calls."""
        raise NotImplementedError(f"{type(self).__name__} does not implement apply(task).")

    def __rshift__(self, other: "OperatorLike") -> "Operator":
        """Work in turn: the other operator sees what this one made."""
        return Chain(*self.stages, *as_operator(other).stages)

    def __rrshift__(self, other: "OperatorLike") -> "Operator":
        """Work in turn, after a plain function."""
        return as_operator(other) >> self

    def __or__(self, other: "OperatorLike") -> "Operator":
        """Work side by side and keep what both made."""
        return Both(*_sides(self), *_sides(as_operator(other)))

    def __ror__(self, other: "OperatorLike") -> "Operator":
        """Work side by side with a plain function."""
        return as_operator(other) | self

    def when(self, rule: Rule) -> "Operator":
        """Work only where the rule holds for the task."""
        return Gate(self, rule, opens_on=True)

    def unless(self, rule: Rule) -> "Operator":
        """Work only where the rule does not hold for the task."""
        return Gate(self, rule, opens_on=False)

    def over(self, choose: Choose) -> "Operator":
        """Work on the parents that `choose` picks instead of the move's own."""
        return Over(self, choose)

    def named(self, name: str) -> "Operator":
        """Give it another name, by which its node is known."""
        return Named(self, name)

    def __repr__(self) -> str:
        """The expression that makes one like it."""
        return f"{type(self).__name__}()"


OperatorLike = Operator | OperatorFunction


def as_operator(thing: OperatorLike) -> Operator:
    """Return an operator from an operator or any function of a task.

    Raises `InputError` for what cannot be called with one task.

    >>> as_operator(lambda task: "4")
    step
    """
    if isinstance(thing, Operator):
        return thing
    check_part(thing, "an operator", "task")
    return FunctionOperator(thing)


class FunctionOperator(Operator):
    """A plain function as an operator."""

    def __init__(self, function: OperatorFunction) -> None:
        self.function = function

    @property
    def name(self) -> str:
        """The function's name."""
        return _function_name(self.function)

    async def apply(self, task: Task) -> Outcome:
        """Return what the function returns."""
        return as_outcome(await settle(self.function(task)), operator=self.name)

    def __repr__(self) -> str:
        """The function's name."""
        return self.name


class Chain(Operator):
    """Several operators in turn, each a node of the graph."""

    def __init__(self, *stages: Operator) -> None:
        self._stages = stages

    @property
    def name(self) -> str:
        """The name of the last stage, which makes what the chain is for."""
        return self._stages[-1].name

    @property
    def stages(self) -> tuple[Operator, ...]:
        """The operators in their order."""
        return self._stages

    @property
    def proposes(self) -> bool:
        """Whether any stage may make candidates."""
        return any(stage.proposes for stage in self._stages)

    async def apply(self, task: Task) -> Outcome:
        """Apply the stages in turn, as one; a graph applies them node by node instead."""
        total = Outcome()
        for stage in self._stages:
            outcome = await stage.apply(task)
            total += outcome
            task = _seeing(task, outcome)
        return total

    def __repr__(self) -> str:
        """The stages joined by `>>`."""
        return " >> ".join(_bracketed(stage, Both) for stage in self._stages)


class Both(Operator):
    """Several operators side by side on the same task, as one node."""

    def __init__(self, *operators: Operator) -> None:
        self.operators = operators

    @property
    def name(self) -> str:
        """The names joined by `_and_`, without repetitions."""
        return "_and_".join(dict.fromkeys(operator.name for operator in self.operators))

    @property
    def proposes(self) -> bool:
        """Whether any of them may make candidates."""
        return any(operator.proposes for operator in self.operators)

    async def apply(self, task: Task) -> Outcome:
        """Apply all of them at once and add what they made, in their order.

        A side that fails does not take the others' answers with it; where all fail, the first
        error is raised.
        """
        return await apply_at_once(operator.apply(task) for operator in self.operators)

    def __repr__(self) -> str:
        """The operators joined by `|`."""
        return " | ".join(map(repr, self.operators))


class _Wrapper(Operator):
    """An operator around another one."""

    def __init__(self, inner: Operator) -> None:
        self.inner = inner

    @property
    def name(self) -> str:
        """The name of the operator inside."""
        return self.inner.name

    @property
    def proposes(self) -> bool:
        """Whether the operator inside may make candidates."""
        return self.inner.proposes


class Gate(_Wrapper):
    """Apply an operator only where a rule opens the gate."""

    def __init__(self, inner: Operator, rule: Rule, *, opens_on: bool) -> None:
        super().__init__(inner)
        self.rule = rule
        self.opens_on = opens_on

    async def apply(self, task: Task) -> Outcome:
        """Return what the operator makes, or nothing where the gate is shut."""
        if bool(await settle(self.rule(task))) is not self.opens_on:
            return Outcome()
        return await self.inner.apply(task)

    def __repr__(self) -> str:
        """The operator and its gate."""
        gate = "when" if self.opens_on else "unless"
        return f"{_bracketed(self.inner, Chain, Both)}.{gate}({_rule_name(self.rule)})"


class Over(_Wrapper):
    """Apply an operator to chosen parents."""

    def __init__(self, inner: Operator, choose: Choose) -> None:
        super().__init__(inner)
        self.choose = choose

    async def apply(self, task: Task) -> Outcome:
        """Return what the operator makes of the chosen parents."""
        chosen = task.over(self.choose(task))
        outcome = await self.inner.apply(chosen)
        drafts = (draft._replace(parents=chosen.move.parents) for draft in outcome.drafts)
        return replace(outcome, drafts=tuple(drafts))

    def __repr__(self) -> str:
        """The operator and its choice of parents."""
        return f"{_bracketed(self.inner, Chain, Both)}.over({_rule_name(self.choose)})"


class Named(_Wrapper):
    """Give an operator another name."""

    def __init__(self, inner: Operator, name: str) -> None:
        super().__init__(inner)
        self._name = name

    @property
    def name(self) -> str:
        """The name that was given."""
        return self._name

    async def apply(self, task: Task) -> Outcome:
        """Return what the operator makes."""
        return await self.inner.apply(task)

    def __repr__(self) -> str:
        """The operator and its name."""
        return f"{_bracketed(self.inner, Chain, Both)}.named({self._name!r})"


async def attempt(applied: Awaitable[Outcome]) -> Outcome:
    """Wait for an outcome; a model that fails, a deadline or a budget becomes part of it."""
    try:
        return await applied
    except (ModelError, DeadlineExceeded) as error:
        return Outcome(errors=(error,))


async def apply_at_once(applications: Iterable[Awaitable[Outcome]]) -> Outcome:
    """Wait for several outcomes and add them in their order.

    One that fails does not take the others with it; where all fail, the first error is raised.
    """
    outcomes = await wait_for_all(*map(attempt, applications))
    if all(outcome.errors for outcome in outcomes):
        raise outcomes[0].errors[0]
    return sum(outcomes, Outcome())


def _seeing(task: Task, outcome: Outcome) -> Task:
    """Return a task that shows what was reviewed and noted so far."""
    return replace(task, reviews=task.reviews + outcome.reviews, notes=task.notes + outcome.notes)


def _sides(operator: Operator) -> tuple[Operator, ...]:
    return operator.operators if isinstance(operator, Both) else (operator,)


def _bracketed(operator: Operator, *looser: type[Operator]) -> str:
    return f"({operator!r})" if isinstance(operator, looser) else repr(operator)


def _rule_name(rule: Callable[..., object]) -> str:
    return rule.__name__ if inspect.isfunction(rule) else repr(rule)


def _function_name(function: Callable[..., object]) -> str:
    name = name_of(function)
    return name if name.isidentifier() else "step"
