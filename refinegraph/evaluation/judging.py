"""Judge answers by hidden tests and gold answers, which no agent ever sees."""

from collections.abc import Awaitable, Callable

from refinegraph.errors import InputError, SandboxUnavailable
from refinegraph.schema import LabelledProblem, RefinementResult, Verdict
from refinegraph.tools.answers import AnswerEquivalence
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.test_cases.checking import HiddenTests

Decider = Callable[[str], Awaitable[bool]]
"""Decides whether a program or an answer is right."""


class SandboxFailed(Exception):
    """The sandbox failed while running a program, so nothing is known about the program."""


async def judge(result: RefinementResult, decide: Decider) -> dict[str, bool]:
    """Return the correctness of every candidate by id; one without an answer is wrong.

    Costs one sandbox run per distinct program, or one comparison per distinct answer.

    Raises:
        SandboxFailed: The sandbox failed, now or while the visible tests ran.
    """
    _require_executed(result)
    rights: dict[str, bool] = {}
    for candidate in result.candidates:
        content = candidate.content
        if content and content not in rights:
            rights[content] = await decide(content)
    return {
        candidate.id: rights.get(candidate.content or "", False) for candidate in result.candidates
    }


def find_decider(labelled: LabelledProblem, sandbox: Sandbox) -> Decider | None:
    """Return the decider for the answers to a problem, or None if the problem has no label.

    Raises `InputError` for hidden tests that cannot be parsed, before any model call is paid for.
    """
    problem, gold = labelled
    if problem.kind != "code":
        return _Answer(labelled) if gold.answer else None
    if not gold.tests.strip():
        return None
    try:
        return _Tests(labelled, sandbox)
    except InputError as error:
        raise InputError(
            f"problem {problem.id!r} cannot be judged by its hidden tests: {error}"
        ) from None


async def require_sandbox(sandbox: Sandbox) -> None:
    """Run a trivial program; raises `SandboxUnavailable` if even that fails.

    Costs one sandbox run.
    """
    verdict = await sandbox.check("def probe():\n    return 1", "probe", [((), 1)])
    if verdict.status == "sandbox_error":
        reason = verdict.detail.rstrip(".")
        raise SandboxUnavailable(
            f"programs cannot be run here: {reason}; `refinegraph doctor` tells more."
        )


def _require_executed(result: RefinementResult) -> None:
    """Reject a run in which a sandbox failure was recorded as a verdict."""
    for candidate in result.candidates:
        if candidate.verdict:
            _require_outcome(candidate.verdict)


def _require_outcome(verdict: Verdict) -> Verdict:
    if verdict.status == "sandbox_error":
        raise SandboxFailed(verdict.detail)
    return verdict


class _Tests:
    def __init__(self, labelled: LabelledProblem, sandbox: Sandbox) -> None:
        self.tests = HiddenTests(labelled)
        self.sandbox = sandbox

    async def __call__(self, program: str) -> bool:
        return _require_outcome(await self.tests.check(self.sandbox, program)).passed


class _Answer:
    def __init__(self, labelled: LabelledProblem) -> None:
        problem, gold = labelled
        self.gold = gold.answer or ""
        self.equivalence = AnswerEquivalence(problem.kind, prompt=problem.prompt)

    async def __call__(self, answer: str) -> bool:
        return await self.equivalence.same(answer, self.gold)
