"""What is said in a run: a program is loaded, called and tested."""

import socket
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from refinegraph.schema import CaseOutcome, CaseStatus
from refinegraph.tools.sandbox.comparing import same_value, show
from refinegraph.tools.sandbox.dialogue import Dialogue
from refinegraph.tools.sandbox.direct import Assertion, DirectCall, DirectTest
from refinegraph.tools.sandbox.guest import codec
from refinegraph.tools.sandbox.guest.describing import shorten
from refinegraph.tools.sandbox.guest.remote import exception_fields
from refinegraph.tools.sandbox.outcomes import (
    error_in,
    printable,
    seconds_in,
    trace_in,
    traceback_in,
    unit_outcome,
)
from refinegraph.tools.sandbox.process import Message
from refinegraph.tools.sandbox.sides import keep_sides
from refinegraph.tools.sandbox.workers import Worker


class NeedsTester(Exception):
    """Tests have to run in a process of their own after all."""


class Call(NamedTuple):
    """The arguments of a call and the expected result."""

    id: str
    arguments: tuple[object, ...]
    expected: object


class Conversation(Dialogue):
    """The processes of one run, and what each kind of run asks of them."""

    def check(
        self, worker: Worker, source: str, entry_point: str, calls: Sequence[Call]
    ) -> list[CaseOutcome]:
        """Request the result of every call and compare it on the host."""
        self.program = self._begin(worker, self._program_job(source))
        names = self._load()
        if names is None:
            return self._not_loaded([call.id for call in calls])
        if names.get(entry_point, ["missing"])[0] not in ("function", "other"):
            error = f"the program defines no function {entry_point!r}"
            return [CaseOutcome(id=call.id, status="error", error=error) for call in calls]
        self.program.post(
            *(
                _request(number, entry_point, call, last=number == len(calls))
                for number, call in enumerate(calls, 1)
            )
        )
        outcomes: list[CaseOutcome] = []
        for number, call in enumerate(calls, 1):
            written = f"{entry_point}({', '.join(map(show, call.arguments))})"[:600]
            outcomes.append(self._compared(call, written, self._answer(number)))
            if self.broken:
                return outcomes
        if calls:
            self._expect_silence()
        return outcomes

    def test_directly(
        self,
        worker: Worker,
        source: str,
        units: Sequence[str],
        ids: Sequence[str],
        tests: Sequence[DirectTest],
    ) -> list[CaseOutcome]:
        """Make the calls of tests that only compare calls, and compare the values on the host.

        Raises `NeedsTester` if only a test process can tell what such a test comes to.
        """
        self.program = self._begin(worker, self._program_job(source))
        names = self._load()
        if names is None:
            return self._not_loaded(ids)
        called = frozenset[str]().union(*(test.names for test in tests))
        if any(names.get(name, ["missing"])[0] != "function" for name in called):
            raise NeedsTester
        requests = _Requests(tests)
        outcomes: list[CaseOutcome] = []
        for number, (name, unit) in enumerate(zip(ids, units, strict=True)):
            outcomes.append(self._direct_outcome(name, unit, number, requests))
            if self.broken:
                return outcomes
        if requests.are_all_sent:
            self._expect_silence()
        elif self.program.has_said_more:
            self._break("protocol_violation")
        return outcomes

    def test(
        self,
        workers: Sequence[Worker],
        source: str,
        units: Sequence[str],
        ids: Sequence[str],
        preamble: str,
        entry_point: str | None,
    ) -> list[CaseOutcome]:
        """Run tests in one process that calls the program in another one over a socket."""
        one, other = socket.socketpair()
        job = {
            "role": "tests",
            **_units_to_run(units),
            "preamble": preamble,
            "call_seconds": self.policy.call_seconds,
            "entry_point": entry_point,
        }
        with one, other:
            self.program = self._begin(workers[0], self._program_job(source), peer=one)
            self.tester = self._begin(workers[1], job, peer=other)
        names = self._load()
        if names is None:
            return self._not_loaded(ids)
        self._arm(self.tester)
        if self._listen(self.tester) is None:
            return self._not_loaded(ids)
        self.tester.post({"names": names})
        outcomes = self._units(units, ids)
        if self.program.has_said_more:
            self._break("protocol_violation")
        return outcomes

    def test_in_process(
        self,
        worker: Worker,
        source: str,
        units: Sequence[str],
        ids: Sequence[str],
        preamble: str,
    ) -> list[CaseOutcome]:
        """Run tests in the program's own process, which can forge their results."""
        job = {"role": "tests in process", **_units_to_run(units), "preamble": preamble}
        self.program = self.tester = self._begin(worker, {**job, "source": source})
        self._arm(self.program)
        reply = self._listen(self.tester)
        if reply is None or not reply.get("loaded"):
            self._refuse_load(reply)
            return self._not_loaded(ids)
        return self._units(units, ids)

    def run(self, worker: Worker, source: str, stdin: bytes) -> list[CaseOutcome]:
        """Run a script to completion."""
        job = {"role": "script", "source": source}
        self.program = self._begin(worker, job, stdin=stdin)
        self._arm(self.program)
        reply = self._listen(self.program)
        if reply is None:
            return [self._broken_outcome("script", "")]
        if reply.get("code") == 0:
            return [CaseOutcome(id="script", status="passed")]
        error = error_in(reply) or f"it ended with exit code {reply.get('code')}"
        return [
            CaseOutcome(id="script", status="error", error=error, traceback=traceback_in(reply))
        ]

    def _units(self, units: Sequence[str], ids: Sequence[str]) -> list[CaseOutcome]:
        outcomes: list[CaseOutcome] = []
        for number, (name, unit) in enumerate(zip(ids, units, strict=True)):
            outcomes.append(self._unit(number, name, unit))
            if self.broken:
                break
        return outcomes

    def _unit(self, number: int, name: str, unit: str) -> CaseOutcome:
        """Wait for the tester's result of one test."""
        assert self.tester
        call = _last_line(unit)
        reply = self._listen(self.tester)
        if reply is None:
            return self._broken_outcome(name, call)
        if self._tracing:
            self.trace = trace_in(reply)
        if reply.get("unit") != number:
            self._break("protocol_violation")
        elif "lost" in reply:
            self._record_lost(str(reply["lost"]))
        if self.broken:
            return self._broken_outcome(name, call)
        return unit_outcome(name, call, reply)

    def _direct_outcome(
        self, name: str, unit: str, number: int, requests: "_Requests"
    ) -> CaseOutcome:
        """Return the outcome of one test that only compares calls."""
        seconds, reply = 0.0, Message(status="passed")
        for part in requests.tests[number].assertions:
            values, error, taken = self._values(part, number, requests)
            seconds += taken
            if self.broken:
                return self._broken_outcome(name, _last_line(unit))
            try:
                failure = error or part.failure(values)
            except Exception:
                raise NeedsTester from None
            if failure:
                reply = failure
                break
        return unit_outcome(name, _last_line(unit), {**reply, "seconds": seconds})

    def _values(
        self, part: Assertion, number: int, requests: "_Requests"
    ) -> tuple[list[object], Message | None, float]:
        """Return the values of an assertion's calls, or the error of one, and the seconds taken."""
        assert self.program
        values: list[object] = []
        seconds = 0.0
        for _ in part.calls:
            self.program.post(*requests.due(number))
            reply = self._answer(requests.next_answer())
            if reply is None:
                break
            seconds += seconds_in(reply)
            if "value" not in reply:
                return values, _error_of(reply), seconds
            try:
                values.append(codec.decode(reply["value"]))
            except codec.Malformed:
                self._break("protocol_violation")
                break
        return values, None, seconds

    def _compared(self, call: Call, written: str, reply: Message | None) -> CaseOutcome:
        expected = show(call.expected)
        if reply is not None and "value" in reply:
            try:
                got = codec.decode(reply["value"], self.policy.result_depth)
            except codec.Malformed:
                self._break("protocol_violation")
                return self._broken_outcome(call.id, written, expected)
            passed = same_value(got, call.expected, relative=self.policy.relative_tolerance)
            return CaseOutcome(
                id=call.id,
                status="passed" if passed else "failed",
                call=written,
                expected=expected,
                got=printable(show(got)),
                seconds=seconds_in(reply),
            )
        if reply is None:
            return self._broken_outcome(call.id, written, expected)
        return self._no_value(call, written, expected, reply)

    def _no_value(self, call: Call, written: str, expected: str, reply: Message) -> CaseOutcome:
        status: CaseStatus = "error"
        error = error_in(reply)
        if "unserializable" in reply:
            status = "unserializable"
            shown = printable(str(reply["unserializable"])[:200])
            error = f"it returned {shown}, which is not plain data"
        elif reply.get("error") == "MemoryError" and self._used_its_memory():
            self._break("memory_exceeded")
            status = "memory_exceeded"
        return CaseOutcome(
            id=call.id,
            status=status,
            call=written,
            expected=expected,
            error=error,
            traceback=traceback_in(reply),
            seconds=seconds_in(reply),
        )


class _Requests:
    """The calls of tests, each requested as early as the order of events in the tests allows.

    A call may depend on an assertion before it in the same test, which has to hold. The first call
    of a test depends on nothing, so it is requested along with the last call of the test before.
    """

    def __init__(self, tests: Sequence[DirectTest]) -> None:
        self.tests = tests
        self._waiting = [
            deque(call for part in test.assertions for call in part.calls) for test in tests
        ]
        self._asked = [0] * len(tests)
        """Calls that were requested, and not yet waited for, of each test."""
        self._sent = 0
        self._answered = 0
        self._most = sum(map(len, self._waiting))

    @property
    def are_all_sent(self) -> bool:
        """Whether the program was told that there will be no further call."""
        return bool(self._most) and self._sent == self._most

    def due(self, number: int) -> list[Message]:
        """Return the requests to send now, where the next answer to wait for is one of a test."""
        if self._asked[number]:
            self._asked[number] -= 1
            return []
        requests = [self._next(number)]
        while not self._waiting[number] and number + 1 < len(self.tests):
            number += 1
            if self._waiting[number]:
                requests.append(self._next(number))
                self._asked[number] += 1
        return requests

    def next_answer(self) -> int:
        """Return the number of the answer to wait for."""
        self._answered += 1
        return self._answered

    def _next(self, number: int) -> Message:
        call = self._waiting[number].popleft()
        self._sent += 1
        return _message(self._sent, call, last=self._sent == self._most)


def _message(number: int, call: DirectCall, *, last: bool) -> Message:
    return {
        "call": number,
        "name": call.name,
        "args": call.arguments,
        "kwargs": call.keywords,
        "last": last,
    }


def _error_of(reply: Message) -> Message:
    """Return what a test process would report of a call that returned no value."""
    if "unserializable" not in reply:
        return {**exception_fields(reply), "status": "error"}
    said = shorten(str(reply["unserializable"]))
    return {"status": "unserializable", "error": "unserializable", "said": said}


def _last_line(unit: str) -> str:
    return unit.strip().splitlines()[-1][:600] if unit.strip() else ""


def _request(number: int, name: str, call: Call, *, last: bool) -> Message:
    arguments = [codec.encode(argument) for argument in call.arguments]
    return _message(number, DirectCall(name, arguments, {}), last=last)


def _units_to_run(units: Sequence[str]) -> Message:
    return {"units": list(units), "kept": list(map(keep_sides, units))}
