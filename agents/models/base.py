"""Base class of the package's chat models, which also implement LangChain's interface."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult
from pydantic import PrivateAttr

from refinegraph.agents.models.backend import Endpoint
from refinegraph.agents.models.calls.batches import BatchSize, sample
from refinegraph.agents.models.messages import as_chat_result
from refinegraph.agents.models.spending.usage import bound_prompt
from refinegraph.agents.models.types import Completion, Generations, OnText, Sampling
from refinegraph.errors import InputError
from refinegraph.retry_policy import RetryPolicy
from refinegraph.support.blocking import run_sync


class SamplingChatModel(BaseChatModel):
    """A LangChain chat model that requests n samples at once and accounts for their cost.

    Subclasses implement a single request in `ask`. This class adds retries, deadlines, events and
    the concurrency limit, whether it is called through `generate` or through LangChain.
    """

    retry: RetryPolicy = RetryPolicy()
    """When failed requests are retried."""
    prompt_set: str = "standard"
    """The name of the prompt set that suits the model best."""

    _size: BatchSize | None = PrivateAttr(default=None)

    @property
    @abstractmethod
    def endpoint(self) -> Endpoint:
        """Name and address, for events and errors."""

    @abstractmethod
    async def ask(
        self, messages: Sequence[BaseMessage], *, n: int, sampling: Sampling
    ) -> Completion:
        """Make one attempt for n choices; raise the client library's own exceptions.

        With `sampling.prefix`, return only the text after it.
        """

    async def ask_streaming(
        self, messages: Sequence[BaseMessage], *, sampling: Sampling, on_text: OnText
    ) -> Completion:
        """Make one attempt for one choice, passing its text to `on_text` if supported."""
        return await self.ask(messages, n=1, sampling=sampling)

    def price(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int) -> float | None:
        """Return the price of a call in USD, or None if it is unknown."""
        return None

    async def count_prompt(self, messages: Sequence[BaseMessage]) -> int:
        """Return the number of prompt tokens, or an upper bound if they cannot be counted."""
        return bound_prompt(messages)

    @property
    def limits_answers(self) -> bool:
        """Whether a `max_tokens` that the caller did not request may be added to a request."""
        return True

    def max_choices(self) -> int | None:
        """Return the maximum number of choices per request, or None if there is no known limit."""
        return None

    async def sample(
        self, messages: Sequence[BaseMessage], *, n: int = 1, sampling: Sampling | None = None
    ) -> Generations:
        """Return n samples, bypassing LangChain's callbacks; see `generate`."""
        settings = Sampling() if sampling is None else sampling
        if self._size is None and n > 1:
            self._size = BatchSize(limit=self.max_choices())
        size = self._size or BatchSize()
        return await sample(self, messages, n=n, sampling=settings, size=size)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        n = kwargs.pop("n", 1)
        generations = await self.sample(messages, n=n, sampling=self.sampling_of(stop, kwargs))
        return as_chat_result(generations, self.endpoint.name)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return run_sync(self._agenerate(messages, stop, **kwargs))

    def sampling_of(self, stop: Sequence[str] | None, settings: dict[str, Any]) -> Sampling:
        """Convert LangChain's keyword arguments; raise `InputError` for unknown ones."""
        explicit = {name: value for name, value in settings.items() if value is not None}
        for name in explicit.keys() - Sampling.model_fields.keys():
            raise InputError(
                f"model {self.endpoint.name!r} does not accept {name}={explicit[name]!r}; "
                f"expected n, {', '.join(Sampling.model_fields)}."
            )
        return Sampling.model_validate({**explicit, "stop": tuple(stop or ())})
