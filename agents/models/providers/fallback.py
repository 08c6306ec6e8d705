"""A chain of models, each of which is used if the previous ones fail permanently."""

from collections.abc import Sequence

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from pydantic import ConfigDict

from refinegraph.agents.models.backend import Endpoint
from refinegraph.agents.models.base import SamplingChatModel
from refinegraph.agents.models.calls.batches import BatchSize, sample
from refinegraph.agents.models.events import FellBack
from refinegraph.agents.models.generation import model_name
from refinegraph.agents.models.providers.langchain_adapter import LangChainAdapter
from refinegraph.agents.models.run_context import current_scope
from refinegraph.agents.models.types import Completion, Generations, Sampling
from refinegraph.charging import charge
from refinegraph.errors import InputError, ModelError
from refinegraph.schema import Usage


class FallbackChatModel(SamplingChatModel):
    """A chat model that uses the first of its models, and the next one if that model fails.

    A request moves on to the next model when all its retries have failed or the provider refuses
    it. Each time, observers receive a `FellBack` event and the usage counts it. Every model keeps
    its own prices, retries and limits.

    >>> import asyncio
    >>> from langchain_core.messages import HumanMessage
    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> broken = ScriptedChatModel([ModelError("down")])
    >>> model = FallbackChatModel(models=(broken, ScriptedChatModel("4")))
    >>> samples = asyncio.run(model.sample([HumanMessage("2 + 2?")]))
    >>> samples.choices[0].text, samples.usage.fallbacks
    ('4', 1)
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    models: tuple[BaseChatModel, ...]

    @property
    def endpoint(self) -> Endpoint:
        """The names of all models, in order."""
        return Endpoint(" or ".join(model_name(model) for model in self.models))

    async def ask(
        self, messages: Sequence[BaseMessage], *, n: int, sampling: Sampling
    ) -> Completion:
        """Make one attempt with the first model; `sample` implements the fallback."""
        first = self.models[0]
        backend = first if isinstance(first, SamplingChatModel) else LangChainAdapter(first)
        return await backend.ask(messages, n=n, sampling=sampling)

    async def sample(
        self, messages: Sequence[BaseMessage], *, n: int = 1, sampling: Sampling | None = None
    ) -> Generations:
        """Return n samples from the first model that answers."""
        settings = Sampling() if sampling is None else sampling
        failed: ModelError | None = None
        for number, model in enumerate(self.models):
            if failed:
                self._report(number, failed)
            try:
                samples = await _sampled(model, messages, n, settings)
            except ModelError as error:
                failed = error
                continue
            fell_back = Usage(fallbacks=int(number > 0))
            charge(fell_back)
            return samples.model_copy(update={"usage": samples.usage + fell_back})
        raise failed or InputError("the list of fallback models is empty; name at least one.")

    def _report(self, number: int, failed: ModelError) -> None:
        current_scope().emit(
            FellBack(
                call=0,
                model=model_name(self.models[number - 1]),
                to=model_name(self.models[number]),
                reason=str(failed),
            )
        )

    @property
    def _llm_type(self) -> str:
        return "refinegraph-fallback"


async def _sampled(
    model: BaseChatModel, messages: Sequence[BaseMessage], n: int, sampling: Sampling
) -> Generations:
    if isinstance(model, SamplingChatModel):
        return await model.sample(messages, n=n, sampling=sampling)
    backend = LangChainAdapter(model)
    return await sample(backend, messages, n=n, sampling=sampling, size=BatchSize(limit=1))
