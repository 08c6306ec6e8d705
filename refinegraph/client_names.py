"""The names of the clients that send requests to a model's server."""

from typing import Literal

Client = Literal["auto", "direct", "litellm"]
"""`direct` speaks OpenAI's protocol, `litellm` every provider's own; `auto` chooses."""
