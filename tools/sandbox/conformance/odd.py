"""Unusual programs, unusual values, and traces that one run might leave for the next."""

import textwrap

from refinegraph.schema import VerdictStatus
from refinegraph.tools.sandbox.conformance.cases import (
    HARMLESS,
    ON_TIME,
    QUICK,
    HostileCase,
    fault,
    honest,
)

_DEEP = (
    "def f():\n    nested = []\n    for _ in range(100_000): nested = [nested]\n    return nested"
)
_LOCKS = """
import fcntl
def f():
    with open('own', 'w') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        fcntl.lockf(file, fcntl.LOCK_EX)
        file.write('right')
    return open('own').read()
"""
_LEFT = """
import os, random, json, sys
open('left-behind', 'w').write('x')
open('/tmp/left-behind', 'w').write('x')
random.random = lambda: 'patched'
json.loads = lambda *_: 'patched'
os.environ['LEFT'] = 'x'
sys.modules['left_behind'] = sys
MARKER = 'left-' + 'behind-' + 'marker'
KEPT = [MARKER + str(number) for number in range(100)]
def f(): return 'right'
"""


def _after(name: str, body: str) -> HostileCase:
    return HostileCase(name=name, source=textwrap.dedent(body), before=_LEFT, expected=HARMLESS)


VALUES = (
    fault("list of depth 100,000", _DEEP, "unserializable"),
    fault(
        "list that holds itself",
        "def f():\n    a = []\n    a.append(a)\n    return a",
        "unserializable",
    ),
    fault("exception of half a character", "def f(): raise ValueError('\\udc80')", "error"),
    fault("exception of a million characters", "def f(): raise ValueError('x' * 10**6)", "error"),
    fault(
        "exception named by half a character",
        "def f(): raise type('\\udc80', (Exception,), {})",
        "error",
    ),
    fault(
        "class named by half a character",
        "def f(): return type('\\udc80', (), {})()",
        "error",
    ),
    fault("generator", "def f(): yield 'right'", "unserializable"),
    fault("function", "def f(): return f", "unserializable"),
    fault("module", "import sys\ndef f(): return sys", "unserializable"),
    fault("class", "def f(): return str", "unserializable"),
    fault("not a number", "def f(): return float('nan')", "failed"),
    fault(
        "number of four million bits", "def f(): return 1 << 4_000_000", "failed", seconds=ON_TIME
    ),
    fault(
        "text of digits read as a number",
        "def f(): return int('1' * 10_000)",
        *("error", "failed"),
    ),
    fault(
        "colliding hashes in a set",
        "M = 2 ** 61 - 1\ndef f(): return {M * number for number in range(1, 3000)}",
        "protocol_violation",
        seconds=ON_TIME,
    ),
    fault(
        "colliding hashes in a frame of its own",
        """
        import os, struct, json
        M = 2 ** 61 - 1
        def f():
            items = [['I', hex(M * number)] for number in range(1, 50_000)]
            body = json.dumps({'call': 1, 'value': ['s', items]}).encode()
            os.write(3, struct.pack('>I', len(body)) + body)
            os._exit(0)
        """,
        *("protocol_violation", "early_exit"),
        seconds=ON_TIME,
    ),
    fault(
        "deep frame of its own",
        """
        import os, struct
        body = b'{"call":1,"value":' + b'["l",[' * 20_000 + b']]' * 20_000 + b'}'
        def f():
            os.write(3, struct.pack('>I', len(body)) + body)
            os._exit(0)
        """,
        *("protocol_violation", "early_exit"),
    ),
    fault(
        "frame that is no message",
        "import os\ndef f():\n    os.write(3, b'\\x00\\x00\\x00\\x04null')\n    os._exit(0)",
        "protocol_violation",
    ),
    fault(
        "frame with a number of too many digits",
        """
        import os, struct
        body = b'{"call":1,"value":' + b'9' * 10_000 + b'}'
        def f():
            os.write(3, struct.pack('>I', len(body)) + body)
            os._exit(0)
        """,
        "protocol_violation",
    ),
    honest("lone surrogate", "def f(): return '\\udc80'", value="\udc80"),
    honest(
        "bytes, sets and complex numbers", "def f(): return [b'x', {1}, 2j]", value=[b"x", {1}, 2j]
    ),
    honest("true for one, as Python has it", "def f(): return True", value=1),
    honest("infinity", "def f(): return [float('inf')]", value=[float("inf")]),
)

SOURCES = (
    fault("does not parse", "def f(: return", "error"),
    fault("null byte", "def f(): return 'right'\n\0", "error"),
    fault("ten thousand brackets", "def f(): return " + "(" * 10_000 + ")" * 10_000, "error"),
    fault("no such function", "def g(): return 'right'", "error"),
    fault("function that is a number", "f = 3", "error"),
    fault("empty", "", "error"),
    fault(
        "deep chain of operators",
        "def f(): return " + "-" * 50_000 + "1",
        *("error", "failed", "crashed"),
    ),
    honest("five megabytes", "x = '" + "x" * 5_000_000 + "'\ndef f(): return 'right'"),
    honest("coding cookie", "# -*- coding: latin-1 -*-\ndef f(): return 'right'"),
    honest("future import", "from __future__ import annotations\ndef f() -> 'x': return 'right'"),
    honest("class with a call", "class F:\n    def __call__(self): return 'right'\nf = F()"),
    honest("locks a file of its own", _LOCKS, needs=("private_folder",)),
    honest("main guard", "def f(): return 'right'\nif __name__ == '__main__': raise SystemExit(1)"),
)

LEAVING = (
    _after(
        "finds a file of the run before",
        """
        import os
        def f(): return os.path.exists('left-behind') or os.path.exists('/tmp/left-behind')
        """,
    ),
    _after(
        "finds a patched module",
        """
        import random, json
        def f(): return random.random() == 'patched' or json.loads('1') == 'patched'
        """,
    ),
    _after(
        "finds a variable of the run before",
        """
        import os, sys
        def f(): return 'LEFT' in os.environ or 'left_behind' in sys.modules
        """,
    ),
    _after(
        "finds an object of the run before",
        """
        import gc
        def f():
            word = 'behind' + '-marker'
            lists = [each for each in gc.get_objects() if isinstance(each, list)]
            parts = [part for each in lists for part in each[:200] if isinstance(part, str)]
            return any(word in part for part in parts)
        """,
    ),
)

_ADDS = "def f(a, b):\n    print('x' * 200_000)\n    return a + b"
_TALKS = "import threading\ndef talk():\n    while True: print('x' * 100_000)\n"


def _printing(name: str, source: str, tests: str, status: VerdictStatus) -> HostileCase:
    return HostileCase(name=name, source=source, expected=(status,), how="test", tests=tests)


PRINTING = (
    _printing("test: prints more than a pipe holds", _ADDS, "assert f(1, 2) == 3", "passed"),
    _printing(
        "test: is tested by tests that print much",
        "def f(a, b): return a + b",
        "print('x' * 200_000)\nfor n in range(9):\n    print('x' * 99_999)\n    assert f(n, 1) > n",
        "passed",
    ),
    _printing(
        "test: prints without end in a call",
        _TALKS + "def f(a, b): talk()",
        "assert f(1, 2) == 3",
        "output_exceeded",
    ),
    _printing(
        "test: prints without end between calls",
        _TALKS + "threading.Thread(target=talk, daemon=True).start()\ndef f(a, b): return a + b",
        "while True: assert f(1, 2) == 3",
        "output_exceeded",
    ),
)
ABANDONED = (
    HostileCase(
        name="comes after cancelled programs that sleep",
        source="def f(): return 'right'",
        expected=("passed",),
        abandoned="import time\ntime.sleep(60)",
        policy=QUICK.model_copy(update={"wall_seconds": 60.0}),
    ),
    HostileCase(
        name="comes after cancelled programs that loop",
        source="def f(): return 'right'",
        expected=("passed",),
        abandoned="while True: pass",
        policy=QUICK.model_copy(update={"wall_seconds": 60.0, "cpu_seconds": 60}),
    ),
)

CASES = (*VALUES, *SOURCES, *LEAVING, *PRINTING, *ABANDONED)
