"""Score candidates by a reward model that is served over HTTP."""

from collections.abc import Sequence
from typing import Literal

from refinegraph.charging import charging
from refinegraph.errors import ContextTooLong, DeadlineExceeded, InputError, ModelError
from refinegraph.retry_policy import RetryPolicy
from refinegraph.schema import Candidate, Problem, Score
from refinegraph.tools.scorers.basic import Scored
from refinegraph.tools.scorers.memory import Memory
from refinegraph.tools.scorers.reward_formats import (
    Case,
    Classify,
    Judged,
    MathShepherd,
    Outcome,
    Pair,
    QwenProcess,
    Rerank,
    RewardFormat,
    SkyworkProcess,
)
from refinegraph.tools.scorers.reward_server import RewardServer, RewardSession, server_root
from refinegraph.tools.step_scores import StepAggregation, product
from refinegraph.tools.steps import step_texts

RewardFormatName = Literal[
    "outcome", "classify", "score", "rerank", "qwen-prm", "math-shepherd", "skywork-prm"
]


def _format(name: RewardFormatName, logits: bool) -> RewardFormat:
    formats: dict[RewardFormatName, RewardFormat] = {
        "outcome": Outcome(),
        "classify": Classify(),
        "score": Pair(logits=logits),
        "rerank": Rerank(logits=logits),
        "qwen-prm": QwenProcess(),
        "math-shepherd": MathShepherd(),
        "skywork-prm": SkyworkProcess(),
    }
    if name not in formats:
        known = ", ".join(formats)
        raise InputError(f"The reward format {name!r} is unknown; formats are {known}.")
    return formats[name]


class RewardModel:
    """Ask a served reward model for each candidate's value, and its steps' where it judges them.

    `url` is the server's root. Formats: `outcome`, `classify`, `score`, `qwen-prm` (arXiv
    2501.07301), `math-shepherd` (arXiv 2312.08935) and `skywork-prm` as vLLM serves them,
    `rerank` as llama.cpp and vLLM do; `logits` says that the scores of `score` and `rerank` are
    no probabilities yet. A process reward model's value is its steps' product unless `aggregate`
    says otherwise.

    Formats that take several solutions a request are asked for `batch` at a time, others one by
    one, at most `at_once` requests at a time, sent again as `retry` says. A candidate that was
    scored before costs nothing. Tokens are those that the server counts; without
    `usd_per_million` their price is unknown. A candidate that could not be read, or is too long
    for the model, scores None. Raises `ModelRequestRefused` where the server refuses or its
    answers do not have the format's shape, `ModelError` where it kept failing.
    """

    scores_alone = True
    """Each solution is sent by itself."""

    def __init__(
        self,
        url: str,
        model: str,
        *,
        format: RewardFormatName = "outcome",
        logits: bool = False,
        aggregate: StepAggregation = product,
        api_key: str | None = None,
        batch: int = 16,
        at_once: int = 8,
        timeout: float = 120.0,
        retry: RetryPolicy | None = None,
        usd_per_million: float | None = None,
    ) -> None:
        self.url = server_root(url)
        self.model = model
        self.format: RewardFormatName = format
        self.aggregate = aggregate
        self._how = _format(format, logits)
        # A process reward model reads steps as they come; an outcome model needs the outcome.
        self.scores_unfinished = format != "outcome"
        self._batch = batch if self._how.most is None else min(batch, self._how.most)
        self._server = RewardServer(
            self.url, api_key, at_once, timeout, retry or RetryPolicy(), usd_per_million
        )
        self._known: Memory[Case, Judged] = Memory()

    def __repr__(self) -> str:
        """The call that makes it, without the key."""
        return f"RewardModel({self.url!r}, {self.model!r}, format={self.format!r})"

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Scored:
        """Return one score a candidate, and what they cost."""
        cases = [_case(problem, each) for each in candidates]
        with charging(forward=True) as spent:
            judged = iter(await self._judged([each for each in cases if each]))
        scores = (self._score(next(judged) if case else None) for case in cases)
        return Scored(tuple(scores), spent.usage)

    async def _judged(
        self, cases: Sequence[Case]
    ) -> Sequence[Judged | ModelError | DeadlineExceeded]:
        async with self._server.session() as session:

            async def ask(batch: Sequence[Case]) -> Sequence[Judged]:
                return await self._ask(session, batch)

            return await self._known.batches(cases, ask, size=self._batch)

    async def _ask(self, session: RewardSession, batch: Sequence[Case]) -> Sequence[Judged]:
        """Ask about a batch, one by one where together they are too long."""
        try:
            return await self._how.judge(session.post, self.model, batch)
        except ContextTooLong:
            if len(batch) == 1:
                return [Judged(None)]
        return [(await self._ask(session, [case]))[0] for case in batch]

    def _score(self, judged: Judged | ModelError | DeadlineExceeded | None) -> Score:
        name = f"reward:{self.format}"
        if isinstance(judged, Exception):
            return Score(scorer=name, value=None, evidence=str(judged))
        if judged is None:
            return Score(scorer=name, value=None)
        if judged.steps:
            return Score(scorer=name, value=self.aggregate(judged.steps), steps=judged.steps)
        evidence = "it is too long for the reward model" if judged.value is None else ""
        return Score(scorer=name, value=judged.value, evidence=evidence)


def _case(problem: Problem, candidate: Candidate) -> Case | None:
    if candidate.content is None and candidate.complete:
        return None
    text = candidate.program or candidate.text
    steps = tuple(step_texts(text, kind=problem.kind))
    return Case(problem.prompt, text, steps) if steps else None
