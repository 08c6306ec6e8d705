"""Test files that cannot be imported because a module is not installed."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from refinegraph.errors import InputError
from refinegraph.fixing.sources import Sources
from refinegraph.schema import CaseOutcome
from refinegraph.tools.test_runs import Baseline

_MISSING = re.compile(r"No module named '([^'.]+)")
_FRAME = re.compile(r"^(\S+\.py):\d+: in ", re.MULTILINE)


class _Missing(NamedTuple):
    file: str
    module: str


def check_imports(baseline: Baseline, sources: Sources, command: str) -> None:
    """Raise `InputError` if a test file imports a module that is not installed.

    No patch can install it, so none could be proved. Imports in the program itself are left to the
    repair, since they may be the fault.
    """
    missing = list(_missing(baseline.failing, sources))
    if not missing:
        return
    file, module = missing[0]
    more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
    problem = f"{file}{more} cannot be imported: there is no module {module!r}"
    if _is_own(module, sources):
        raise InputError(
            f"{problem} for the Python that runs the tests, although the checkout has one; install "
            f"the checkout there with 'pip install -e .', or pass its directory, as in --test "
            f"'PYTHONPATH=src {command}'."
        )
    raise InputError(
        f"{problem}; install it for the Python that runs the tests, or leave the file out, as in "
        f"--test '{command} --ignore={file}'."
    )


def _missing(failing: tuple[CaseOutcome, ...], sources: Sources) -> Iterator[_Missing]:
    """Yield the test files whose own imports fail."""
    for outcome in failing:
        text = f"{outcome.traceback or ''}\n{outcome.error or ''}"
        module, frames = _MISSING.search(text), _FRAME.findall(text)
        if "::" in outcome.id or not module or not frames:
            continue
        if frames[-1] in sources.protected:
            yield _Missing(outcome.id, module[1])


def _is_own(module: str, sources: Sources) -> bool:
    paths = (path.removeprefix("src/") for path in sources.files)
    return any(path == f"{module}.py" or path.startswith(f"{module}/") for path in paths)
