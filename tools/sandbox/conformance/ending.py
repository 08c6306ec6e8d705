"""Programs that end or fail in unusual ways."""

from refinegraph.tools.sandbox.conformance.cases import fault, honest

CASES = (
    honest("right answer", "def f(): return 'right'"),
    fault("exit at import", "import sys\nsys.exit(0)", "early_exit"),
    fault("hard exit at import", "import os\nos._exit(0)", "early_exit"),
    fault("hard exit in a call", "import os\ndef f(): os._exit(0)", "early_exit"),
    fault("exit in a call", "import sys\ndef f(): sys.exit(0)", "error"),
    fault(
        "exit of a thread in a call",
        """
        import os, threading, time
        def f():
            threading.Thread(target=lambda: os._exit(0)).start()
            time.sleep(3)
        """,
        "early_exit",
    ),
    fault(
        "exception outside of Exception",
        "class Odd(BaseException): pass\ndef f(): raise Odd",
        "error",
    ),
    fault(
        "exception that exits when it is shown",
        """
        class Odd(Exception):
            def __str__(self): raise SystemExit(0)
        def f(): raise Odd
        """,
        "error",
    ),
    fault(
        "exception with a text of 100 MB",
        "def f(): raise ValueError('x' * 100_000_000)",
        "error",
    ),
    fault("KeyboardInterrupt", "def f(): raise KeyboardInterrupt", "error"),
    fault("GeneratorExit", "def f(): raise GeneratorExit", "error"),
    fault("StopIteration", "def f(): raise StopIteration('right')", "error"),
    fault("recursion", "def f(): return f()", "error"),
    fault(
        "recursion without a limit",
        """
        import sys
        sys.setrecursionlimit(10 ** 9)
        class Deep:
            def __getattr__(self, name): return getattr(self, name + 'x')
        def f(): return Deep().a
        """,
        *("error", "crashed", "memory_exceeded", "cpu_exceeded"),
    ),
    fault(
        "stack overflow in C",
        """
        import sys
        sys.setrecursionlimit(10 ** 9)
        def f():
            nested = []
            for _ in range(10 ** 6): nested = [nested]
            return repr(nested)
        """,
        *("error", "crashed", "memory_exceeded", "cpu_exceeded"),
    ),
    fault("null pointer", "import ctypes\ndef f(): ctypes.string_at(0)", "crashed"),
    fault("abort", "import os\ndef f(): os.abort()", "crashed"),
    fault(
        "kills itself",
        "import os, signal\ndef f(): os.kill(os.getpid(), signal.SIGKILL)",
        *("crashed", "error"),
    ),
    fault(
        "terminates itself",
        "import os, signal\ndef f(): os.kill(os.getpid(), signal.SIGTERM)",
        *("crashed", "error"),
    ),
    fault(
        "stops itself",
        """
        import os, signal, time
        def f():
            os.kill(os.getpid(), signal.SIGSTOP)
            time.sleep(60)
        """,
        "timeout",
        seconds=3.5,
    ),
    fault("reads its input", "def f(): return input()", "error"),
    fault(
        "closes every descriptor",
        "import os\ndef f():\n    os.closerange(0, 256)\n    return 'right'",
        "early_exit",
    ),
    fault(
        "closes its streams and sleeps",
        "import os, time\ndef f():\n    os.closerange(0, 3)\n    time.sleep(60)",
        "timeout",
        seconds=3.5,
    ),
    honest(
        "thread that sleeps on",
        """
        import threading, time
        threading.Thread(target=time.sleep, args=(60,)).start()
        def f(): return 'right'
        """,
    ),
    honest(
        "daemon thread that sleeps on",
        """
        import threading, time
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        def f(): return 'right'
        """,
    ),
    honest(
        "prints nothing but nonsense", "print('\\x1b[31m\\x00\\udc80')\ndef f(): return 'right'"
    ),
    honest(
        "streams of its own",
        "import io, sys\nsys.stdout = sys.stderr = io.StringIO()\ndef f(): return 'right'",
    ),
    honest("streams taken away", "import sys\nsys.stdout = None\ndef f(): return 'right'"),
    honest(
        "asyncio",
        """
        import asyncio
        async def g():
            await asyncio.sleep(0)
            return 'right'
        def f(): return asyncio.run(g())
        """,
    ),
    honest(
        "threads that work together",
        """
        from concurrent.futures import ThreadPoolExecutor
        def f():
            with ThreadPoolExecutor(4) as pool:
                return 'right' if sum(pool.map(int, '1234')) == 10 else 'wrong'
        """,
    ),
    honest(
        "file of its own",
        """
        import tempfile
        def f():
            with tempfile.TemporaryFile('w+') as file:
                file.write('right')
                file.seek(0)
                return file.read()
        """,
        needs=("private_folder",),
    ),
)
