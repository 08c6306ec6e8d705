"""Programs that exhaust time, memory, disk space or output."""

from refinegraph.tools.sandbox.conformance.cases import ON_TIME, QUICK, attack, fault

_WIDE = QUICK.model_copy(update={"wall_seconds": 90.0})
_ROOMY = QUICK.model_copy(update={"memory_mb": 1024})

CASES = (
    fault("busy loop", "def f():\n    while True: pass", "cpu_exceeded"),
    fault("busy loop at import", "while True: pass", "cpu_exceeded"),
    fault(
        "busy loop that ignores every signal",
        """
        import signal
        for number in range(1, 65):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        def f():
            while True: pass
        """,
        *("cpu_exceeded", "timeout"),
    ),
    fault(
        "catches everything in a loop",
        """
        def f():
            while True:
                try:
                    while True: pass
                except BaseException: pass
        """,
        "cpu_exceeded",
    ),
    fault("power that never ends", "def f(): return 9 ** 9 ** 9", "cpu_exceeded"),
    fault(
        "pattern that never ends",
        "import re\ndef f(): return re.match(r'(a+)+$', 'a' * 60 + 'b')",
        "cpu_exceeded",
    ),
    fault("sleep", "import time\ndef f(): time.sleep(60)", "timeout", seconds=ON_TIME),
    fault("sleep at import", "import time\ntime.sleep(60)", "timeout", seconds=ON_TIME),
    fault(
        "waits for a lock that is never released",
        """
        import threading
        def f():
            lock = threading.Lock()
            lock.acquire()
            lock.acquire()
        """,
        "timeout",
        seconds=ON_TIME,
    ),
    fault(
        "list that grows for ever",
        "def f():\n    kept = []\n    while True: kept.append('x' * 10_000)",
        *("memory_exceeded", "error"),
    ),
    fault("number of 8 GB", "def f(): return (1 << (1 << 36)) and 1", "error"),
    fault("text of a terabyte", "def f(): return len('x' * 2 ** 40)", "error"),
    fault(
        "anonymous memory",
        """
        import mmap
        def f():
            kept = []
            while True:
                part = mmap.mmap(-1, 1 << 24)
                part.write(b'x' * (1 << 24))
                kept.append(part)
        """,
        *("memory_exceeded", "error"),
    ),
    attack(
        "more memory than allowed",
        "return len(bytearray(400 * 1024 * 1024)) > 0",
        control=("limits",),
        expected=("error", "memory_exceeded"),
    ),
    attack(
        "more processor time than allowed",
        """
        import time
        began = time.process_time()
        while time.process_time() - began < 2.5: pass
        return True
        """,
        control=("limits",),
        expected=("cpu_exceeded",),
        policy=_WIDE,
    ),
    attack(
        "memory file",
        "import os\nreturn os.memfd_create('x') >= 0",
        control=("seccomp",),
    ),
    attack(
        "file larger than allowed",
        """
        with open('large', 'wb') as file:
            for _ in range(40): file.write(b'x' * (1 << 20))
        return True
        """,
        expected=("error", "crashed"),
    ),
    attack(
        "folder filled with large files",
        """
        for number in range(8):
            with open(str(number), 'wb') as file: file.write(b'x' * (8 << 20))
        return True
        """,
        expected=("error",),
    ),
    attack(
        "folder filled with files",
        "for number in range(5000): open(str(number), 'w').close()\nreturn True",
        expected=("error",),
    ),
    attack(
        "more open files than allowed",
        "return len([open('/dev/null') for _ in range(200)]) > 0",
        control=("limits",),
        expected=("error",),
    ),
    attack(
        "threads without end",
        """
        import threading, time
        for _ in range(200):
            threading.Thread(target=time.sleep, args=(9,), daemon=True).start()
        return True
        """,
        control=("limits",),
    ),
    attack(
        "threads with small stacks without end",
        """
        import threading, time
        threading.stack_size(32_768)
        for _ in range(400):
            threading.Thread(target=time.sleep, args=(9,), daemon=True).start()
        time.sleep(1)
        return True
        """,
        control=("limits",),
        policy=_ROOMY,
    ),
    attack(
        "limits raised again",
        """
        import resource
        for kind in (resource.RLIMIT_CPU, resource.RLIMIT_AS, resource.RLIMIT_NOFILE):
            resource.setrlimit(kind, (1 << 40, 1 << 40))
        return True
        """,
        expected=("error",),
    ),
    fault(
        "prints without end",
        "def f():\n    while True: print('x' * 100_000)",
        "output_exceeded",
    ),
    fault(
        "complains without end",
        "import sys\ndef f():\n    while True: print('x' * 100_000, file=sys.stderr)",
        "output_exceeded",
    ),
    fault("returns 64 MB", "def f(): return 'x' * (64 << 20)", *("output_exceeded", "error")),
    fault("returns a million items", "def f(): return list(range(1_000_000))", "unserializable"),
    fault(
        "frame of 4 GB, drop by drop",
        """
        import os, time
        os.write(3, b'\\xff\\xff\\xff\\xff')
        def f():
            while True:
                os.write(3, b'x')
                time.sleep(0.01)
        """,
        "protocol_violation",
        seconds=ON_TIME,
    ),
    fault(
        "frame that is never finished",
        """
        import os, time
        os.write(3, b'\\x00\\x00\\x10\\x00{')
        time.sleep(60)
        """,
        *("timeout", "protocol_violation"),
        seconds=ON_TIME,
    ),
    fault(
        "says that it is loaded and never reads",
        """
        import os, struct, time
        body = b'{"loaded":true,"names":{"f":["function"]}}'
        os.write(3, struct.pack('>I', len(body)) + body)
        time.sleep(60)
        """,
        "timeout",
        seconds=ON_TIME,
    ),
)
