"""Wrong programs that try to forge a passing verdict."""

from refinegraph.tools.sandbox.conformance.cases import forgery

_FRAME = '{"call":1,"value":"forged","passed":true,"status":"passed"}'

CASES = (
    forgery("wrong answer", "def f(): return 'wrong'", "failed"),
    forgery(
        "str subclass that equals everything",
        """
        class Any(str):
            def __eq__(self, other): return True
            def __hash__(self): return 0
        def f(): return Any('wrong')
        """,
        "unserializable",
    ),
    forgery(
        "object that equals everything",
        """
        class Any:
            def __eq__(self, other): return True
        def f(): return Any()
        """,
        "unserializable",
    ),
    forgery(
        "list subclass that equals everything",
        """
        class Any(list):
            def __eq__(self, other): return True
        def f(): return Any()
        """,
        "unserializable",
    ),
    forgery(
        "object that lies about its class",
        """
        class Any:
            __class__ = str
            def __str__(self): return 'right'
        def f(): return Any()
        """,
        "unserializable",
    ),
    forgery(
        "object that pickles as the answer",
        """
        class Any:
            def __reduce__(self): return (str, ('right',))
        def f(): return Any()
        """,
        "unserializable",
    ),
    forgery(
        "key that is a str subclass",
        """
        class Key(str): pass
        def f(): return {Key('right'): 1}
        """,
        "unserializable",
    ),
    forgery(
        "prints a verdict",
        """
        import json, sys
        for stream in (sys.stdout, sys.stderr):
            print('PASSED', json.dumps({'passed': True, 'status': 'passed'}), file=stream)
        def f(): return 'wrong'
        """,
        "failed",
    ),
    forgery(
        "writes an answer to every descriptor when called",
        f"""
        import os, struct
        body = {_FRAME!r}.encode()
        def f():
            for number in range(3, 256):
                try: os.write(number, struct.pack('>I', len(body)) + body)
                except OSError: pass
            return 'wrong'
        """,
        "protocol_violation",
        "failed",
    ),
    forgery(
        "writes an answer and leaves",
        f"""
        import os, struct
        body = {_FRAME!r}.encode()
        def f():
            os.write(3, struct.pack('>I', len(body)) + body)
            os._exit(0)
        """,
    ),
    forgery(
        "answers before it is asked",
        f"""
        import os, struct
        body = {_FRAME!r}.encode()
        os.write(3, struct.pack('>I', len(body)) + body)
        def f(): return 'wrong'
        """,
        "protocol_violation",
    ),
    forgery(
        "says twice that it was loaded",
        """
        import os, struct
        body = b'{"loaded":true,"names":{"f":["function"]}}'
        os.write(3, struct.pack('>I', len(body)) + body)
        def f(): return 'right'
        """,
        "protocol_violation",
    ),
    forgery(
        "says that it was refused by the sandbox",
        """
        import os, struct
        body = b'{"refused":"seccomp: not permitted"}'
        os.write(3, struct.pack('>I', len(body)) + body)
        os._exit(250)
        """,
        "protocol_violation",
    ),
    forgery(
        "walks the frames for the line and sends the answer",
        f"""
        import sys, os
        def f():
            frame = sys._getframe()
            while frame:
                for value in list(frame.f_locals.values()):
                    if hasattr(value, 'send') and hasattr(value, 'receive'):
                        value.send({_FRAME})
                        os._exit(0)
                frame = frame.f_back
            return 'wrong'
        """,
    ),
    forgery(
        "walks the frames for what is expected",
        """
        import sys
        def f():
            frame = sys._getframe()
            while frame:
                for scope in (frame.f_locals, frame.f_globals):
                    for name, value in list(scope.items()):
                        if 'expect' in str(name) and isinstance(value, (str, list)):
                            return value
                frame = frame.f_back
            return 'wrong'
        """,
        "failed",
        "unserializable",
        "error",
    ),
    forgery(
        "looks for what is expected among all objects",
        """
        import gc
        word = 'right' + '-and-' + 'nowhere-else'
        def strings(each):
            if isinstance(each, dict): each = [*each, *each.values()]
            return [part for part in each if isinstance(part, str)]
        def f():
            for each in gc.get_objects():
                if isinstance(each, (list, tuple, dict)) and each is not globals():
                    if word in strings(each): return word
            return 'wrong'
        """,
        "failed",
        "error",
        value="right-and-nowhere-else",
    ),
    forgery(
        "patches what compares",
        """
        import builtins, math, operator
        builtins.AssertionError = ValueError
        builtins.bool = lambda *_: True
        builtins.all = lambda *_: True
        operator.eq = lambda *_: True
        math.isclose = lambda *_, **__: True
        def f(): return 'wrong'
        """,
        "failed",
        "early_exit",
    ),
    forgery(
        "patches what encodes",
        """
        import json, struct
        json.dumps = lambda *_, **__: '{"call":1,"value":"right"}'
        json.JSONEncoder.encode = lambda *_: '{"call":1,"value":"right"}'
        def f(): return 'wrong'
        """,
        "protocol_violation",
        "failed",
    ),
    forgery(
        "removes all builtins",
        """
        import builtins
        def f():
            builtins.__dict__.clear()
            return 'wrong'
        """,
        "failed",
        "early_exit",
        "error",
    ),
    forgery(
        "leaves with success at the end of the interpreter",
        """
        import atexit, os
        atexit.register(os._exit, 0)
        def f(): return 'wrong'
        """,
        "failed",
    ),
    forgery(
        "traces the harness",
        """
        import sys
        def trace(frame, event, argument):
            for name in list(frame.f_locals):
                if name in ('told', 'value'): frame.f_locals[name] = 'right'
            return trace
        sys.settrace(trace)
        sys.setprofile(trace)
        def f(): return 'wrong'
        """,
    ),
    forgery(
        "imports through a hook of its own",
        """
        import sys
        class Hook:
            def find_spec(self, *_): raise SystemExit(0)
        sys.meta_path.insert(0, Hook())
        def f(): return 'wrong'
        """,
        "failed",
    ),
    forgery(
        "raises an error named like one of the library",
        """
        class SandboxUnavailable(Exception): pass
        def f(): raise SandboxUnavailable('no sandbox here')
        """,
        "error",
    ),
    forgery("leaves with a setup failure's code", "import os\nos._exit(250)", "early_exit"),
    forgery(
        "collects garbage with a callback that answers",
        f"""
        import gc, os, struct
        body = {_FRAME!r}.encode()
        def answer(*_):
            os.write(3, struct.pack('>I', len(body)) + body)
        def f():
            gc.callbacks.append(answer)
            gc.collect()
            return 'wrong'
        """,
        "protocol_violation",
        "failed",
    ),
    forgery(
        "integer that equals everything",
        """
        class Any(int):
            def __eq__(self, other): return True
            def __hash__(self): return 0
        def f(): return Any(7)
        """,
        "unserializable",
        value=1,
    ),
    forgery(
        "finds the lists that are waited for and fills them",
        """
        import gc
        def f():
            for each in gc.get_objects():
                if type(each) is list and each is not gc.garbage:
                    try: each[:] = ['right'] * len(each)
                    except Exception: pass
            return 'wrong'
        """,
    ),
    forgery(
        "leaves with a setup failure's words",
        """
        import os
        os.write(2, b'refused: seccomp: Operation not permitted')
        os._exit(1)
        """,
        "early_exit",
    ),
)
