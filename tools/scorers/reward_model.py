"""Score candidates by a reward model that is served over HTTP."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from refinegraph.errors import ModelError
from refinegraph.schema import Candidate, Problem, Score
from refinegraph.tools.scorers.reward_formats import (
    Ask,
    Classify,
    Judged,
    MathShepherd,
    Outcome,
    Payload,
    QwenProcess,
    Rerank,
    RewardFormat,
    TokenRewards,
)
from refinegraph.tools.steps import step_texts

if TYPE_CHECKING:
    import httpx

RewardFormatName = Literal[
    "outcome", "classify", "rerank", "qwen-prm", "math-shepherd", "token-rewards"
]
_FORMATS: dict[RewardFormatName, type[RewardFormat]] = {
    "outcome": Outcome,
    "classify": Classify,
    "rerank": Rerank,
    "qwen-prm": QwenProcess,
    "math-shepherd": MathShepherd,
    "token-rewards": TokenRewards,
}
_ATTEMPTS = 4
_FIRST_WAIT = 0.5
_RETRIED = {408, 409, 425, 429, 500, 502, 503, 504}


class RewardModel:
    """Ask a served reward model for each candidate's value, and its steps' where it judges them.

    `url` is the server's root, without `/v1`. Formats: `outcome`, `classify`, `qwen-prm`,
    `math-shepherd` and `token-rewards` as vLLM serves them, `rerank` as llama.cpp and vLLM do.
    A process reward model's value is the product of its steps. One request a candidate, at most
    `at_once` at a time; a candidate that was scored before costs nothing. Timeouts, lost
    connections and overload are retried; raises `ModelError` in one sentence otherwise. A program
    or answer that could not be read scores None.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        format: RewardFormatName = "outcome",
        api_key: str | None = None,
        at_once: int = 8,
        timeout: float = 120.0,
    ) -> None:
        if format not in _FORMATS:
            known = ", ".join(_FORMATS)
            raise ModelError(f"unknown reward format {format!r}; known formats: {known}.")
        self.url = url.rstrip("/").removesuffix("/v1")
        self.model = model
        self.format: RewardFormatName = format
        self.at_once = at_once
        self.timeout = timeout
        self._key = api_key
        self._how = _FORMATS[format]()
        self._known: dict[tuple[str, str], Judged] = {}

    def __repr__(self) -> str:
        """The call that makes it, without the key."""
        return f"RewardModel({self.url!r}, {self.model!r}, format={self.format!r})"

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return one score a candidate."""
        import httpx

        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        places = asyncio.Semaphore(self.at_once)
        async with httpx.AsyncClient(
            base_url=self.url, headers=headers, timeout=self.timeout
        ) as client:

            async def scored(candidate: Candidate) -> Score:
                async with places:
                    return await self._score(client, problem, candidate)

            return list(await asyncio.gather(*map(scored, candidates)))

    async def _score(
        self, client: "httpx.AsyncClient", problem: Problem, candidate: Candidate
    ) -> Score:
        name = f"reward:{self.format}"
        if candidate.content is None:
            return Score(scorer=name, value=None)
        text = candidate.program or candidate.text
        key = (problem.prompt, text)
        if key not in self._known:
            steps = step_texts(text, kind=problem.kind)
            asks = self._how.asks(self.model, problem.prompt, text, steps)
            answers = [await self._ask(client, each) for each in asks]
            self._known[key] = self._how.read(answers, steps)
        judged = self._known[key]
        return Score(scorer=name, value=judged.value, steps=judged.steps)

    async def _ask(self, client: "httpx.AsyncClient", ask: Ask) -> Payload:
        import httpx

        reason = ""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                response = await client.post(ask.path, json=ask.body)
            except httpx.TransportError as error:
                reason = f"cannot be reached ({error or type(error).__name__})"
            else:
                if response.is_success:
                    return self._parsed(response)
                reason = f"answered {response.status_code}: {response.text[:200]}"
                if response.status_code not in _RETRIED:
                    break
            if attempt < _ATTEMPTS:
                await asyncio.sleep(_FIRST_WAIT * 2 ** (attempt - 1))
        raise ModelError(f"the reward model at {self.url}{ask.path} {reason}.")

    def _parsed(self, response: "httpx.Response") -> Payload:
        try:
            answer: Any = response.json()
        except ValueError:
            answer = None
        if isinstance(answer, dict):
            return answer  # pyright: ignore[reportUnknownVariableType]
        raise ModelError(
            f"the reward model at {response.url} answered no JSON object: "
            f"{response.text[:200]!r}; is this the right server?"
        )
