"""Do once in advance what every run does, so that no run pays for it."""

import socket

from refinegraph.tools.sandbox.guest import codec
from refinegraph.tools.sandbox.guest.line import Line, Message
from refinegraph.tools.sandbox.guest.program import Space, answer, flush_streams, load, shown_names
from refinegraph.tools.sandbox.guest.remote import Program, Remote
from refinegraph.tools.sandbox.guest.testing import prepared_space, run_unit

_SOURCE = """
from typing import List


def double(x: List[int]) -> List[int]:
    \"\"\" Double. \"\"\"
    total = 0
    for number, value in enumerate(x):
        if value > 1 and number < len(x):
            total += abs(value - number)
    return [x, {'x': (x, 1.5), 'y': sorted(x)[0:1]}]
"""
_UNIT = """
def check(candidate):
    left = candidate([2]); right = [[2], {'x': ([2], 1.5), 'y': [2]}]; assert left == right


check(double)
"""
_MOST_BYTES = 1 << 20


def rehearse() -> None:
    """Load a program, call it as the host does, and test it as a test process does."""
    space: Space = {"__name__": "program", "__builtins__": __builtins__}
    load(_SOURCE, space)
    names = shown_names(space)
    one, other = socket.socketpair()
    with one, other:
        host, guest = (Line(end.fileno(), _MOST_BYTES) for end in (one, other))
        guest.send({"loaded": True, "names": names})
        host.receive()
        for name in ("double", "missing"):
            request: Message = {"call": 1, "name": name, "args": [codec.encode([2])], "kwargs": {}}
            host.send(request)
            guest.send({"call": 1, **_answered(guest.receive(), space)})
            host.receive()
        program = Program(_Answering(guest, host, space))
        tests = prepared_space("import math\n")
        tests["double"] = Remote("double", program)
        run_unit(_UNIT, _UNIT, tests)


def _answered(request: Message, space: Space) -> Message:
    reply = answer(request, space, depth=100, items=1000)
    flush_streams()
    return reply


class _Answering(Line):
    """A line whose other end answers in this process."""

    def __init__(self, guest: Line, host: Line, space: Space) -> None:
        super().__init__(-1, _MOST_BYTES)
        self._guest, self._host, self._space = guest, host, space

    def send(self, message: Message) -> None:
        """Send a request and have it answered."""
        self._host.send(message)
        request = self._guest.receive()
        self._guest.send({"call": request["call"], **_answered(request, self._space)})

    def receive(self) -> Message:
        """Return the answer."""
        return self._host.receive()
