"""Proof assistants as checkers: a candidate is right if Lean accepts it."""

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
"""Ways to be accepted without a proof."""
_LONGEST = 4_000
"""Characters of Lean's messages that a model is shown."""


def read_lean(text: str, problem: Problem) -> Reading:
    """Return the last block of Lean in an answer; an `AnswerReader`.

    The problem's `preamble`, such as its imports and the statement of the theorem, is put in front
    of a proof that does not begin with it, so that no other theorem can be proved instead.

    >>> read_lean("```lean\\nrfl\\n```", Problem(prompt="", preamble="example : 1 = 1 := by"))
    Reading(program='example : 1 = 1 := by\\nrfl', unusable=None, answer_class=None)
    """
    found = [match["code"].strip("\n") for match in _FENCE.finditer(text)]
    if not found:
        return Reading(unusable="the answer holds no block of Lean")
    given = problem.preamble.strip("\n")
    proof = found[-1]
    return Reading(proof if proof.startswith(given) else f"{given}\n{proof}")


class lean_checker:
    """Prove candidates with Lean 4, in a folder of their own and without network.

    Lean has to be installed and its libraries built. A proof is accepted if Lean ends without an
    error and the text takes none of the ways around a proof (`sorry`, `axiom`, and so on). Lean's
    messages are the evidence that Reviewer and Refiner are shown. Asked also where a problem has no
    visible tests. Costs one sandbox run a candidate. Use it with `reader=read_lean`.

    Raises `InputError` when it is made where the command cannot be found.

    Args:
        command: What runs Lean on a file; the file's name is added.
        project: A folder with a Lake project, for `("lake", "env", "lean")`; empty unless given.
        timeout: Seconds for one proof.
        readable: Folders that the command reads, beside the one that it is installed in.
        sandbox: How strictly commands are isolated.
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
        named = self.command[0] if self.command else ""
        found = shutil.which(named)
        if found is None:
            raise InputError(
                f"proofs are checked by the command {named!r}, which is not installed; install "
                "Lean 4 with elan, or name the command that runs it."
            )
        self._policy = TreePolicy(readable=(*readable, _installation(Path(found))))

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
            return _verdict("failed", f"{cheat[0]!r} is no proof", ran.isolation)
        said = f"{ran.stdout}\n{ran.stderr}".strip()[:_LONGEST]
        return _verdict("passed" if ran.ok else "failed", said, ran.isolation)

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"lean_checker({self.command!r})"


_FILE = "RefinegraphProof.lean"


def _installation(command: Path) -> str:
    """Return the folder that a command is installed in, such as `~/.elan` for `bin/lean` there."""
    folder = command.parent
    return str(folder.parent if folder.name == "bin" else folder)


def _verdict(status: VerdictStatus, said: str, isolation: Isolation) -> Verdict:
    passed = status == "passed"
    ended = "passed" if passed else "timeout" if status == "timeout" else "failed"
    outcome = CaseOutcome(id="proof", status=ended, error=None if passed else said)
    return Verdict(passed=passed, status=status, tests=(outcome,), isolation=isolation)
