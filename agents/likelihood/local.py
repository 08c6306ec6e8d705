"""Likelihoods measured with llama.cpp in this process."""

from collections.abc import Sequence

from langchain_core.messages import BaseMessage

from refinegraph.agents.models import TokenLogprob
from refinegraph.agents.models.providers.local_chat import LocalChatModel


class LocalLikelihood:
    """Measure the likelihood of a text with a model that runs in this process.

    llama.cpp reports no log-probabilities for a prompt. Instead, the text is decoded under a
    grammar that allows nothing else, and the log-probabilities are those before the grammar is
    applied. If the vocabulary can spell the text in several ways, the most likely next token
    decides, so the sum covers one spelling. Costs one call whose answer is the text; the price is
    zero.
    """

    def __init__(self, model: LocalChatModel) -> None:
        self.model = model

    async def __call__(
        self, messages: Sequence[BaseMessage], text: str
    ) -> tuple[TokenLogprob, ...]:
        """Return the tokens of the text with their log-probabilities."""
        return await self.model.force(messages, text) if text else ()

    def __repr__(self) -> str:
        """Return the constructor call, with the model's name in place of the model."""
        return f"LocalLikelihood({self.model.label!r})"
