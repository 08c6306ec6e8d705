"""Operators and the ways to combine them.

    repair = Reviewer(model) >> Refiner(model).unless(approved())
    panel = Solver(small) | Solver(large)

`a >> b` applies the operators in sequence: b sees what a produced. `a | b` applies them side by
side and combines their outcomes. `.when(rule)` and `.unless(rule)` apply an operator conditionally,
and `.over(choose)` selects other parents. Either side may be a plain function of a `Task`, async
or not.
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
"""A plain function as an operator; it returns anything that `as_outcome` accepts."""
Rule = Callable[[Task], MaybeAwaitable[bool]]
"""Decides whether an operator is applied to a task."""
Choose = Callable[[Task], Iterable[Candidate]]
"""Selects the parents of a task."""


class Operator:
    """Produce candidates, reviews, notes or tests from a task.

    Subclasses implement `apply`. A plain function of a `Task` may be used wherever an operator is
    expected.
    """

    @property
    def name(self) -> str:
        """The name of the operator's node when it is part of a chain."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(self).__name__).lower()

    @property
    def stages(self) -> tuple["Operator", ...]:
        """The operators that are applied in sequence, each as one node of the graph."""
        return (self,)

    @property
    def proposes(self) -> bool:
        """Whether the operator may produce candidates.

        A run without candidates has not failed if its operators cannot produce any.
        """
        return True

    async def apply(self, task: Task) -> Outcome:
        """Return the outcome of one move. Costs whatever the operator calls."""
        raise NotImplementedError(f"{type(self).__name__} does not implement apply(task).")

    def __rshift__(self, other: "OperatorLike") -> "Operator":
        """Apply the operators in sequence; the second sees what the first produced."""
        return Chain(*self.stages, *as_operator(other).stages)

    def __rrshift__(self, other: "OperatorLike") -> "Operator":
        """Apply a plain function first, then this operator."""
        return as_operator(other) >> self

    def __or__(self, other: "OperatorLike") -> "Operator":
        """Apply the operators side by side and combine their outcomes."""
        return Both(*_sides(self), *_sides(as_operator(other)))

    def __ror__(self, other: "OperatorLike") -> "Operator":
        """Apply a plain function and this operator side by side."""
        return as_operator(other) | self

    def when(self, rule: Rule) -> "Operator":
        """Apply the operator only if the rule is true for the task."""
        return Gate(self, rule, opens_on=True)

    def unless(self, rule: Rule) -> "Operator":
        """Apply the operator only if the rule is false for the task."""
        return Gate(self, rule, opens_on=False)

    def over(self, choose: Choose) -> "Operator":
        """Apply the operator to the parents that `choose` returns instead of the move's own."""
        return Over(self, choose)

    def named(self, name: str) -> "Operator":
        """Return the operator under another name, which is also the name of its node."""
        return Named(self, name)

    def __repr__(self) -> str:
        """Return an expression that constructs an equal operator."""
        return f"{type(self).__name__}()"


OperatorLike = Operator | OperatorFunction


def as_operator(thing: OperatorLike) -> Operator:
    """Return an operator from an operator or a function of a task.

    Raises `InputError` for anything that cannot be called with a single task.

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
    """Several operators in sequence, each a node of the graph."""

    def __init__(self, *stages: Operator) -> None:
        self._stages = stages

    @property
    def name(self) -> str:
        """The name of the last stage, which produces the chain's result."""
        return self._stages[-1].name

    @property
    def stages(self) -> tuple[Operator, ...]:
        """The operators in order."""
        return self._stages

    @property
    def proposes(self) -> bool:
        """Whether any stage may produce candidates."""
        return any(stage.proposes for stage in self._stages)

    async def apply(self, task: Task) -> Outcome:
        """Apply the stages in sequence; a graph applies them node by node instead."""
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
        """The distinct names, joined by `_and_`."""
        return "_and_".join(dict.fromkeys(operator.name for operator in self.operators))

    @property
    def proposes(self) -> bool:
        """Whether any of the operators may produce candidates."""
        return any(operator.proposes for operator in self.operators)

    async def apply(self, task: Task) -> Outcome:
        """Apply all operators concurrently and combine their outcomes in order.

        If an operator fails, the outcomes of the others are kept; if all fail, the first error is
        raised.
        """
        return await apply_at_once(operator.apply(task) for operator in self.operators)

    def __repr__(self) -> str:
        """The operators joined by `|`."""
        return " | ".join(map(repr, self.operators))


class _Wrapper(Operator):
    """Base class of operators that wrap another operator."""

    def __init__(self, inner: Operator) -> None:
        self.inner = inner

    @property
    def name(self) -> str:
        """The name of the inner operator."""
        return self.inner.name

    @property
    def proposes(self) -> bool:
        """Whether the inner operator may produce candidates."""
        return self.inner.proposes


class Gate(_Wrapper):
    """Apply an operator only if a rule allows it."""

    def __init__(self, inner: Operator, rule: Rule, *, opens_on: bool) -> None:
        super().__init__(inner)
        self.rule = rule
        self.opens_on = opens_on

    async def apply(self, task: Task) -> Outcome:
        """Return the operator's outcome, or an empty outcome if the gate is closed."""
        if bool(await settle(self.rule(task))) is not self.opens_on:
            return Outcome()
        return await self.inner.apply(task)

    def __repr__(self) -> str:
        """Return the operator with its gate."""
        gate = "when" if self.opens_on else "unless"
        return f"{_bracketed(self.inner, Chain, Both)}.{gate}({_rule_name(self.rule)})"


class Over(_Wrapper):
    """Apply an operator to selected parents."""

    def __init__(self, inner: Operator, choose: Choose) -> None:
        super().__init__(inner)
        self.choose = choose

    async def apply(self, task: Task) -> Outcome:
        """Return the operator's outcome for the selected parents."""
        selected = task.over(self.choose(task))
        outcome = await self.inner.apply(selected)
        drafts = (draft._replace(parents=selected.move.parents) for draft in outcome.drafts)
        return replace(outcome, drafts=tuple(drafts))

    def __repr__(self) -> str:
        """Return the operator with its choice of parents."""
        return f"{_bracketed(self.inner, Chain, Both)}.over({_rule_name(self.choose)})"


class Named(_Wrapper):
    """Give an operator another name."""

    def __init__(self, inner: Operator, name: str) -> None:
        super().__init__(inner)
        self._name = name

    @property
    def name(self) -> str:
        """The new name."""
        return self._name

    async def apply(self, task: Task) -> Outcome:
        """Return the operator's outcome."""
        return await self.inner.apply(task)

    def __repr__(self) -> str:
        """Return the operator with its name."""
        return f"{_bracketed(self.inner, Chain, Both)}.named({self._name!r})"


async def attempt(applied: Awaitable[Outcome]) -> Outcome:
    """Wait for an outcome; return a model failure or an exceeded deadline as part of it."""
    try:
        return await applied
    except (ModelError, DeadlineExceeded) as error:
        return Outcome(errors=(error,))


async def apply_at_once(applications: Iterable[Awaitable[Outcome]]) -> Outcome:
    """Wait for several outcomes and combine them in order.

    If one application fails, the others' outcomes are kept; if all fail, the first error is
    raised.
    """
    outcomes = await wait_for_all(*map(attempt, applications))
    if all(outcome.errors for outcome in outcomes):
        raise outcomes[0].errors[0]
    return sum(outcomes, Outcome())


def _seeing(task: Task, outcome: Outcome) -> Task:
    """Return the task with the outcome's reviews and notes added."""
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
