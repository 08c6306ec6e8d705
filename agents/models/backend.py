"""What a call needs to know of a model: where it is, and how to make one request of it."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from langchain_core.messages import BaseMessage

from refinegraph.agents.models.types import Completion, OnText, Sampling
from refinegraph.retry_policy import RetryPolicy
from refinegraph.support.redaction import without_credentials


class Endpoint(NamedTuple):
    """Who was asked, for events and errors. Its text holds no key and no credentials."""

    name: str
    api_base: str | None = None
    key_variable: str | None = None
    """The environment variable that holds the key."""
    secret: str | None = None
    """The key itself, to be kept out of every text."""
    opaque: bool = False
    """Whether an exception that nothing explains is the client library's, not the caller's."""

    def __str__(self) -> str:
        """Name and address, as a sentence has them."""
        where = f" at {without_credentials(self.api_base)}" if self.api_base else ""
        return f"model {self.name!r}{where}"

    def __repr__(self) -> str:
        """Name and address; a key never."""
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
        """Make one attempt; raise whatever the client library raises.

        With a prefix, the choices hold what was written behind it.
        """
        ...

    async def ask_streaming(
        self, messages: Sequence[BaseMessage], *, sampling: Sampling, on_text: OnText
    ) -> Completion:
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
