"""Likelihood by llama.cpp in this process."""

from collections.abc import Sequence

from langchain_core.messages import BaseMessage

from refinegraph.agents.models import TokenLogprob
from refinegraph.agents.models.providers.local_chat import LocalChatModel


class LocalLikelihood:
    """Measure a text with a model that runs in this process.

    llama.cpp gives no log-probabilities of a prompt. The text is therefore decoded under a grammar
    that allows nothing else, and the log-probabilities are those before the grammar. Where the
    vocabulary spells a text in several ways, the likeliest next token decides, so the sum is that
    of one way to spell it. Costs one call with the text as its answer; nothing has a price.
    """

    def __init__(self, model: LocalChatModel) -> None:
        self.model = model

    async def __call__(
        self, messages: Sequence[BaseMessage], text: str
    ) -> tuple[TokenLogprob, ...]:
        """Return the tokens of the text with their log-probabilities."""
        return await self.model.force(messages, text) if text else ()

    def __repr__(self) -> str:
        """The call that makes it, with the model by its name."""
        return f"LocalLikelihood({self.model.label!r})"
