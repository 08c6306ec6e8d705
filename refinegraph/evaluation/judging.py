"""Whether an answer is right, by what no agent ever saw."""

from refinegraph.errors import InputError
from refinegraph.schema import (
    CallCase,
    LabelledProblem,
    RefinementResult,
    StdioCase,
    VisibleTest,
)
from refinegraph.tools.answers import AnswerEquivalence
from refinegraph.tools.checking import check_program
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.visible_tests import parse_tests


async def judge(
    labelled: LabelledProblem, result: RefinementResult, *, sandbox: Sandbox
) -> dict[str, bool] | None:
    """Return which candidates are right, by id; None for a problem that nothing decides.

    Costs one sandbox run a different program, or one comparison a different answer.
    """
    decide = _decider(labelled, sandbox)
    if decide is None:
        return None
    known: dict[str, bool] = {}
    for candidate in result.candidates:
        content = candidate.content
        if content and content not in known:
            known[content] = await decide(content)
    return {each.id: known.get(each.content or "", False) for each in result.candidates}


def _decider(labelled: LabelledProblem, sandbox: Sandbox) -> "_Tests | _Answer | None":
    problem, gold = labelled
    if problem.kind == "code":
        return _Tests(labelled, sandbox) if gold.tests.strip() else None
    return _Answer(labelled, sandbox) if gold.answer else None


class _Tests:
    def __init__(self, labelled: LabelledProblem, sandbox: Sandbox) -> None:
        self.labelled = labelled
        self.sandbox = sandbox
        self.cases = _cases(labelled)

    async def __call__(self, program: str) -> bool:
        problem, gold = self.labelled
        if self.cases:
            verdict = await check_program(self.sandbox, program, self.cases, problem=problem)
            return verdict.passed
        verdict = await self.sandbox.test(
            program, gold.tests, preamble=problem.preamble, entry_point=problem.entry_point
        )
        return verdict.passed


def _cases(labelled: LabelledProblem) -> list[VisibleTest]:
    """Return hidden tests that are plain calls or inputs: they are compared outside."""
    problem, gold = labelled
    try:
        found = parse_tests(gold.tests, entry_point=problem.entry_point)
    except InputError:
        return []
    plain = [each for each in found if isinstance(each, CallCase | StdioCase)]
    return list(plain) if len(plain) == len(found) else []


class _Answer:
    def __init__(self, labelled: LabelledProblem, sandbox: Sandbox) -> None:
        problem, gold = labelled
        self.gold = gold.answer or ""
        self.equivalence = AnswerEquivalence(problem.kind, prompt=problem.prompt)

    async def __call__(self, answer: str) -> bool:
        return await self.equivalence.same(answer, self.gold)
