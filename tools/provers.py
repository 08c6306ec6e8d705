"""Proof assistants as checkers: a candidate is correct if Lean accepts it."""

import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from refinegraph.errors import InputError
from refinegraph.schema import (
    Candidate,
    CaseOutcome,
    Isolation,
    Problem,
    Verdict,
    VerdictStatus,
    VisibleTest,
)
from refinegraph.tools.checkers import Reading
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.workspace import TreePolicy

_FENCE = re.compile(r"^```lean[0-9]*\s*\n(?P<code>.*?)^```", re.DOTALL | re.MULTILINE)
_CHEATS = re.compile(r"\b(sorry|admit|axiom|unsafe|native_decide)\b")
"""Words by which Lean accepts a theorem without a proof."""
_MAX_MESSAGES = 4_000
"""Characters of Lean's messages that a model is shown: a choice, about 1,000 prompt tokens."""


def read_lean(text: str, problem: Problem) -> Reading:
    """Return the last Lean code block of an answer. This is an `AnswerReader`.

    The problem's `preamble`, such as imports and the statement of the theorem, is prepended to a
    proof that does not begin with it, so that an answer cannot prove another theorem instead.

    >>> read_lean("```lean\\nrfl\\n```", Problem(prompt="", preamble="example : 1 = 1 := by"))
    Reading(program='example : 1 = 1 := by\\nrfl', unusable=None, equivalence_class=None)
    """
    blocks = [match["code"].strip("\n") for match in _FENCE.finditer(text)]
    if not blocks:
        return Reading(unusable="the answer contains no Lean code block")
    preamble = problem.preamble.strip("\n")
    proof = blocks[-1]
    return Reading(proof if proof.startswith(preamble) else f"{preamble}\n{proof}")


class lean_checker:
    """Check candidates with Lean 4, each in a fresh directory and without network access.

    Lean must be installed and its libraries built. A proof is accepted if Lean ends without an
    error and the text contains no shortcut such as `sorry` or `axiom`. The Reviewer and the Refiner
    are shown Lean's messages as evidence. Problems without visible tests are checked too. Costs one
    sandbox run per candidate. Use it with `reader=read_lean`.

    Raises `InputError` on construction if the command is not installed.

    Args:
        command: The command that runs Lean on a file; the file's name is appended.
        project: A directory with a Lake project, for `("lake", "env", "lean")`. The default is an
            empty directory.
        timeout: Seconds allowed for one proof.
        readable: Directories that the command may read, besides its own installation.
        sandbox: The sandbox that isolates the command.
    """

    checks_without_tests = True

    def __init__(
        self,
        command: Sequence[str] = ("lean",),
        *,
        project: str | None = None,
        timeout: float = 120.0,
        readable: Sequence[str] = (),
        sandbox: Sandbox | None = None,
    ) -> None:
        self.command = tuple(command)
        self.project = project
        self.timeout = timeout
        self.sandbox = sandbox or Sandbox()
        program = self.command[0] if self.command else ""
        executable = shutil.which(program)
        if executable is None:
            raise InputError(
                f"the command {program!r} that checks proofs is not installed; install Lean 4 "
                "with elan, or pass the command that runs it."
            )
        self._policy = TreePolicy(readable=(*readable, _installation(Path(executable))))

    async def __call__(
        self, problem: Problem, candidate: Candidate, tests: Sequence[VisibleTest]
    ) -> Verdict:
        """Return whether Lean accepts the candidate's program."""
        source = candidate.program or ""
        with tempfile.TemporaryDirectory() as empty:
            async with self.sandbox.tree(self.project or empty, policy=self._policy) as tree:
                await tree.write(_FILE, source + "\n")
                ran = await tree.run([*self.command, _FILE], timeout=self.timeout)
        if ran.limit == "timeout":
            return _verdict("timeout", f"no proof within {self.timeout:g} s", ran.isolation)
        cheat = _CHEATS.search(source)
        if cheat:
            return _verdict("failed", f"{cheat[0]!r} is not a proof", ran.isolation)
        messages = f"{ran.stdout}\n{ran.stderr}".strip()[:_MAX_MESSAGES]
        return _verdict("passed" if ran.ok else "failed", messages, ran.isolation)

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"lean_checker({self.command!r})"


_FILE = "RefinegraphProof.lean"


def _installation(command: Path) -> str:
    """Return the directory of an installation, such as `~/.elan` for `~/.elan/bin/lean`."""
    folder = command.parent
    return str(folder.parent if folder.name == "bin" else folder)


def _verdict(status: VerdictStatus, message: str, isolation: Isolation) -> Verdict:
    passed = status == "passed"
    case_status = "passed" if passed else "timeout" if status == "timeout" else "failed"
    outcome = CaseOutcome(id="proof", status=case_status, error=None if passed else message)
    return Verdict(passed=passed, status=status, tests=(outcome,), isolation=isolation)
