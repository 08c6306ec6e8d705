"""How likely a model holds a proposed answer to be true, from the probability of that word."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from langchain_core.language_models import BaseChatModel

from refinegraph.agents.models import Choice, Sampling, TokenLogprob, generate, model_name
from refinegraph.agents.prompts.choice import prompts_for
from refinegraph.agents.prompts.judging import P_TRUE
from refinegraph.agents.prompts.prompt import Prompt
from refinegraph.charging import charging
from refinegraph.schema import Candidate, Problem, Score
from refinegraph.tools.scorers.basic import Scored
from refinegraph.tools.scorers.memory import Memory

_LONGEST_SAMPLE = 1000
"""Characters of each other sample: a short solution fits, and ten do not crowd out the question."""
_LONGEST_ANSWER = 8
"""Tokens: the answer is one word, and some models write a blank or a mark before it."""


class _Claim(NamedTuple):
    """A proposed answer and the sampled ones beside it."""

    prompt: str
    answer: str
    samples: tuple[str, ...]


class p_true:
    """Score a candidate by the probability of "True" when its answer is put to a model.

    The model is shown up to `shown` answers of its siblings beside, without which it agrees with
    whatever it is shown (P(True), arXiv 2207.05221). The value is the probability of "True" over
    that of "True" and "False", read from the log-probabilities of the likeliest tokens; None
    where the model gives none, as many providers do, or neither word is among them. Costs one
    call a candidate, and nothing for an answer that was put among the same answers before.

    Args:
        model: The model that is asked.
        shown: How many answers of siblings it is shown.
        top: Among how many of the likeliest tokens the words are looked for.
        prompt: What it is asked, with places for `$problem`, `$samples` and `$answer`.
        words: What it says where the answer is true, and where it is false.
    """

    def __init__(
        self,
        model: BaseChatModel,
        *,
        shown: int = 5,
        top: int = 20,
        prompt: Prompt | None = None,
        words: tuple[str, str] = ("True", "False"),
    ) -> None:
        self.model = model
        self.shown = shown
        self.words = words
        self.top = top
        self.prompt = prompt or prompts_for(model).p_true or P_TRUE
        self._known: Memory[_Claim, Score] = Memory()

    def __repr__(self) -> str:
        """The call that makes it, with the model's name."""
        return f"p_true({model_name(self.model)!r}, shown={self.shown})"

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Scored:
        """Return one score a candidate, in 0 to 1, and what they cost."""
        asked = sorted(candidates, key=lambda each: each.order)
        said = [each.content.strip() for each in asked if each.content is not None]
        samples = tuple(each[:_LONGEST_SAMPLE] for each in said[: self.shown])
        prompt = problem.prompt.strip()
        claims = [
            None if each.content is None else _Claim(prompt, each.content.strip(), samples)
            for each in candidates
        ]
        with charging(forward=True) as spent:
            told = iter(await self._known.each([each for each in claims if each], self._ask))
        scores = [_unknown() if claim is None else next(told) for claim in claims]
        kept = (each if isinstance(each, Score) else _unknown(str(each)) for each in scores)
        return Scored(tuple(kept), spent.usage)

    async def _ask(self, claim: _Claim) -> Score:
        messages = self.prompt.messages(
            problem=claim.prompt,
            samples="\n".join(f"- {sample}" for sample in claim.samples),
            answer=claim.answer,
        )
        sampling = Sampling(temperature=0.0, max_tokens=_LONGEST_ANSWER, logprobs=self.top)
        drafts = await generate(self.model, messages, sampling=sampling)
        return _score(drafts.choices[0], self.words)


def _unknown(why: str = "") -> Score:
    return Score(scorer="p_true", value=None, evidence=why)


def _score(choice: Choice, words: tuple[str, str]) -> Score:
    value = probability_of(choice, *words)
    if value is not None:
        return Score(scorer="p_true", value=value)
    if choice.logprobs is None:
        return _unknown("the model gave no log-probabilities")
    return _unknown(f"the answer was neither {words[0]} nor {words[1]}")


def probability_of(choice: Choice, yes: str = "True", no: str = "False") -> float | None:
    """Return the probability of one word over that of two, where an answer has either of them.

    None where the model gave no log-probabilities, or neither word is among its likeliest tokens.
    """
    for token in choice.logprobs or ():
        first, second = (_probability(token, word.lower()) for word in (yes, no))
        if first + second > 0:
            return first / (first + second)
    return None


def _probability(token: TokenLogprob, word: str) -> float:
    """Sum the tokens that begin a word, in whatever case and after whatever blank."""
    entries = token.top or ((token.token, token.logprob),)
    return math.fsum(math.exp(min(0.0, value)) for text, value in entries if _begins(text, word))


def _begins(text: str, word: str) -> bool:
    """Whether a token is the word or, in letters of its own, its beginning."""
    bare = text.strip(" \t\n*\"'`.▁Ġ").lower()
    return bool(bare) and (word.startswith(bare) or bare.startswith(word))
