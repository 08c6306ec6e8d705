"""The dialogue between the host and the processes of one run.

A process may only answer the current request: a frame out of turn ends the run as a protocol
violation, and silence ends it at its time limit.
"""

import signal
import socket
import time
from collections.abc import Sequence

from refinegraph.schema import CaseOutcome, CaseStatus
from refinegraph.tools.sandbox.guest import codec
from refinegraph.tools.sandbox.outcomes import (
    Broken,
    describe_ending,
    error_in,
    is_load,
    trace_in,
    traceback_in,
)
from refinegraph.tools.sandbox.policy import SandboxPolicy
from refinegraph.tools.sandbox.polling import Poller
from refinegraph.tools.sandbox.process import Ended, Message, Overflowed, Process
from refinegraph.tools.sandbox.tracing import TraceLine
from refinegraph.tools.sandbox.workers import Ending, Worker

_MEMORY_SHARE = 0.75
"""Share of the memory limit above which a killed or failing program counts as out of memory: its
peak stays below the limit, since the allocation that failed is not part of it."""


class Dialogue:
    """The processes of one run, from the first request to the end of all of them."""

    def __init__(self, policy: SandboxPolicy, *, trace: bool = False) -> None:
        self.policy = policy
        self.program: Process | None = None
        self.tester: Process | None = None
        self.broken: Broken | None = None
        self.trace: tuple[TraceLine, ...] = ()
        self._tracing = trace
        self._poller = Poller()
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the run began."""
        return round(time.monotonic() - self._began, 6)

    def finish(self) -> None:
        """End every process."""
        for process in (self.tester, self.program):
            if process:
                process.finish()

    def _begin(
        self,
        worker: Worker,
        job: Message,
        *,
        stdin: bytes | None = None,
        peer: socket.socket | None = None,
    ) -> Process:
        return Process.begin(worker, job, self.policy, self._poller, stdin=stdin, peer=peer)

    def _arm(self, process: Process) -> None:
        """Wait until a process is confined; meanwhile the other one may exceed its output limit."""
        try:
            process.arm()
        except Overflowed as error:
            self._break("output_exceeded", f" ({error})")

    def _program_job(self, source: str) -> Message:
        return {
            "role": "program",
            "source": source,
            "depth": self.policy.result_depth,
            "items": self.policy.result_items,
            "trace": self._tracing,
        }

    def _load(self) -> dict[str, list[object]] | None:
        """Return the kinds of the program's names, or None if it could not be loaded."""
        assert self.program
        self._arm(self.program)
        reply = self._listen(self.program)
        if reply is None or not is_load(reply) or not reply["loaded"]:
            self._refuse_load(reply)
            return None
        return {
            str(name): shape
            for name, shape in reply["names"].items()
            if str(name).isidentifier() and isinstance(shape, list) and shape
        }

    def _refuse_load(self, reply: Message | None) -> None:
        if reply is None:
            return
        if not is_load(reply):
            self._break("protocol_violation")
            return
        status: CaseStatus = "early_exit" if reply.get("error") == "SystemExit" else "error"
        if reply.get("error") == "MemoryError" and self._used_its_memory():
            status = "memory_exceeded"
        self.broken = self.broken or Broken(status, error_in(reply), traceback_in(reply))

    def _record_lost(self, cause: str) -> None:
        """Record why the tester got no answer from the program."""
        assert self.program
        if cause == "ended":
            self._record_ending(self.program)
        elif cause == "timeout":
            self._break("timeout")
        elif cause == "output_exceeded":
            self._break("output_exceeded")
        else:
            self._break("protocol_violation")

    def _answer(self, number: int) -> Message | None:
        """Return the program's answer to one request."""
        assert self.program
        reply = self._listen(self.program, within=self.policy.call_seconds)
        call = reply.get("call") if reply is not None else number
        if type(call) is not int or call != number:
            self._break("protocol_violation")
            return None
        if reply is not None and self._tracing:
            self.trace = trace_in(reply)
        return reply

    def _listen(self, process: Process, *, within: float | None = None) -> Message | None:
        """Return the next message, or record why there is none and return None."""
        until = self._began + self.policy.wall_seconds
        if within is not None:
            until = min(until, time.monotonic() + within)
        try:
            return process.receive(until=until)
        except TimeoutError:
            self._break("timeout")
        except Overflowed as error:
            self._break("output_exceeded", f" ({error})")
        except codec.Malformed:
            self._break("protocol_violation")
        except Ended:
            self._record_ending(process)
        return None

    def _expect_silence(self) -> None:
        """Wait until the program, which has answered everything, ends without another word."""
        assert self.program
        if not self.program.falls_silent(until=self._began + self.policy.wall_seconds):
            self._break("protocol_violation")

    def _record_ending(self, process: Process) -> None:
        ending = process.ending()
        if ending is None:
            self._break("early_exit")
        elif ending.signal is None:
            self._break("early_exit", f" (exit code {ending.code})")
        elif ending.cpu_seconds >= self.policy.cpu_seconds - 0.5:
            self._break("cpu_exceeded")
        elif ending.signal == signal.SIGKILL and self._filled(ending):
            self._break("memory_exceeded")
        else:
            self._break("crashed", f"it was killed by signal {ending.signal}")

    def _used_its_memory(self) -> bool:
        """End the program and return whether its peak was close to the memory limit."""
        assert self.program
        self.program.finish()
        return self._filled(self.program.worker.ending())

    def _filled(self, ending: Ending) -> bool:
        return ending.peak_bytes > _MEMORY_SHARE * self.policy.memory_mb * 1024 * 1024

    def _break(self, status: CaseStatus, more: str = "") -> None:
        self.broken = self.broken or Broken(status, describe_ending(status) + more, None)

    def _not_loaded(self, ids: Sequence[str]) -> list[CaseOutcome]:
        return [self._broken_outcome(name, "loading the program") for name in ids[:1]]

    def _broken_outcome(self, name: str, call: str, expected: str | None = None) -> CaseOutcome:
        assert self.broken
        return CaseOutcome(
            id=name,
            status=self.broken.status,
            call=call,
            expected=expected,
            error=self.broken.detail,
            traceback=self.broken.traceback,
        )
