"""What a model is asked for and what it gives back."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from pydantic import Field

from refinegraph.schema import Frozen, Usage


class Sampling(Frozen):
    """How to sample; None leaves a setting to the provider.

    Settings that litellm knows a provider to lack are left out of its requests.
    """

    temperature: float | None = Field(default=None, ge=0)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, gt=0)
    """Completion tokens of one choice, thinking included."""
    stop: tuple[str, ...] = ()
    seed: int | None = None
    """Where samples need several requests, each adds to it how many samples came before."""
    logprobs: int | None = Field(default=None, ge=0, le=20)
    """How many of the likeliest tokens are wanted at each position, beside the sampled one."""
    json_schema: str | None = None
    """A JSON schema, as text, that the server should hold the answer to. Models of other packages
    are not told."""
    prefix: str | None = None
    """A text that the answer begins with: the model goes on from its end."""
    on_missing_prefix: Literal["ask"] | None = None
    """`ask` shows the prefix to a model that cannot go on from one, and asks it to go on; otherwise
    such a model raises `ModelRequestRefused`."""


class TopLogprob(NamedTuple):
    """One token that the model could have written, and its natural log-probability."""

    token: str
    logprob: float


class TokenLogprob(Frozen):
    """One token that the model wrote, its log-probability, and the likeliest at its position."""

    token: str
    logprob: float
    top: tuple[TopLogprob, ...] = ()


class Choice(Frozen):
    """One sample: the answer, and the thinking apart from it."""

    text: str
    """The answer, with the prefix that it went on from in front."""
    reasoning: str = ""
    """What the model thought aloud; never part of the answer."""
    finish_reason: str | None = None
    """`stop`, `length`, …; None where the provider did not say."""
    tokens: int = 0
    """Completion tokens, thinking included, a prefix not; estimated where the provider did not
    count them."""
    logprobs: tuple[TokenLogprob, ...] | None = None
    stopped_at: str | None = None
    """The stop text that ended it, which is not part of it; None where the answer ended by itself
    or the provider does not tell. Scripted models and vLLM tell; llama.cpp and OpenAI do not."""

    @property
    def truncated(self) -> bool:
        """Whether a limit of tokens cut the text off; False where the provider did not say."""
        return self.finish_reason in _TRUNCATED


_TRUNCATED = frozenset({"length", "max_tokens", "MAX_TOKENS", "model_length"})
"""What OpenAI, Anthropic, Gemini and Mistral call it; litellm says `length` for all of them."""


class Generations(Frozen):
    """The samples of one `generate`, and what they cost together."""

    choices: tuple[Choice, ...]
    usage: Usage
    curtailed: bool = False
    """Whether a budget left less room for the answers than their sampling did."""


OnText = Callable[[str], None]
"""Hears pieces of a text as they are written."""


class Completion(NamedTuple):
    """What one request brought, before tokens are counted and priced."""

    choices: tuple[Choice, ...]
    prompt_tokens: int | None = None
    """As the provider counted; None where it did not."""
    completion_tokens: int | None = None
    cached_tokens: int = 0
    """Those prompt tokens that were read from the provider's cache."""
    counts_one_choice: bool = False
    """Whether the provider is known to count the completion tokens of one choice only."""
    requests: int = 1
    """How many requests the provider answered for it, each of which cost the same."""
