"""Programs that answer out of turn, or with frames that no honest program sends."""

import textwrap

from refinegraph.schema import VerdictStatus
from refinegraph.tools.sandbox.conformance.cases import (
    ANYTHING_BUT_PASSED,
    IDLE,
    ON_TIME,
    QUICK,
    HostileCase,
    forgery,
)

_SEND = """
import json, os, struct
def send(body):
    if not isinstance(body, bytes): body = json.dumps(body).encode()
    os.write(3, struct.pack('>I', len(body)) + body)
"""
_THREE = (((1,), "one"), ((2,), "two"), ((3,), "three"))


def _turns(name: str, source: str, *expected: VerdictStatus) -> HostileCase:
    """Return a case whose function is called three times."""
    return HostileCase(
        name=name,
        source=_SEND + textwrap.dedent(source),
        expected=expected or ANYTHING_BUT_PASSED,
        calls=_THREE,
    )


TURNS = (
    _turns("answers all calls wrongly", "def f(x): return 'wrong'", "failed"),
    _turns(
        "answers the second call before it is asked",
        """
        def f(x):
            send({'call': 2, 'value': 'two'})
            return 'one'
        """,
        "protocol_violation",
    ),
    _turns(
        "answers twice",
        """
        def f(x):
            value = ['one', 'two', 'three'][x - 1]
            send({'call': x, 'value': value})
            return value
        """,
        "protocol_violation",
    ),
    _turns(
        "answers once more after the last call",
        """
        def f(x):
            value = ['one', 'two', 'three'][x - 1]
            if x < 3: return value
            body = json.dumps({'call': 3, 'value': value}).encode()
            os.write(3, 2 * (struct.pack('>I', len(body)) + body))
            os._exit(0)
        """,
        "protocol_violation",
    ),
    _turns(
        "answers the first call and leaves",
        """
        def f(x):
            if x == 2: os._exit(0)
            return 'one'
        """,
        "early_exit",
    ),
    _turns(
        "answers the wrong call",
        "def f(x):\n    send({'call': x + 1, 'value': 'one'})\n    os._exit(0)",
        "protocol_violation",
    ),
    _turns(
        "answers without a number",
        "def f(x):\n    send({'value': 'one'})\n    os._exit(0)",
        "protocol_violation",
    ),
    _turns(
        "answers with a negative number",
        "def f(x):\n    send({'call': -1, 'value': 'one'})\n    os._exit(0)",
        "protocol_violation",
    ),
    HostileCase(
        name="never reads three megabytes of input",
        source=_SEND
        + "import time\nsend({'loaded': True, 'names': {'f': ['function']}})\ntime.sleep(60)",
        expected=("timeout",),
        calls=((("x" * 3_000_000,), "right"),),
        policy=IDLE,
        seconds=ON_TIME,
    ),
    HostileCase(
        name="many calls, each just within its time",
        source="import time\ndef f(x):\n    time.sleep(0.4)\n    return x",
        expected=("timeout",),
        calls=tuple(((number,), number) for number in range(20)),
        policy=QUICK.model_copy(update={"wall_seconds": 1.5, "call_seconds": 0.45}),
        seconds=ON_TIME,
    ),
    HostileCase(
        name="one call beyond its time",
        source="import time\ndef f(x):\n    time.sleep(x)\n    return x",
        expected=("timeout",),
        calls=(((0,), 0), ((60,), 60)),
        policy=QUICK.model_copy(update={"wall_seconds": 60.0, "call_seconds": 0.5}),
        seconds=ON_TIME,
    ),
    HostileCase(
        name="answers from what it was asked before",
        source="kept = []\ndef f(x):\n    kept.append(x)\n    return kept[0]",
        expected=("failed",),
        calls=(((1,), 1), ((2,), 2)),
    ),
)

_FRAMES: dict[str, bytes] = {
    "of nothing": b"",
    "that is a list": b"[]",
    "that is no text": b"\xff\xfe\x00",
    "cut short": b'{"call":1,"value":',
    "of an empty message": b"{}",
    "with a value that is an object": b'{"call":1,"value":{"a":1}}',
    "with a bare float": b'{"call":1,"value":1.5}',
    "with an unknown tag": b'{"call":1,"value":["q",[]]}',
    "with a tag that is a list": b'{"call":1,"value":[["l"],[]]}',
    "with half a complex number": b'{"call":1,"value":["c","0x1p0"]}',
    "with a tag and nothing": b'{"call":1,"value":["l"]}',
    "with a number that is none": b'{"call":1,"value":["I","xyz"]}',
    "with a number of a list": b'{"call":1,"value":["I",["1"]]}',
    "with a float beyond all": b'{"call":1,"value":["f","0x1p99999"]}',
    "with bytes of odd length": b'{"call":1,"value":["b","abc"]}',
    "with pairs of one": b'{"call":1,"value":["d",[["a"]]]}',
    "with pairs of three": b'{"call":1,"value":["d",[["a",1,2]]]}',
    "with a key that is a list": b'{"call":1,"value":["d",[[["l",[]],1]]]}',
    "with a set of lists": b'{"call":1,"value":["s",[["l",[]]]]}',
    "with values that are a number": b'{"call":1,"value":["l",7]}',
    "with values that are nothing": b'{"call":1,"value":["t",null]}',
    "with half a character in its error": b'{"call":1,"error":"\\ud800","said":"\\udfff"}',
    "with half a character in its traceback": b'{"call":1,"error":"E","trace":"\\udfff"}',
    "with half a character in a type": b'{"call":1,"unserializable":"\\udfff"}',
    "with an error that is a list": b'{"call":1,"error":[1],"said":{"a":1}}',
    "with endless seconds": b'{"call":1,"seconds":1e999,"value":"wrong"}',
    "with seconds that are no number": b'{"call":1,"seconds":NaN,"value":"wrong"}',
    "with seconds before its beginning": b'{"call":1,"seconds":-5,"value":"wrong"}',
    "that says it is too large": b'{"call":1,"too_large":-1}',
    "with a status of its own": b'{"call":1,"status":"passed","passed":true}',
    "of the tester": b'{"unit":0,"status":"passed"}',
    "with a trace of nonsense": b'{"call":1,"value":"wrong","trace_lines":[1,[2],{"a":[]}]}',
}
_LOADED: dict[str, bytes] = {
    "no names": b'{"loaded":true,"names":{}}',
    "names that are a list": b'{"loaded":true,"names":["f"]}',
    "a shape that is nothing": b'{"loaded":true,"names":{"f":null}}',
    "a shape that is empty": b'{"loaded":true,"names":{"f":[]}}',
    "a shape that is a list": b'{"loaded":true,"names":{"f":[["function"]]}}',
    "a shape with half a character": b'{"loaded":true,"names":{"f":["\\ud800"]}}',
    "an error with half a character": b'{"loaded":false,"error":"\\ud800"}',
    "an error that is a list": b'{"loaded":false,"error":["SystemExit"]}',
    "that it is loaded with a number": b'{"loaded":1,"names":{"f":["function"]}}',
}
FRAMES = tuple(
    forgery(f"frame {name}", _SEND + f"def f():\n    send({body!r})\n    os._exit(0)")
    for name, body in _FRAMES.items()
)
LOADS = tuple(
    forgery(f"says on loading: {name}", _SEND + f"send({body!r})\nos._exit(0)")
    for name, body in _LOADED.items()
)
TESTED = tuple(
    forgery(
        f"test: says on loading: {name}",
        _SEND + f"send({body!r})\nos._exit(0)",
        how="test",
        tests="assert f() == 'right'",
    )
    for name, body in _LOADED.items()
)
ODD = (
    forgery(
        "thousands of answers in one breath",
        _SEND + "send({'loaded': True, 'names': {'f': ['function']}})\n"
        "while True: send({'call': 1, 'value': 'wrong'})",
    ),
    forgery(
        "half of a frame and no more",
        _SEND + "def f():\n    os.write(3, b'\\x00\\x00\\x00\\x20{')\n    os._exit(0)",
    ),
    forgery(
        "half of a length and no more",
        _SEND + "def f():\n    os.write(3, b'\\x00\\x00')\n    os._exit(0)",
    ),
    forgery(
        "four megabytes of brackets",
        _SEND + "def f():\n    send(b'[' * 4_000_000)\n    os._exit(0)",
    ),
    forgery(
        "a million small lists",
        _SEND + 'def f():\n    send(b\'{"call":1,"value":["l",[\''
        " + b','.join([b'[\"l\",[]]'] * 400_000) + b']]}')\n    os._exit(0)",
    ),
    forgery(
        "a dictionary of keys that collide",
        _SEND
        + "def f():\n    pairs = [[['I', hex((2 ** 61 - 1) * n)], 1] for n in range(90_000)]\n"
        "    send({'call': 1, 'value': ['d', pairs]})\n    os._exit(0)",
    ),
    forgery(
        "tuples that collide",
        _SEND + "def f():\n    M = 2 ** 61 - 1\n"
        "    items = [['t', [['I', hex(M * n)]]] for n in range(60_000)]\n"
        "    send({'call': 1, 'value': ['s', items]})\n    os._exit(0)",
    ),
    forgery(
        "floats that collide",
        _SEND + "def f():\n"
        "    items = [['f', (2.0 ** (61 * n)).hex()] for n in range(-16, 17)] * 3000\n"
        "    send({'call': 1, 'value': ['s', items]})\n    os._exit(0)",
    ),
    forgery(
        "closes the line and goes on",
        "import os, time\ndef f():\n    os.close(3)\n    time.sleep(9)",
    ),
    forgery(
        "shuts the line down and goes on",
        "import socket, time\ndef f():\n    socket.socket(fileno=3).shutdown(2)\n    time.sleep(9)",
    ),
    forgery(
        "sends a descriptor over the line",
        "import array, os, socket\ndef f():\n    line = socket.socket(fileno=3)\n"
        "    for _ in range(200): socket.send_fds(line, [b'\\x00'], [1, 2])\n    os._exit(0)",
    ),
    forgery(
        "reads the line in place of the harness",
        "import os\ndef f():\n    while os.read(3, 65536): pass\n    return 'wrong'",
        policy=IDLE,
    ),
)

CASES = (*TURNS, *FRAMES, *LOADS, *TESTED, *ODD)
