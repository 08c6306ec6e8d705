"""Score candidates with a reward model that is served over HTTP."""

from collections.abc import Sequence
from typing import Literal

from refinegraph.charging import charging
from refinegraph.errors import ContextTooLong, DeadlineExceeded, InputError, ModelError
from refinegraph.retry_policy import RetryPolicy
from refinegraph.schema import Candidate, Problem, Score
from refinegraph.tools.scorers.async_cache import AsyncCache
from refinegraph.tools.scorers.basic import ScoreBatch
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
        names = ", ".join(formats)
        raise InputError(f"Unknown reward format {name!r}; expected one of {names}.")
    return formats[name]


class RewardModel:
    """Score candidates, and their steps if the format supports it, with a served reward model.

    Costs one model call per request; scores are cached, so a candidate is never scored twice. The
    tokens are those that the server reports. A candidate that could not be parsed or is too long
    for the model scores None. Raises `ModelRequestRefused` if the server refuses a request or its
    responses do not match the format, and `ModelError` if it keeps failing.

    Args:
        url: The root of the server, such as `http://127.0.0.1:8000`.
        model: The name of the model on the server.
        format: How the model is served. vLLM serves `outcome`, `classify`, `score`, `qwen-prm`
            (arXiv 2501.07301), `math-shepherd` (arXiv 2312.08935) and `skywork-prm`; llama.cpp and
            vLLM serve `rerank`.
        logits: Whether the scores of `score` and `rerank` are logits rather than probabilities.
        aggregate: Computes a candidate's value from the values of its steps, for process reward
            models; the default is their product.
        api_key: The key that is sent to the server.
        batch: Solutions per request, for formats that accept several.
        concurrency: Concurrent requests.
        timeout: Seconds for one attempt.
        retry: When failed requests are sent again.
        usd_per_million: The price of a million tokens; None if it is unknown.
    """

    scores_alone = True
    """Every solution is judged by itself."""

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
        concurrency: int = 8,
        timeout: float = 120.0,
        retry: RetryPolicy | None = None,
        usd_per_million: float | None = None,
    ) -> None:
        self.url = server_root(url)
        self.model = model
        self.format: RewardFormatName = format
        self.aggregate = aggregate
        self._how = _format(format, logits)
        # A process reward model can judge a prefix; an outcome model needs the final answer.
        self.scores_unfinished = format != "outcome"
        self._batch = batch if self._how.max_batch is None else min(batch, self._how.max_batch)
        self._server = RewardServer(
            self.url, api_key, concurrency, timeout, retry or RetryPolicy(), usd_per_million
        )
        self._judgements: AsyncCache[Case, Judged] = AsyncCache()

    def __repr__(self) -> str:
        """Return the constructor call without the key."""
        return f"RewardModel({self.url!r}, {self.model!r}, format={self.format!r})"

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> ScoreBatch:
        """Return one score per candidate, and what they cost."""
        cases = [_case(problem, candidate) for candidate in candidates]
        with charging(forward=True) as spent:
            judged = iter(await self._judged([case for case in cases if case]))
        scores = (self._score(next(judged) if case else None) for case in cases)
        return ScoreBatch(tuple(scores), spent.usage)

    async def _judged(
        self, cases: Sequence[Case]
    ) -> Sequence[Judged | ModelError | DeadlineExceeded]:
        async with self._server.session() as session:

            async def ask(batch: Sequence[Case]) -> Sequence[Judged]:
                return await self._ask(session, batch)

            return await self._judgements.get_in_batches(cases, ask, size=self._batch)

    async def _ask(self, session: RewardSession, batch: Sequence[Case]) -> Sequence[Judged]:
        """Judge a batch, or its cases one by one if together they are too long."""
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
        evidence = "too long for the reward model" if judged.value is None else ""
        return Score(scorer=name, value=judged.value, evidence=evidence)


def _case(problem: Problem, candidate: Candidate) -> Case | None:
    if candidate.content is None and candidate.complete:
        return None
    text = candidate.program or candidate.text
    steps = tuple(step_texts(text, kind=problem.kind))
    return Case(problem.prompt, text, steps) if steps else None
