"""The base of our own chat models: n samples, retries and usage, also under LangChain's names."""

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
    """A LangChain chat model that makes one request for n samples and knows what it cost.

    Subclasses say how to `ask` once. Retries, deadlines, events and the limit in flight come from
    here, whether it is called through `generate` or through LangChain.
    """

    retry: RetryPolicy = RetryPolicy()
    """When a failed request is sent again."""
    prompt_set: str = "standard"
    """The name of the prompts that the model understands best."""

    _size: BatchSize | None = PrivateAttr(default=None)

    @property
    @abstractmethod
    def endpoint(self) -> Endpoint:
        """Name and address, for events and errors."""

    @abstractmethod
    async def ask(
        self, messages: Sequence[BaseMessage], *, n: int, sampling: Sampling
    ) -> Completion:
        """Make one attempt for n choices; raise whatever the client library raises.

        With `sampling.prefix`, return what is written behind it.
        """

    async def ask_streaming(
        self, messages: Sequence[BaseMessage], *, sampling: Sampling, on_text: OnText
    ) -> Completion:
        """Make one attempt for one choice and tell of its text as it comes, where that can be."""
        return await self.ask(messages, n=1, sampling=sampling)

    def price(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int) -> float | None:
        """Return USD for a call with these tokens; None where the price is unknown."""
        return None

    async def count_prompt(self, messages: Sequence[BaseMessage]) -> int:
        """Return the tokens of a prompt, or an upper bound where they cannot be counted."""
        return bound_prompt(messages)

    @property
    def limits_answers(self) -> bool:
        """Whether a request may be given a `max_tokens` that the caller did not ask for."""
        return True

    def most_choices(self) -> int | None:
        """Return how many choices one request may ask for; None where there is no known limit."""
        return None

    async def sample(
        self, messages: Sequence[BaseMessage], *, n: int = 1, sampling: Sampling | None = None
    ) -> Generations:
        """Return n samples, past LangChain's callbacks; see `generate`."""
        chosen = Sampling() if sampling is None else sampling
        if self._size is None and n > 1:
            self._size = BatchSize(most=self.most_choices())
        size = self._size or BatchSize()
        return await sample(self, messages, n=n, sampling=chosen, size=size)

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
        """Read LangChain's keyword arguments; raise an InputError for one that is not known."""
        known = {name: value for name, value in settings.items() if value is not None}
        for name in known.keys() - Sampling.model_fields.keys():
            raise InputError(
                f"Model {self.endpoint.name!r} does not take {name}={known[name]!r}; "
                f"it takes n, {', '.join(Sampling.model_fields)}."
            )
        return Sampling.model_validate({**known, "stop": tuple(stop or ())})
