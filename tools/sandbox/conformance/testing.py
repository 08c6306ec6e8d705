"""Wrong programs that try to deceive tests in another process."""

from refinegraph.tools.sandbox.conformance.cases import IDLE, forgery

CASES = (
    forgery(
        "test: integer that equals everything",
        """
        class Any(int):
            def __eq__(self, other): return True
        def f(x): return Any(7)
        """,
        "unserializable",
        how="test",
        tests="assert f(1) == 2\nassert f(2) == 3",
    ),
    forgery(
        "test: patches AssertionError and exits",
        """
        import builtins, sys
        builtins.AssertionError = type('Never', (Exception,), {})
        def f(x): sys.exit(0)
        """,
        "error",
        "early_exit",
        how="test",
        tests="assert f(1) == 2",
    ),
    forgery(
        "test: answers the tests before they ask",
        """
        import os, struct
        for call in (1, 2, 3):
            body = b'{"call":%d,"value":2}' % call
            for number in range(3, 64):
                try: os.write(number, struct.pack('>I', len(body)) + body)
                except OSError: pass
        def f(x): return 'wrong'
        """,
        "protocol_violation",
        how="test",
        tests="assert f(1) == 2",
    ),
    forgery(
        "test: says on the host's line that a test passed",
        """
        import os, struct
        body = b'{"unit":0,"status":"passed","seconds":0.1}'
        def f(x):
            os.write(3, struct.pack('>I', len(body)) + body)
            return 'wrong'
        """,
        "failed",
        "protocol_violation",
        how="test",
        tests="assert f(1) == 2",
    ),
    forgery(
        "test: raises what a test expects to catch",
        """
        class Quiet(BaseException): pass
        def f(x): raise Quiet
        """,
        "error",
        "failed",
        how="test",
        tests="try:\n    wrong = f(1)\nexcept Exception:\n    wrong = None\nassert wrong == 2",
    ),
    forgery(
        "test: never answers",
        "import time\ndef f(x): time.sleep(60)",
        "timeout",
        how="test",
        tests="assert f(1) == 2",
    ),
    forgery(
        "test: object that compares as it likes",
        """
        class Any:
            def __eq__(self, other): return True
            def __lt__(self, other): return True
            def __bool__(self): return True
        def f(x): return Any()
        """,
        "unserializable",
        how="test",
        tests="assert f(1)",
    ),
    forgery(
        "test: list of what equals everything",
        """
        class Any(str):
            def __eq__(self, other): return True
        def f(x): return [Any('x')]
        """,
        "unserializable",
        how="test",
        tests="assert f(1) == ['right']",
    ),
    forgery(
        "test: changes the arguments that it is given",
        """
        def f(x):
            x.clear()
            x.append(2)
            return x
        """,
        "failed",
        how="test",
        tests="given = [1]\nassert f(given) == [1]",
    ),
    forgery(
        "test: defines the tests itself",
        """
        def check(candidate): pass
        def test_all(): pass
        def f(x): return 'wrong'
        """,
        "failed",
        how="test",
        tests="def check(candidate):\n    assert candidate(1) == 2\ncheck(f)",
    ),
    forgery(
        "test: reads the tests",
        """
        import gc, sys
        def f(x):
            for each in gc.get_objects():
                if isinstance(each, dict) and 'units' in each: return 'forged'
            frame = sys._getframe()
            while frame:
                if 'units' in frame.f_locals: return 'forged'
                frame = frame.f_back
            return 'wrong'
        """,
        "failed",
        how="test",
        tests="assert f(1) == 'forged'",
    ),
    forgery(
        "test: leaves in the second test",
        """
        import os
        def f(x):
            if x == 2: os._exit(0)
            return x
        """,
        "early_exit",
        how="test",
        tests="assert f(1) == 1\nassert f(2) == 2",
    ),
    forgery(
        "test: sends frames without end",
        """
        import os, struct
        body = b'{"call":1,"value":2}'
        def f(x):
            while True: os.write(3, struct.pack('>I', len(body)) + body)
        """,
        policy=IDLE,
        how="test",
        tests="assert f(1) == 3",
    ),
    forgery(
        "test: defines a function that the tests use",
        "def abs(x): return 0\ndef f(x): return 77.0",
        how="test",
        tests="assert abs(f(3.5) - 0.5) < 1e-6",
    ),
    forgery(
        "test: defines a function that the check uses",
        "def abs(x): return 0\ndef f(x): return 77.0",
        how="test",
        tests="def check(candidate):\n    assert abs(candidate(3.5) - 0.5) < 1e-6",
        entry_point="f",
    ),
    *(
        forgery(
            f"test: defines a {name} that the tests use",
            f"def {name}(*_): return 2\ndef f(x): return 'wrong'",
            how="test",
            tests=f"assert {name}(f(1)) == 2",
        )
        for name in ("len", "sorted", "set", "float", "sum", "isinstance", "repr", "tuple")
    ),
    forgery(
        "test: defines a function of the preamble",
        "def helper(x): return 2\ndef f(x): return 'wrong'",
        how="test",
        tests="assert helper(f(1)) == 2",
        preamble="def helper(x): return x",
        entry_point="f",
    ),
    forgery(
        "test: defines a function that the preamble imports",
        "def isclose(*_): return True\ndef f(x): return 9.0",
        how="test",
        tests="assert isclose(f(1), 2.0)",
        preamble="from math import isclose",
        entry_point="f",
    ),
    forgery(
        "test: defines a value of the preamble",
        "WANTED = [9]\ndef f(x): return 9",
        how="test",
        tests="assert f(1) == WANTED[0]",
        preamble="WANTED = [2]",
        entry_point="f",
    ),
    forgery(
        "test: ends the test's loop",
        "def f(x): raise StopIteration",
        how="test",
        tests="for got, wanted in zip(map(f, [1, 2]), [1, 2]):\n    assert got == wanted",
    ),
    forgery(
        "test: ends the test's comprehension",
        "def f(x): raise StopIteration",
        how="test",
        tests="assert all(map(f, [1, 2]))",
    ),
    forgery(
        "test: defines the variables of an assertion",
        "__left__ = __right__ = 2\ndef f(x): return 'wrong'",
        how="test",
        tests="assert f(1) == 2",
    ),
    forgery(
        "test: builtins of its own",
        "__builtins__ = {'len': lambda _: 2}\ndef f(x): return 'wrong'",
        how="test",
        tests="assert len(f(1)) == 2",
    ),
    *(
        forgery(
            f"test: sends the tester {what}",
            f"""
            import os, struct
            body = {body!r}
            def f(x):
                for number in range(4, 32):
                    try: os.write(number, struct.pack('>I', len(body)) + body)
                    except OSError: pass
                os._exit(0)
            """,
            how="test",
            tests="assert f(1) == 2",
        )
        for what, body in (
            ("an error that passed", b'{"call":1,"error":"ValueError","status":"passed"}'),
            ("an error of another test", b'{"call":1,"error":"ValueError","unit":1}'),
            ("an error that is lost", b'{"call":1,"error":"ValueError","lost":"timeout"}'),
            ("an error that asserts", b'{"call":1,"error":"AssertionError","said":"right"}'),
            ("an error that leaves", b'{"call":1,"error":"SystemExit","said":0}'),
            ("half a complex number", b'{"call":1,"value":["c","0x1p0"]}'),
            ("half a character", b'{"call":1,"error":"\\ud800","said":"\\udfff"}'),
            ("nothing", b"{}"),
            ("a list", b"[]"),
            ("a trace", b'{"call":1,"value":3,"trace_lines":[[]]}'),
        )
    ),
)
