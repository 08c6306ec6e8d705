"""The interface between a model call and the model: its endpoint, and single requests."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from langchain_core.messages import BaseMessage

from refinegraph.agents.models.types import Completion, OnText, Sampling
from refinegraph.retry_policy import RetryPolicy
from refinegraph.support.redaction import without_credentials


class Endpoint(NamedTuple):
    """The identity of a model for events and errors; its text contains no credentials."""

    name: str
    api_base: str | None = None
    key_variable: str | None = None
    """The environment variable that contains the key."""
    secret: str | None = None
    """The key itself, which is redacted from every text."""
    opaque: bool = False
    """Whether an unrecognised exception comes from the client library rather than the caller."""

    def __str__(self) -> str:
        """Return name and address for use in a sentence."""
        address = f" at {without_credentials(self.api_base)}" if self.api_base else ""
        return f"model {self.name!r}{address}"

    def __repr__(self) -> str:
        """Return name and address, never the key."""
        return f"Endpoint({self})"


class ModelBackend(Protocol):
    """A backend that can serve one completion request."""

    retry: RetryPolicy

    @property
    def endpoint(self) -> Endpoint:
        """Name and address, for events and errors."""
        ...

    async def ask(
        self, messages: Sequence[BaseMessage], *, n: int, sampling: Sampling
    ) -> Completion:
        """Make one attempt; raise the client library's own exceptions.

        With a prefix, the choices contain only the text after it.
        """
        ...

    async def ask_streaming(
        self, messages: Sequence[BaseMessage], *, sampling: Sampling, on_text: OnText
    ) -> Completion:
        """Make one attempt for one choice, passing its text to `on_text` as it arrives."""
        ...

    async def count_prompt(self, messages: Sequence[BaseMessage]) -> int:
        """Return the number of prompt tokens, or an upper bound if they cannot be counted."""
        ...

    @property
    def limits_answers(self) -> bool:
        """Whether a `max_tokens` that the caller did not request may be added to a request."""
        ...

    def price(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int) -> float | None:
        """Return the price in USD, or None if it is unknown."""
        ...
