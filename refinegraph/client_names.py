"""Names of the clients that send requests to a model's server."""

from typing import Literal

Client = Literal["auto", "direct", "litellm"]
"""`direct` uses OpenAI's protocol and `litellm` every provider's own; `auto` chooses."""
