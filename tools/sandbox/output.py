"""Read the output of a process while it runs."""

import os

from refinegraph.tools.sandbox.policy import SandboxPolicy

_CHUNK = 1 << 18
"""Bytes per read: more than a pipe's buffer, unless the program enlarges it."""


class Output:
    """One output stream of a process: its beginning is kept, the rest is read and discarded."""

    def __init__(self, number: int, policy: SandboxPolicy) -> None:
        self.number = number
        self._policy = policy
        self._kept = bytearray()
        self._seen = 0
        os.set_blocking(number, False)

    @property
    def flooded(self) -> bool:
        """Whether the output exceeds the policy's limit."""
        return self._seen > self._policy.drain_bytes

    @property
    def text(self) -> str:
        """The beginning of the output as text."""
        return self._kept.decode("utf-8", "backslashreplace")

    def read(self) -> bool:
        """Read the available output; return False at the end of the stream."""
        try:
            chunk = os.read(self.number, _CHUNK)
        except BlockingIOError:
            return True
        self._seen += len(chunk)
        self._kept += chunk[: max(0, self._policy.stdout_bytes - len(self._kept))]
        return bool(chunk)

    def close(self) -> None:
        """Read the remaining output and close the stream."""
        before = -1
        while before != self._seen and not self.flooded:
            before = self._seen
            self.read()
        os.close(self.number)
