"""Whether an answer is right, by what no agent ever saw."""

from refinegraph.schema import LabelledProblem, RefinementResult
from refinegraph.tools.answers import AnswerEquivalence
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.test_cases.checking import HiddenTests


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
        self.tests = HiddenTests(labelled)
        self.sandbox = sandbox

    async def __call__(self, program: str) -> bool:
        return (await self.tests.check(self.sandbox, program)).passed


class _Answer:
    def __init__(self, labelled: LabelledProblem, sandbox: Sandbox) -> None:
        problem, gold = labelled
        self.gold = gold.answer or ""
        self.equivalence = AnswerEquivalence(problem.kind, prompt=problem.prompt)

    async def __call__(self, answer: str) -> bool:
        return await self.equivalence.same(answer, self.gold)
