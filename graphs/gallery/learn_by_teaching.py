"""Learning by teaching: the best rationale is the one that teaches students best."""

from collections import Counter
from collections.abc import Sequence

from langchain_core.language_models import BaseChatModel

from refinegraph.agents import prompted
from refinegraph.agents.models import generate
from refinegraph.graphs.policies import from_each, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Candidate, Problem, Score
from refinegraph.tools.answers import extract_answer
from refinegraph.tools.scorers import Scorer
from refinegraph.tools.scorers.async_cache import AsyncCache

EXAM = "{0}\n\nWrite a similar problem that is solved by the same idea, and nothing else."
LEARN = "{0}\n\nSolution:\n{1}\n\nSolve this problem in the same way:\n{2}"
IMPROVE = """$problem

Your solution, which students were to learn from:
$solution

How they did: $scores

Write it again so that it is right and teaches better. $answer_format"""


@recipe(
    "Learning by Teaching (LbT)",
    paper="arXiv 2406.14629",
    ideas=["judge", "repair"],
    calls="2 n + 1 + 2 n r",
    departs="The right answer of an exam is the majority's; the paper's exams have known answers.",
)
def learn_by_teaching(plan: Plan) -> SearchGraph:
    """Score a rationale by its student's exam result, improve it, and take the best."""
    samples, rounds = plan.samples or 4, 1 if plan.rounds is None else plan.rounds
    return plan.search(
        "learn-by-teaching",
        operators={
            "solve": plan.solver(samples=samples, temperature=0.8),
            "improve": prompted(plan.model, IMPROVE),
        },
        policy=schedule(move("solve", count=samples), *[from_each("improve")] * rounds),
        scorer=taught(plan.model, plan.reviewer_model or plan.model),
        select=best_of(),
    )


def taught(teacher: BaseChatModel, student: BaseChatModel) -> Scorer:
    """Return a scorer: the share of students with the same exam answer as the rationale's."""
    exams, results = AsyncCache[str, str](), AsyncCache[str, str]()

    async def exam(problem: str) -> str:
        return (await generate(teacher, EXAM.format(problem))).choices[0].text

    async def sit(prompt: str) -> str:
        text = (await generate(student, prompt)).choices[0].text
        return extract_answer(text, kind="math") or text.strip().split("\n")[-1]

    async def score(problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        task = await exams.get(problem.prompt, exam)
        prompts = [LEARN.format(problem.prompt, rationale.text, task) for rationale in candidates]
        answers = [str(answer) for answer in await results.get_all(prompts, sit)]
        votes = Counter(answers)
        return [
            Score(scorer="taught", value=votes[answer] / len(answers), evidence=answer)
            for answer in answers
        ]

    return score
