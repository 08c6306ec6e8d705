"""A judge that writes a checklist for a problem and applies it to solutions."""

from collections.abc import Sequence

from refinegraph.agents.judges.judge import Case, Judge, JudgeVote, Opinion
from refinegraph.agents.judges.replies import AnswersReply, ChecklistReply
from refinegraph.agents.models import Sampling
from refinegraph.agents.models.model_like import ModelLike
from refinegraph.agents.prompts.judging import CHECK, CHECKLIST
from refinegraph.agents.prompts.prompt import Prompt
from refinegraph.charging import charging
from refinegraph.schema import Candidate, Problem
from refinegraph.tools.scorers.async_cache import AsyncCache
from refinegraph.tools.scorers.basic import ScoreBatch

_PLAIN_QUESTION = "Is the solution right?"


class ChecklistJudge(Judge):
    """Write one checklist per problem and score solutions by the share of YES answers.

    Based on TICK (arXiv 2410.03608). If the list cannot be parsed, the only question is whether
    the solution is right. Costs as much as `Judge`, plus one call per problem.

    Args:
        model: The model that writes and applies the checklist.
        questions: Maximum number of questions.
        judges: Number of answers about each solution.
        vote: How the answers are combined.
        sampling: Sampling settings; the default temperature is 0 for one judge, 0.7 for several.
        prompt: Applies the checklist, with `$problem`, `$solution`, `$questions` and `$count`.
        checklist: Writes the checklist, with the placeholders `$problem` and `$count`.
    """

    name = "checklist"

    def __init__(
        self,
        model: ModelLike,
        *,
        questions: int = 6,
        judges: int = 1,
        vote: JudgeVote = "mean",
        sampling: Sampling | None = None,
        prompt: Prompt = CHECK,
        checklist: Prompt = CHECKLIST,
    ) -> None:
        super().__init__(model, judges=judges, vote=vote, sampling=sampling, prompt=prompt)
        self.questions = questions
        self.checklist = checklist
        self._lists: AsyncCache[str, tuple[str, ...]] = AsyncCache()

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> ScoreBatch:
        """Return one score per candidate and the total cost."""
        with charging(forward=True) as spent:
            if any(candidate.content is not None for candidate in candidates):
                await self._lists.get(problem.prompt.strip(), self._write)
        scored = await super().__call__(problem, candidates)
        return ScoreBatch(scored.scores, scored.usage + spent.usage)

    async def opinions(self, case: Case) -> list[Opinion]:
        """Return, for each judge, the share of questions that it answers with yes."""
        questions = await self._lists.get(case.prompt, self._write)
        messages = self.prompt.messages(
            problem=case.prompt,
            solution=case.text,
            questions="\n".join(f"{n}. {question}" for n, question in enumerate(questions, 1)),
            count=str(len(questions)),
        )

        def check(reply: AnswersReply) -> str | None:
            if len(reply.answers) == len(questions):
                return None
            return f"That answer has {len(reply.answers)} answers for {len(questions)} questions."

        replies = await self._structured.ask(messages, AnswersReply, n=self.judges, check=check)
        return [_opinion(questions, reply) for reply in replies if reply]

    async def _write(self, prompt: str) -> tuple[str, ...]:
        messages = self.checklist.messages(problem=prompt, count=str(self.questions))
        (reply,) = await self._structured.ask(messages, ChecklistReply)
        return reply.questions[: self.questions] if reply else (_PLAIN_QUESTION,)


def _opinion(questions: Sequence[str], reply: AnswersReply) -> Opinion:
    answered = zip(questions, reply.answers, strict=True)
    failed = [question for question, answer in answered if answer == "no"]
    return Opinion(1 - len(failed) / len(questions), reason="; ".join(failed))
