"""`pytest --refine`: look for a proved patch after a session in which tests failed.

Without the flag, nothing of refinegraph is imported: this module is all that pytest loads.
"""

import os
import shlex
import sys
from typing import Any

_FLAG = "--refine"


def pytest_addoption(parser: Any) -> None:
    """Add the flag."""
    group = parser.getgroup("refinegraph")
    group.addoption(
        _FLAG,
        action="store_true",
        help="look for a patch when tests fail (with REFINEGRAPH_MODEL; else by small changes)",
    )


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: Any) -> None:
    """Offer a proved patch after a failing session."""
    if not config.getoption(_FLAG, default=False) or exitstatus != 1:
        return
    if os.environ.get("REFINEGRAPH_GUARD") or hasattr(config, "workerinput"):
        return  # this is one of our own runs
    terminalreporter.section("refinegraph")
    _offer(terminalreporter, config)


def _offer(terminalreporter: Any, config: Any) -> None:
    from refinegraph.errors import RefinegraphError
    from refinegraph.fixing.running import fix

    named = [f"-p{__name__}", _FLAG]
    given = "\0".join(map(str, config.invocation_params.args))
    words = given.replace(f"-p\0{__name__}", f"-p{__name__}").split("\0")
    words = [word for word in words if word not in named]
    command = shlex.join([sys.executable, "-m", "pytest", *map(str, words)])
    terminalreporter.write_line(f"looking for a patch: {command}")
    try:
        result = fix(str(config.invocation_params.dir), test=command)
    except RefinegraphError as error:
        terminalreporter.write_line(f"no patch: {error}")
        return
    if not result.solved or not result.answer:
        tried = len(result.candidates)
        terminalreporter.write_line(f"no patch: none of {tried} candidates passes every test")
        return
    terminalreporter.write_line("this patch passes every test; apply it with `git apply`:")
    terminalreporter.write_line("")
    terminalreporter.write_line(result.answer)
