"""Types of requests to a model and of its results."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from pydantic import Field

from refinegraph.schema import Frozen, Usage


class Sampling(Frozen):
    """Sampling settings; None leaves a setting to the provider.

    Settings that a provider does not support, according to litellm, are omitted from its requests.
    """

    temperature: float | None = Field(default=None, ge=0)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, gt=0)
    """Maximum completion tokens of one choice, including reasoning."""
    stop: tuple[str, ...] = ()
    seed: int | None = None
    """If samples need several requests, each request adds the number of earlier samples to it."""
    logprobs: int | None = Field(default=None, ge=0, le=20)
    """Number of most likely tokens to report at each position, in addition to the sampled one."""
    json_schema: str | None = None
    """A JSON schema, as text, to which the server should constrain the answer. Ignored for chat
    models of other packages."""
    prefix: str | None = None
    """The beginning of the answer, which the model continues."""
    on_missing_prefix: Literal["ask"] | None = None
    """`ask` shows the prefix to a model that cannot continue a text and asks it to continue it;
    None makes such a model raise `ModelRequestRefused`."""


class TopLogprob(NamedTuple):
    """A token that the model could have written, with its natural log-probability."""

    token: str
    logprob: float


class TokenLogprob(Frozen):
    """A token that the model wrote, with its log-probability and the alternatives."""

    token: str
    logprob: float
    top: tuple[TopLogprob, ...] = ()


class Choice(Frozen):
    """One sample: the answer, separate from its reasoning."""

    text: str
    """The answer, including the prefix that it continues."""
    reasoning: str = ""
    """The model's reasoning, which is never part of the answer."""
    finish_reason: str | None = None
    """`stop`, `length`, …; None if the provider did not report it."""
    tokens: int = 0
    """Completion tokens, including reasoning but no prefix; estimated if the provider does not
    report them."""
    logprobs: tuple[TokenLogprob, ...] | None = None
    stopped_at: str | None = None
    """The stop text that ended the answer and is not part of it; None if the answer ended by itself
    or the provider does not report it. Scripted models and vLLM do; llama.cpp and OpenAI do not."""

    @property
    def truncated(self) -> bool:
        """Whether a token limit cut the text off; False if the provider did not report it."""
        return self.finish_reason in _TRUNCATED


_TRUNCATED = frozenset({"length", "max_tokens", "MAX_TOKENS", "model_length"})
"""The names used by OpenAI, Anthropic, Gemini and Mistral; litellm converts all of them to
`length`."""


class Generations(Frozen):
    """The samples returned by `generate`, with their total cost."""

    choices: tuple[Choice, ...]
    usage: Usage
    limited_by_budget: bool = False
    """Whether a budget limited the answers more than the sampling settings did."""


OnText = Callable[[str], None]
"""Callback that receives chunks of a text as they arrive."""


class Completion(NamedTuple):
    """The result of one request, before tokens are counted and priced."""

    choices: tuple[Choice, ...]
    prompt_tokens: int | None = None
    """As reported by the provider, or None."""
    completion_tokens: int | None = None
    cached_tokens: int = 0
    """Prompt tokens that were read from the provider's cache."""
    counts_one_choice: bool = False
    """Whether the provider counts the completion tokens of a single choice only."""
    requests: int = 1
    """Number of requests that the provider answered for it, all of equal cost."""
