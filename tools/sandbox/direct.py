"""Recognize tests that only compare calls of the program with literals.

Such tests need no process of their own: the host makes the calls and compares the values, as it
does for `check`. All other tests run as they are written, in a second process.
"""

import ast
import builtins
import operator
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from refinegraph.support.syntax import parse_source
from refinegraph.tools.sandbox.guest import codec
from refinegraph.tools.sandbox.guest.describing import readable, shorten
from refinegraph.tools.sandbox.process import Message

Values = Sequence[object]
"""The values that the calls of an assertion returned, in the order of the calls."""
Evaluate = Callable[[Values], Any]

_BUILTIN = frozenset(dir(builtins))
_HARMLESS = frozenset(
    ("collections", "copy", "functools", "itertools", "math", "random", "re", "string", "typing")
)
"""Modules that a test may import without using them."""
_OPERATORS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda one, other: one in other,
    ast.NotIn: lambda one, other: one not in other,
}
_IDENTITIES: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_LARGEST = 10**15
"""The largest operand of arithmetic between literals, which bounds its cost."""
_LONGEST_CACHED = 50_000
"""Characters of a test beyond which what was recognized is not kept in memory: a choice."""


class _NotDirect(Exception):
    """A test does something other than comparing calls with literals."""


class DirectCall(NamedTuple):
    """A call of a function of the program, with encoded arguments."""

    name: str
    arguments: list[Any]
    keywords: Message


class Assertion(NamedTuple):
    """An assertion about the values of calls."""

    calls: tuple[DirectCall, ...]
    left: Evaluate
    right: Evaluate | None
    holds: Callable[[Any, Any], Any]
    source: str
    said: str

    def failure(self, values: Values) -> Message | None:
        """Return what a test process would report, or None if the assertion holds."""
        left = self.left(values)
        right = self.right(values) if self.right else None
        if self.holds(left, right):
            return None
        reply: Message = {"status": "failed", "said": self.said, "call": shorten(self.source)}
        if self.right:
            reply.update(got=readable(left), expected=readable(right))
        return reply


class DirectTest(NamedTuple):
    """A test that consists of assertions about calls."""

    assertions: tuple[Assertion, ...]

    @property
    def names(self) -> frozenset[str]:
        """The functions that the test calls."""
        return frozenset(call.name for part in self.assertions for call in part.calls)


def direct_tests(
    tests: Sequence[str], *, preamble: str, entry_point: str | None
) -> list[DirectTest] | None:
    """Return what the tests compare, or None if any of them does anything else.

    A name that may belong to the tests rather than to the program is never taken for a function of
    the program: only the `entry_point` may be a builtin's name, or a name of the preamble.
    """
    surroundings = _Surroundings(
        entry_point,
        is_alone=not preamble.strip(),
        has_own_abs=any(word in preamble for word in ("abs", "*")),
    )
    found: list[DirectTest] = []
    for test in tests:
        read = _cached if len(test) <= _LONGEST_CACHED else _read
        direct = read(test, surroundings)
        if direct is None:
            return None
        found.append(direct)
    return found


class _Surroundings(NamedTuple):
    """What a test's names may stand for besides functions of the program."""

    entry_point: str | None
    is_alone: bool
    """Whether there is no preamble."""
    has_own_abs: bool
    """Whether the preamble may give another meaning to `abs`."""

    def leave_to_program(self, name: str) -> bool:
        """Return whether a name is one of the program, if the program has it."""
        return name == self.entry_point or (self.is_alone and name not in _BUILTIN)


def _read(test: str, surroundings: _Surroundings) -> DirectTest | None:
    try:
        return DirectTest(tuple(_Reader(test, surroundings).assertions()))
    except (_NotDirect, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


_cached = lru_cache(maxsize=512)(_read)  # several times the tests of problems run at once


class _Reader:
    """Read the assertions of one test; raises `_NotDirect`."""

    def __init__(self, test: str, surroundings: _Surroundings) -> None:
        self._test = test
        self._surroundings = surroundings
        self._called: dict[str, str] = {}
        """The functions of the program by the names that the test has for them."""
        self._bound: set[str] = set()
        """The other names of the test."""
        self._calls: list[DirectCall] = []

    def assertions(self) -> Iterator[Assertion]:
        """Return all assertions in the order in which they are made."""
        checks: dict[str, ast.FunctionDef] = {}
        for statement in parse_source(self._test).body:
            if isinstance(statement, ast.FunctionDef):
                self._bind(statement.name)
                checks[statement.name] = _plain(statement)
            elif (check := _check_called(statement)) is None:
                yield from self._statement(statement)
            else:
                yield from self._check(checks.pop(check.name, None), check.argument)

    def _check(self, check: ast.FunctionDef | None, function: str | None) -> Iterator[Assertion]:
        """Return the assertions of `def check(candidate)` or `def test_it()`, which is called."""
        if check is None or len(check.args.args) != (function is not None):
            raise _NotDirect
        for argument in check.args.args:
            self._name_function(argument.arg, function or "")
        for statement in check.body:
            yield from self._statement(statement)
        for argument in check.args.args:  # its name means nothing outside
            self._called.pop(argument.arg, None)

    def _name_function(self, name: str, function: str) -> None:
        """Note that a name stands for a function of the program."""
        is_taken = name in self._bound or function in self._bound
        if is_taken or not self._surroundings.leave_to_program(function):
            raise _NotDirect
        if self._called.setdefault(name, function) != function:
            raise _NotDirect

    def _bind(self, name: str) -> None:
        """Note that a name stands for something of the test."""
        if name in {*self._called, *self._called.values(), self._surroundings.entry_point, "abs"}:
            raise _NotDirect
        self._bound.add(name)

    def _statement(self, statement: ast.stmt) -> Iterator[Assertion]:
        if isinstance(statement, ast.Assert):
            yield from self._assertion(statement)
        else:
            for name in _bound_by(statement):
                self._bind(name)

    def _assertion(self, node: ast.Assert) -> Iterator[Assertion]:
        self._calls = []
        said = "" if node.msg is None else shorten(str(_literal(node.msg)))
        source = ast.get_source_segment(self._test, node) or ""
        left, right, holds = self._comparison(node.test)
        if self._calls:
            yield Assertion(tuple(self._calls), left, right, holds, source, said)
        elif right or not left(()):
            raise _NotDirect

    def _comparison(
        self, node: ast.expr
    ) -> tuple[Evaluate, Evaluate | None, Callable[[Any, Any], Any]]:
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return self._side(node.operand), None, lambda value, _: not value
        if not isinstance(node, ast.Compare):
            return self._side(node), None, lambda value, _: value
        if len(node.ops) != 1:
            raise _NotDirect
        kind, other = type(node.ops[0]), node.comparators[0]
        holds = _OPERATORS.get(kind) or _IDENTITIES[kind]
        if kind in _IDENTITIES and not _is_singleton(other):
            raise _NotDirect
        return self._side(node.left), self._side(other), holds

    def _side(self, node: ast.expr) -> Evaluate:
        """Return a side of a comparison: a call, a literal, or `abs` of a difference of these."""
        if not isinstance(node, ast.Call):
            value = _literal(node)
            return lambda _: value
        if not isinstance(node.func, ast.Name):
            raise _NotDirect
        function = self._called.get(node.func.id)
        if function is None and node.func.id == "abs":
            return self._distance(node)
        if function is None:
            function = node.func.id
            self._name_function(function, function)
        self._calls.append(_call_of(function, node))
        number = len(self._calls) - 1
        return lambda values: values[number]

    def _distance(self, node: ast.Call) -> Evaluate:
        inner = node.args[0] if len(node.args) == 1 and not node.keywords else None
        if not (isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Sub)):
            raise _NotDirect
        if self._surroundings.has_own_abs or self._surroundings.entry_point == "abs":
            raise _NotDirect
        left, right = self._side(inner.left), self._side(inner.right)
        return lambda values: abs(left(values) - right(values))


class _Checked(NamedTuple):
    name: str
    argument: str | None


def _check_called(statement: ast.stmt) -> _Checked | None:
    """Return the function that a statement calls with at most one name, as tests are called."""
    if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)):
        return None
    call = statement.value
    if not isinstance(call.func, ast.Name) or call.keywords or len(call.args) > 1:
        return None
    if not call.args:
        return _Checked(call.func.id, None)
    argument = call.args[0]
    return _Checked(call.func.id, argument.id) if isinstance(argument, ast.Name) else None


def _plain(function: ast.FunctionDef) -> ast.FunctionDef:
    """Return a function whose definition evaluates nothing."""
    taken = function.args
    others = (taken.posonlyargs, taken.kwonlyargs, taken.defaults, function.decorator_list)
    notes = (function.returns, *(argument.annotation for argument in taken.args))
    if any(others) or taken.vararg or taken.kwarg or any(notes):
        raise _NotDirect
    return function


def _call_of(function: str, node: ast.Call) -> DirectCall:
    keywords: Message = {}
    for keyword in node.keywords:
        if keyword.arg is None or keyword.arg in keywords:
            raise _NotDirect
        keywords[keyword.arg] = _encoded(keyword.value)
    return DirectCall(function, [_encoded(argument) for argument in node.args], keywords)


def _encoded(node: ast.expr) -> Any:
    try:
        return codec.encode(_literal(node))
    except codec.Unserializable:
        raise _NotDirect from None


def _literal(node: ast.expr) -> Any:
    """Return the value of a literal, or of arithmetic between numbers."""
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        left, right = _literal(node.left), _literal(node.right)
        if not all(type(side) in (int, float) and abs(side) < _LARGEST for side in (left, right)):
            raise _NotDirect
        try:
            return _ARITHMETIC[type(node.op)](left, right)
        except ArithmeticError:
            raise _NotDirect from None
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError):
        raise _NotDirect from None


def _is_singleton(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and (node.value is None or type(node.value) is bool)


def _bound_by(statement: ast.stmt) -> list[str]:
    """Return the names that a statement binds, if it has no effect on anything else."""
    if isinstance(statement, ast.Pass):
        return []
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return []
    if isinstance(statement, ast.Import):
        names = [alias.name for alias in statement.names if not alias.asname]
        if len(names) == len(statement.names) and _HARMLESS.issuperset(names):
            return names
    if isinstance(statement, ast.Assign):
        _literal(statement.value)
        names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
        if len(names) == len(statement.targets):
            return names
    raise _NotDirect
