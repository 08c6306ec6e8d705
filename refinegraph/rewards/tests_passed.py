"""A reward for programs that pass their tests, run in isolation so that it cannot be forged."""

from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, cast, overload

from refinegraph.errors import InputError, SandboxUnavailable
from refinegraph.rewards.programs import (
    Attempt,
    as_source,
    read_tests,
    sandbox_for,
    text_of,
)
from refinegraph.support.awaiting import wait_for_all
from refinegraph.support.blocking import run_sync
from refinegraph.tools.sandbox import Sandbox

_Rewards = list[float | None]


class TestsPassed:
    """The reward that `tests_passed` returns."""

    __test__ = False  # its name would make pytest collect it
    __name__ = "tests_passed"

    def __init__(
        self,
        *,
        tests: str,
        entry_point: str,
        preamble: str,
        partial: bool,
        sandbox: Sandbox,
    ) -> None:
        self._columns = {"tests": tests, "entry_point": entry_point, "preamble": preamble}
        self._partial = partial
        self._sandbox = sandbox

    @overload
    async def __call__(self, *, completion: object, **columns: Any) -> float: ...

    @overload
    async def __call__(self, *, trace: object, **columns: Any) -> float: ...

    @overload
    async def __call__(
        self, prompts: object = None, completions: Sequence[object] = ..., **columns: Any
    ) -> _Rewards: ...

    async def __call__(
        self,
        prompts: object = None,
        completions: Sequence[object] | None = None,
        *,
        completion: object = None,
        trace: Any = None,
        **columns: Any,
    ) -> float | _Rewards:
        """Return the rewards of several completions, or the reward of a single one.

        Args:
            prompts: The prompts of the completions; ignored.
            completions: Texts, or lists of messages of which the last one counts. Every column is
                then a list of the same length. A completion without tests gets None.
            completion: A single completion, with single values in the columns.
            trace: A trace of verifiers, for its last reply and the columns of its task.
            columns: The columns of the dataset, and `log_metric` from TRL.
        """
        if trace is not None:
            return await self._single(trace.last_reply, _fields(trace.task.data))
        if completions is None:
            return await self._single(completion, columns)
        return await self._batch(completions, columns)

    def sync(self, *args: Any, **columns: Any) -> Any:
        """Do the same synchronously; this also works inside a running event loop."""
        call: Any = self
        work: Coroutine[Any, Any, Any] = call(*args, **columns)
        return run_sync(work)

    async def attempt(self, completion: object, **columns: Any) -> Attempt:
        """Return the program in one completion, with its verdict.

        Raises `InputError` if no column contains tests, or if they cannot be parsed.
        """
        values = self._values(columns)
        source = as_source(values["tests"])
        if source is None:
            name = self._columns["tests"]
            raise InputError(f"there are no tests in a column {name!r}; name the column by tests=.")
        entry_point, preamble = values["entry_point"], values["preamble"]
        tests = read_tests(source, str(entry_point) if entry_point else None, str(preamble or ""))
        return await tests.attempt(text_of(completion), self._sandbox)

    async def _single(self, completion: object, columns: Mapping[str, Any]) -> float:
        return self._worth(await self.attempt(completion, **columns))

    async def _batch(self, completions: Sequence[object], columns: Mapping[str, Any]) -> _Rewards:
        rows = [_row(columns, number, len(completions)) for number in range(len(completions))]
        pairs = zip(completions, rows, strict=True)
        attempts = await wait_for_all(*(self._attempt_or_none(*pair) for pair in pairs))
        _log(columns.get("log_metric"), attempts)
        return [None if attempt is None else self._worth(attempt) for attempt in attempts]

    async def _attempt_or_none(self, completion: object, row: Mapping[str, Any]) -> Attempt | None:
        """Judge a completion; return None if it has no tests or if the sandbox fails."""
        if as_source(self._values(row)["tests"]) is None:
            return None
        try:
            return await self.attempt(completion, **row)
        except SandboxUnavailable:
            await self._require_sandbox()
            return None

    async def _require_sandbox(self) -> None:
        """Raise `SandboxUnavailable` if even a trivial program fails, so no reward is valid."""
        verdict = await self._sandbox.check("def probe():\n    return 1", "probe", [((), 1)])
        if not verdict.passed:
            raise SandboxUnavailable(verdict.detail)

    def _values(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        info: Any = columns.get("info")
        nested = cast("Mapping[str, Any]", info if isinstance(info, Mapping) else {})
        return {part: columns.get(name, nested.get(name)) for part, name in self._columns.items()}

    def _worth(self, attempt: Attempt) -> float:
        return attempt.share if self._partial else float(attempt.passed)


def tests_passed(
    *,
    tests: str = "tests",
    entry_point: str = "entry_point",
    preamble: str = "preamble",
    partial: bool = False,
    timeout: float = 5.0,
    sandbox: Sandbox | None = None,
) -> TestsPassed:
    """Return a reward function: 1 if the program in a completion passes its tests, otherwise 0.

    A program cannot forge the reward: it runs in the sandbox, the expected values stay in this
    process, and neither its output nor its exit status counts as evidence. The returned object is
    async and can be used as

    * a reward function of TRL: `reward_funcs=[tests_passed()]`, or `tests_passed().sync` for
      trainers that do not await;
    * a reward of verifiers: `async def passed(self, trace): return await reward(trace=trace)`;
    * a plain function: `await reward(completion=text, tests="assert add(1, 2) == 3")`.

    Args:
        tests: Name of the column with the tests: assert lines (also as a list), test functions,
            doctests or JSON cases.
        entry_point: Name of the column with the function's name; inferred from the tests if the
            column is missing.
        preamble: Name of the column with source that tests and programs rely on.
        partial: Whether to return the share of the tests that passed.
        timeout: Seconds of elapsed or of CPU time after which a program is killed.
        sandbox: Where programs run. Its own limits apply, and `timeout` is ignored.

    >>> import asyncio
    >>> reward = tests_passed()
    >>> answers = ["def add(a, b): return a + b", "def add(a, b): return 3"]
    >>> reward.sync(completions=answers, tests=["assert add(2, 2) == 4"] * 2)
    [1.0, 0.0]
    >>> asyncio.run(reward(completion=answers[0], tests="assert add(1, 2) == 3"))
    1.0
    """
    return TestsPassed(
        tests=tests,
        entry_point=entry_point,
        preamble=preamble,
        partial=partial,
        sandbox=sandbox or sandbox_for(timeout),
    )


tests_passed.__test__ = False  # type: ignore[attr-defined]


def _row(columns: Mapping[str, Any], number: int, count: int) -> dict[str, Any]:
    """Return the columns of one completion; any value but a list of `count` items is shared."""
    return {name: _cell(value, number, count) for name, value in columns.items()}


def _cell(value: Any, number: int, count: int) -> Any:
    if not isinstance(value, list | tuple):
        return value
    values = cast("Sequence[Any]", value)
    return values[number] if len(values) == count else values


def _fields(data: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", data if isinstance(data, Mapping) else vars(data))


def _log(log_metric: Any, attempts: Sequence[Attempt | None]) -> None:
    """Log the share of every verdict status, if the trainer accepts metrics."""
    if log_metric is None or not attempts:
        return
    endings = Counter(
        attempt.verdict.status if attempt.verdict else "no_program"
        for attempt in attempts
        if attempt
    )
    for status, count in endings.items():
        log_metric(f"tests_passed/{status}", count / len(attempts))
