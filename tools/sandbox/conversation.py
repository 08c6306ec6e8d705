"""What is said to the processes of one run, and what is made of their answers.

A process can only ever answer the question that was asked: a frame out of turn ends the run as
a protocol violation, and silence ends it at its time limit.
"""

import asyncio
import signal
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from refinegraph.schema import CaseOutcome, CaseStatus, Tier, VerdictStatus
from refinegraph.tools.sandbox import guest_data
from refinegraph.tools.sandbox.comparing import same_value, show
from refinegraph.tools.sandbox.policy import SandboxPolicy
from refinegraph.tools.sandbox.process import Ended, Overflowed, Process
from refinegraph.tools.sandbox.tiers import check_tier

_ENDINGS: dict[str, str] = {
    "timeout": "it did not answer in time",
    "cpu_exceeded": "it used up its processor time",
    "memory_exceeded": "it used up its memory",
    "output_exceeded": "it printed or returned too much",
    "early_exit": "it ended before it had answered",
    "protocol_violation": "it sent something other than an answer",
}
_GRACE = 0.2


class Broken(NamedTuple):
    """Why a run ended early."""

    status: CaseStatus
    detail: str


class Conversation:
    """The processes of one run, from the first question to the last kill."""

    def __init__(self, policy: SandboxPolicy, *, min_tier: Tier) -> None:
        self.policy = policy
        self.min_tier: Tier = min_tier
        self.began = time.monotonic()
        self.seconds = 0.0
        self.program: Process | None = None
        self.tester: Process | None = None
        self.broken: Broken | None = None
        self.asked = 0

    @property
    def layers(self) -> tuple[str, ...]:
        """What confined the program."""
        return self.program.layers if self.program else ()

    @property
    def missing(self) -> tuple[str, ...]:
        """What was refused by the system."""
        return self.program.missing if self.program else ()

    @property
    def stdout(self) -> str:
        """What the program printed."""
        return self.program.stdout.text if self.program else ""

    @property
    def stderr(self) -> str:
        """What the program printed as errors."""
        return self.program.stderr.text if self.program else ""

    @property
    def detail(self) -> str:
        """Why the run ended early, in a few words."""
        return self.broken.detail if self.broken else ""

    def status(self, worst: CaseOutcome | None) -> VerdictStatus:
        """Return how the run ended, given the first test that did not pass."""
        found = self.broken.status if self.broken else worst.status if worst else "failed"
        return "failed" if found == "not_run" else found

    async def check(
        self,
        source: str,
        entry_point: str,
        cases: Sequence[tuple[tuple[object, ...], object]],
        ids: Sequence[str],
    ) -> list[CaseOutcome]:
        """Ask for one value a case and compare it here."""
        loaded = await self._load(source)
        if loaded is None or not loaded["loaded"]:
            return [self._not_loaded(each, loaded) for each in ids[:1]]
        outcomes: list[CaseOutcome] = []
        for name, (arguments, expected) in zip(ids, cases, strict=True):
            call = f"{entry_point}({', '.join(map(show, arguments))})"[:600]
            if loaded["names"].get(entry_point, ["missing"])[0] not in ("function", "other"):
                said = f"the program defines no function {entry_point!r}"
                outcomes.append(CaseOutcome(id=name, status="error", call=call, error=said))
                continue
            request: dict[str, Any] = {
                "name": entry_point,
                "args": [guest_data.encode(each) for each in arguments],
                "kwargs": {},
            }
            told = await self._ask_program(request)
            outcomes.append(self._compared(name, call, expected, told))
            if self.broken:
                break
        return outcomes

    async def test(
        self, source: str, units: Sequence[str], ids: Sequence[str], preamble: str
    ) -> list[CaseOutcome]:
        """Run tests in one process and pass their calls on to the program in another."""
        loaded = await self._load(source)
        if loaded is None or not loaded["loaded"]:
            return [self._not_loaded(each, loaded) for each in ids[:1]]
        names: dict[str, Any] = {
            str(name): shape
            for name, shape in loaded["names"].items()
            if str(name).isidentifier() and isinstance(shape, list) and shape
        }
        self.tester = await Process.start(
            {"role": "tests", "names": names, "units": list(units), "preamble": preamble},
            self.policy,
        )
        outcomes: list[CaseOutcome] = []
        for name, unit in zip(ids, units, strict=True):
            outcomes.append(await self._unit(name, unit))
            if self.broken:
                break
        return outcomes

    async def run(self, source: str, stdin: str) -> list[CaseOutcome]:
        """Run a script to its end."""
        self.program = await Process.start(
            {"role": "script", "source": source}, self.policy, stdin=stdin
        )
        check_tier(self.layers, self.missing, wanted=self.min_tier)
        told = await self._listen(self.program)
        if told is None:
            assert self.broken
            status, said = self.broken
        elif told.get("code") == 0:
            status, said = "passed", ""
        else:
            status, said = "error", _error(told) or f"it ended with exit code {told.get('code')}"
        return [CaseOutcome(id="script", status=status, error=said or None)]

    async def finish(self) -> None:
        """End every process."""
        self.seconds = round(time.monotonic() - self.began, 6)
        for process in (self.tester, self.program):
            if process:
                await process.finish()

    async def _load(self, source: str) -> dict[str, Any] | None:
        self.program = await Process.start(
            {
                "role": "program",
                "source": source,
                "depth": self.policy.result_depth,
                "items": self.policy.result_items,
            },
            self.policy,
        )
        check_tier(self.layers, self.missing, wanted=self.min_tier)
        told = await self._listen(self.program)
        if told is not None and not _is_load(told):
            self._break("protocol_violation")
            return None
        return told

    async def _unit(self, name: str, unit: str) -> CaseOutcome:
        """Let the tester run one test, passing its calls on, until it says how it ended."""
        assert self.tester
        call = unit.strip().splitlines()[-1][:600] if unit.strip() else ""
        while True:
            told = await self._listen(self.tester, per_call=False)
            if told is None:
                break
            if "starting" in told:
                continue
            if "unit" in told:
                return _unit_outcome(name, call, told)
            answer = await self._ask_program(told)
            if answer is None:
                break
            try:
                await self.tester.send(answer)
            except Ended:
                break
        assert self.broken
        return CaseOutcome(id=name, status=self.broken.status, call=call, error=self.broken.detail)

    async def _ask_program(self, request: dict[str, Any]) -> dict[str, Any] | None:
        assert self.program
        self.asked += 1
        question = {
            "call": self.asked,
            "name": str(request.get("name")),
            "args": request.get("args", []),
            "kwargs": request.get("kwargs", {}),
        }
        told = await self._listen(self.program, question)
        if told is not None and told.get("call") != self.asked:
            self._break("protocol_violation")
            return None
        return told

    async def _listen(
        self,
        process: Process,
        question: dict[str, Any] | None = None,
        *,
        per_call: bool = True,
    ) -> dict[str, Any] | None:
        """Ask, and return the answer, or None and note why there is none."""
        left = self.policy.wall_seconds - (time.monotonic() - self.began)
        if per_call and self.policy.call_seconds is not None:
            left = min(left, self.policy.call_seconds)
        try:
            async with asyncio.timeout(max(0.0, left)):
                if question is not None:
                    await process.send(question)
                return await process.receive()
        except TimeoutError:
            self._break("timeout")
        except Overflowed:
            self._break("output_exceeded")
        except guest_data.Malformed:
            self._break("protocol_violation")
        except Ended:
            await self._note_ending(process)
        return None

    async def _note_ending(self, process: Process) -> None:
        ending = await process.finish(grace=_GRACE)
        memory = self.policy.memory_mb * 1024 * 1024
        if process.stdout.flooded or process.stderr.flooded:
            self._break("output_exceeded")
        elif ending.signal is None:
            self._break("early_exit", f" (exit code {ending.code})")
        elif ending.cpu_seconds >= self.policy.cpu_seconds - 0.5:
            self._break("cpu_exceeded")
        elif ending.signal == signal.SIGKILL and ending.peak_bytes > 0.9 * memory:
            self._break("memory_exceeded")
        else:
            self._break("crashed", f"it was ended by signal {ending.signal}")

    def _break(self, status: CaseStatus, more: str = "") -> None:
        self.broken = self.broken or Broken(status, _ENDINGS.get(status, "") + more)

    def _not_loaded(self, name: str, told: dict[str, Any] | None) -> CaseOutcome:
        call = "loading the program"
        if told is None:
            assert self.broken
            return CaseOutcome(
                id=name, status=self.broken.status, call=call, error=self.broken.detail
            )
        status: CaseStatus = "early_exit" if told.get("error") == "SystemExit" else "error"
        self.broken = Broken(status, _error(told))
        return CaseOutcome(
            id=name, status=status, call=call, error=_error(told), traceback=_trace(told)
        )

    def _compared(
        self, name: str, call: str, expected: object, told: dict[str, Any] | None
    ) -> CaseOutcome:
        wanted = show(expected)
        if told is None:
            assert self.broken
            return CaseOutcome(
                id=name,
                status=self.broken.status,
                call=call,
                expected=wanted,
                error=self.broken.detail,
            )
        if "unserializable" in told:
            said = f"it returned {str(told['unserializable'])[:200]}, which is not plain data"
            return CaseOutcome(
                id=name, status="unserializable", call=call, expected=wanted, error=said
            )
        seconds = _seconds(told)
        if "value" not in told:
            return CaseOutcome(
                id=name,
                status="error",
                call=call,
                expected=wanted,
                error=_error(told),
                traceback=_trace(told),
                seconds=seconds,
            )
        try:
            got = guest_data.decode(told["value"], self.policy.result_depth)
        except guest_data.Malformed:
            self._break("protocol_violation")
            return self._compared(name, call, expected, None)
        right = same_value(got, expected, relative=self.policy.relative_tolerance)
        return CaseOutcome(
            id=name,
            status="passed" if right else "failed",
            call=call,
            expected=wanted,
            got=show(got),
            seconds=seconds,
        )


def _is_load(told: dict[str, Any]) -> bool:
    return told.get("loaded") is False or (
        told.get("loaded") is True and isinstance(told.get("names"), dict)
    )


def _unit_outcome(name: str, call: str, told: dict[str, Any]) -> CaseOutcome:
    found = told.get("status")
    status: CaseStatus = "error"
    if found in ("passed", "failed", "unserializable"):
        status = found
    return CaseOutcome(
        id=name,
        status=status,
        call=str(told.get("call") or call)[:600],
        expected=_text(told, "expected"),
        got=_text(told, "got"),
        error=None if status == "passed" else _error(told) or None,
        traceback=_trace(told),
        seconds=_seconds(told),
    )


def _text(told: dict[str, Any], key: str) -> str | None:
    value = told.get(key)
    return value[:700] if isinstance(value, str) else None


def _error(told: dict[str, Any]) -> str:
    return ": ".join(filter(None, (_text(told, "error"), _text(told, "said"))))


def _trace(told: dict[str, Any]) -> str | None:
    return _text(told, "trace") or None


def _seconds(told: dict[str, Any]) -> float:
    value = told.get("seconds")
    return float(value) if isinstance(value, (int, float)) and 0 <= value < 1e6 else 0.0
