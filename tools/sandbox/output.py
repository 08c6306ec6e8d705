"""What a process prints, read as it comes."""

import os

from refinegraph.tools.sandbox.policy import SandboxPolicy

_PART = 1 << 18
"""Bytes read at once: more than a pipe holds unless the program enlarges it."""


class Output:
    """One stream of a process: the beginning is kept, the rest is read and thrown away."""

    def __init__(self, number: int, policy: SandboxPolicy) -> None:
        self.number = number
        self._policy = policy
        self._kept = bytearray()
        self._seen = 0
        os.set_blocking(number, False)

    @property
    def flooded(self) -> bool:
        """Whether more came than the policy allows."""
        return self._seen > self._policy.drain_bytes

    @property
    def text(self) -> str:
        """The beginning, as text."""
        return self._kept.decode("utf-8", "backslashreplace")

    def read(self) -> bool:
        """Take what is there; False at the end."""
        try:
            part = os.read(self.number, _PART)
        except BlockingIOError:
            return True
        self._seen += len(part)
        self._kept += part[: max(0, self._policy.stdout_bytes - len(self._kept))]
        return bool(part)

    def close(self) -> None:
        """Take what is left and close."""
        before = -1
        while before != self._seen and not self.flooded:
            before = self._seen
            self.read()
        os.close(self.number)
