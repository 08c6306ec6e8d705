"""What a request needs of a model: our own chat models and the adapter for foreign ones have it."""

from collections.abc import Sequence
from typing import Protocol

from langchain_core.messages import BaseMessage

from refinegraph.agents.models.answers import Answer, Sampling, Tell
from refinegraph.agents.models.reports import Endpoint
from refinegraph.retry_policy import RetryPolicy


class ModelBackend(Protocol):
    """A backend that can serve one completion request."""

    retry: RetryPolicy

    @property
    def endpoint(self) -> Endpoint:
        """Name and address, for events and errors."""
        ...

    async def ask(self, messages: Sequence[BaseMessage], *, n: int, sampling: Sampling) -> Answer:
        """Make one attempt; raise whatever the client library raises.

        With a prefix, the choices hold what was written behind it.
        """
        ...

    async def ask_aloud(
        self, messages: Sequence[BaseMessage], *, sampling: Sampling, tell: Tell
    ) -> Answer:
        """Make one attempt for one choice, telling of its text as it comes."""
        ...

    async def count_prompt(self, messages: Sequence[BaseMessage]) -> int:
        """Return the tokens of a prompt, or an upper bound where they cannot be counted."""
        ...

    @property
    def limits_answers(self) -> bool:
        """Whether a request may be given a `max_tokens` that the caller did not ask for."""
        ...

    def price(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int) -> float | None:
        """Return USD; None where the price is unknown."""
        ...
