"""`pytest --refine`: look for a proved patch after a session in which tests failed.

Without the flag, pytest loads only this module and nothing else of refinegraph.
"""

import os
import shlex
import sys
from typing import Any

_FLAG = "--refine"


def pytest_addoption(parser: Any) -> None:
    """Add the flag `--refine`."""
    group = parser.getgroup("refinegraph")
    group.addoption(
        _FLAG,
        action="store_true",
        help="look for a patch when tests fail (with REFINEGRAPH_MODEL; else by small changes)",
    )


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: Any) -> None:
    """Look for a patch after a failing session, and print it."""
    if not config.getoption(_FLAG, default=False) or exitstatus != 1:
        return
    if os.environ.get("REFINEGRAPH_GUARD") or hasattr(config, "workerinput"):
        return  # a run of the repair itself, or a worker of pytest-xdist
    terminalreporter.section("refinegraph")
    _print_patch(terminalreporter, config)


def _print_patch(terminalreporter: Any, config: Any) -> None:
    from refinegraph.errors import RefinegraphError
    from refinegraph.fixing.running import fix

    own_words = [f"-p{__name__}", _FLAG]
    arguments = "\0".join(map(str, config.invocation_params.args))
    words = arguments.replace(f"-p\0{__name__}", f"-p{__name__}").split("\0")
    words = [word for word in words if word not in own_words]
    command = shlex.join([sys.executable, "-m", "pytest", *map(str, words)])
    terminalreporter.write_line(f"looking for a patch: {command}")
    try:
        result = fix(str(config.invocation_params.dir), test=command)
    except RefinegraphError as error:
        terminalreporter.write_line(f"no patch: {error}")
        return
    if not result.solved or not result.answer:
        count = len(result.candidates)
        terminalreporter.write_line(f"no patch: none of {count} candidates passes every test")
        return
    terminalreporter.write_line("this patch passes every test; apply it with `git apply`:")
    terminalreporter.write_line("")
    terminalreporter.write_line(result.answer)
