"""P(True): the probability that a model assigns to a proposed answer being correct."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from refinegraph.agents.judges.cached_scores import score_cases
from refinegraph.agents.models import Choice, Sampling, TokenLogprob, generate, model_name
from refinegraph.agents.models.model_like import ModelLike, as_chat_model
from refinegraph.agents.prompts.choice import prompts_for
from refinegraph.agents.prompts.judging import P_TRUE
from refinegraph.agents.prompts.prompt import Prompt
from refinegraph.schema import Candidate, Problem, Score
from refinegraph.tools.scorers.async_cache import AsyncCache
from refinegraph.tools.scorers.basic import ScoreBatch

_LONGEST_SAMPLE = 1000
"""Characters shown of each sampled answer: a short solution fits, and ten samples still leave room
for the question."""
_LONGEST_ANSWER = 8
"""Maximum tokens: the answer is one word, but some models write a space or a mark before it."""


class _Claim(NamedTuple):
    """A proposed answer and the sampled answers shown with it."""

    prompt: str
    answer: str
    samples: tuple[str, ...]


class p_true:
    """Score a candidate by the probability that a model calls its answer "True".

    The model also sees up to `max_samples` answers of other candidates; without them it agrees with
    whatever it is shown (P(True), arXiv 2207.05221). The value is P("True") / (P("True") +
    P("False")), from the log-probabilities of the most likely tokens. It is None if the model
    reports no log-probabilities, as with many providers, or if neither word is among them. Costs
    one call per candidate, and nothing for an answer already scored with the same samples.

    Args:
        model: The model to ask.
        max_samples: Maximum number of sampled answers to show.
        top_logprobs: Number of most likely tokens to search for the two words.
        prompt: The prompt, with the placeholders `$problem`, `$samples` and `$answer`.
        words: The words for a true and a false answer.
    """

    def __init__(
        self,
        model: ModelLike,
        *,
        max_samples: int = 5,
        top_logprobs: int = 20,
        prompt: Prompt | None = None,
        words: tuple[str, str] = ("True", "False"),
    ) -> None:
        self.model = as_chat_model(model)
        self.max_samples = max_samples
        self.words = words
        self.top_logprobs = top_logprobs
        self.prompt = prompt or prompts_for(self.model).p_true or P_TRUE
        self._cache: AsyncCache[_Claim, Score] = AsyncCache()

    def __repr__(self) -> str:
        """Return the constructor call, with the model's name in place of the model."""
        return f"p_true({model_name(self.model)!r}, max_samples={self.max_samples})"

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> ScoreBatch:
        """Return one score from 0 to 1 per candidate, and the total cost."""
        ordered = sorted(candidates, key=lambda candidate: candidate.sort_key)
        answers = [c.content.strip() for c in ordered if c.content is not None]
        samples = tuple(answer[:_LONGEST_SAMPLE] for answer in answers[: self.max_samples])
        prompt = problem.prompt.strip()
        claims = [
            None if c.content is None else _Claim(prompt, c.content.strip(), samples)
            for c in candidates
        ]
        return await score_cases(claims, self._cache, self._ask, scorer="p_true")

    async def _ask(self, claim: _Claim) -> Score:
        messages = self.prompt.messages(
            problem=claim.prompt,
            samples="\n".join(f"- {sample}" for sample in claim.samples),
            answer=claim.answer,
        )
        sampling = Sampling(temperature=0.0, max_tokens=_LONGEST_ANSWER, logprobs=self.top_logprobs)
        drafts = await generate(self.model, messages, sampling=sampling)
        return _score(drafts.choices[0], self.words)


def _unknown(why: str) -> Score:
    return Score(scorer="p_true", value=None, evidence=why)


def _score(choice: Choice, words: tuple[str, str]) -> Score:
    value = probability_of(choice, *words)
    if value is not None:
        return Score(scorer="p_true", value=value)
    if choice.logprobs is None:
        return _unknown("the model gave no log-probabilities")
    return _unknown(f"the answer was neither {words[0]} nor {words[1]}")


def probability_of(choice: Choice, yes: str = "True", no: str = "False") -> float | None:
    """Return P(yes) / (P(yes) + P(no)) from the first token that begins either word.

    Returns None if the choice has no log-probabilities, or if neither word is among its most
    likely tokens.
    """
    for token in choice.logprobs or ():
        first, second = (_probability(token, word.lower()) for word in (yes, no))
        if first + second > 0:
            return first / (first + second)
    return None


def _probability(token: TokenLogprob, word: str) -> float:
    """Sum the probabilities of the tokens that begin a word, ignoring case and leading blanks."""
    entries = token.top or ((token.token, token.logprob),)
    return math.fsum(math.exp(min(0.0, value)) for text, value in entries if _begins(text, word))


def _begins(text: str, word: str) -> bool:
    """Return whether a token is the word, a prefix of it, or the word with a suffix."""
    bare = text.strip(" \t\n*\"'`.▁Ġ").lower()
    return bool(bare) and (word.startswith(bare) or bare.startswith(word))
