"""Every canonical HumanEval program is accepted, and an object equal to everything never is."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from refinegraph.tools.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("REFINEGRAPH_SHARED", ROOT.parent / "shared"))
DATA = SHARED / "data" / "humaneval.jsonl"
pytestmark = [
    pytest.mark.skipif(not DATA.exists(), reason=f"{DATA} is not there"),
    pytest.mark.filterwarnings("ignore::SyntaxWarning"),
]

ALWAYS_EQUAL = """
class Any(int):
    __eq__ = __le__ = __ge__ = __lt__ = __gt__ = lambda *_: True
    __ne__ = lambda *_: False
    __hash__ = int.__hash__
    __bool__ = lambda *_: True
    __sub__ = __rsub__ = __add__ = __abs__ = lambda self, *_: self
    __len__ = __getitem__ = __contains__ = lambda self, *_: self
def {name}(*arguments, **keywords): return Any(1)
"""


def _problems() -> Iterator[dict[str, str]]:
    for line in DATA.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


async def test_canonical_programs_pass_and_programs_that_equal_everything_do_not() -> None:
    sandbox, accepted, forged = Sandbox(), [], []
    for problem in _problems():
        name = problem["entry_point"]
        right = problem["prompt"] + problem["canonical_solution"]
        verdict = await sandbox.test(
            right, problem["test"], preamble=problem["prompt"], entry_point=name
        )
        accepted.append(verdict.passed)
        forged.append(
            await sandbox.test(
                ALWAYS_EQUAL.format(name=name),
                problem["test"],
                preamble=problem["prompt"],
                entry_point=name,
            )
        )
    assert accepted == [True] * 164
    assert not any(verdict.passed for verdict in forged)


async def test_program_that_equals_everything_is_believed_in_its_own_process() -> None:
    problem = next(_problems())
    verdict = await Sandbox().test_in_process(
        ALWAYS_EQUAL.format(name=problem["entry_point"]),
        problem["test"],
        entry_point=problem["entry_point"],
    )
    assert verdict.passed, "the control: this is why tests run in another process"
    assert verdict.strength == "in process"


def _calls(problem: dict[str, str], program: str) -> list[tuple[tuple[object, ...], object]]:
    """Record, as text, the calls that the trusted tests make of the trusted program."""
    space: dict[str, Any] = {}
    exec(program + "\n" + problem["test"], space)
    function, calls = space[problem["entry_point"]], []

    def record(*arguments: object) -> object:
        kept = repr(arguments)
        result = function(*arguments)
        calls.append((kept, repr(result)))
        return result

    space["check"](record)
    return [(eval(before), eval(after)) for before, after in calls]


async def test_values_of_canonical_programs_are_found_equal_on_the_host() -> None:
    sandbox, refused = Sandbox(), []
    for problem in _problems():
        program = problem["prompt"] + problem["canonical_solution"]
        verdict = await sandbox.check(program, problem["entry_point"], _calls(problem, program))
        if not verdict.passed:
            refused.append((problem["task_id"], verdict.detail))
    assert refused == []
