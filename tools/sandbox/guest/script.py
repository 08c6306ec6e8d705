"""Run a script as `__main__`; its output goes to the host."""

import sys

from refinegraph.tools.sandbox.guest.describing import PROGRAM, describe, remember
from refinegraph.tools.sandbox.guest.line import Line, Message
from refinegraph.tools.sandbox.guest.program import flush_streams, own_builtins


def run_script(job: Message, line: Line) -> None:
    """Run the script to completion and report its exit code or its exception."""
    sys.argv[:] = ["program"]
    remember(job["source"], PROGRAM)
    space = {"__name__": "__main__", "__builtins__": own_builtins()}
    reply: Message = {"ended": True, "code": 0}
    try:
        exec(compile(job["source"], PROGRAM, "exec", dont_inherit=True), space)
    except SystemExit as error:
        code = error.code
        reply["code"] = code if type(code) is int else 0 if code is None else 1
    except BaseException as error:
        reply = {"ended": True, **describe(error, PROGRAM)}
    flush_streams()
    line.send(reply)
