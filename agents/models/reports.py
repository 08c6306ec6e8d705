"""One sentence for each way in which a request can end badly."""

from typing import NamedTuple

from refinegraph.agents.models.failures import RETRIED, Failure, Kind
from refinegraph.agents.models.redaction import redact, without_credentials
from refinegraph.errors import ContextTooLong, ModelError, ModelRequestRefused

LONGEST_DETAIL = 300
"""Characters of a server's own words that a sentence quotes."""


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


_SAYS: dict[Kind, str] = {
    "timeout": "did not answer in time",
    "connection": "broke the connection off",
    "rate_limited": "is limiting the rate of requests",
    "server": "failed with a server error",
    "malformed": "answered with something that is no chat completion",
    "html": "answered with a web page where JSON was expected; is the address right?",
    "quota": "has no credit or quota left for this key",
    "tls": "cannot be reached over TLS; check its certificate and whether the address is https",
    "not_found": "does not exist there, or the address is wrong",
    "context": "cannot take a prompt this long; shorten it or choose a model with more context",
    "policy": "refused the request under its content policy",
    "refused": "refused the request",
    "unknown": "failed",
}

_CLASSES: dict[Kind, type[ModelError]] = {
    "context": ContextTooLong,
    "policy": ModelRequestRefused,
    "refused": ModelRequestRefused,
    "not_found": ModelRequestRefused,
    "key": ModelRequestRefused,
    "quota": ModelRequestRefused,
    "tls": ModelRequestRefused,
}


def error_for(failure: Failure, endpoint: Endpoint, *, attempts: int) -> ModelError:
    """Return the error for a request that was given up after so many attempts."""
    who = str(endpoint)
    sentence = f"{who[0].upper()}{who[1:]} {_what(failure, endpoint)}"
    sentence += _how_often(failure, attempts) + _quote(failure)
    return _CLASSES.get(failure.kind, ModelError)(redact(sentence, endpoint.secret))


def _what(failure: Failure, endpoint: Endpoint) -> str:
    if failure.kind == "unreachable":
        where = without_credentials(endpoint.api_base) if endpoint.api_base else "its address"
        return f"cannot be reached; is the server running at {where}?"
    if failure.kind == "key":
        variable = endpoint.key_variable or "the provider's key variable"
        return f"refused the key; check {variable}"
    return _SAYS[failure.kind]


def _how_often(failure: Failure, attempts: int) -> str:
    if failure.kind not in RETRIED:
        return ""
    return f" (tried {attempts} times)" if attempts > 1 else " (tried once)"


def _quote(failure: Failure) -> str:
    said = failure.detail.rstrip(" .")
    if len(said) > LONGEST_DETAIL:
        said = said[:LONGEST_DETAIL] + "…"
    status = f"status {failure.status}: " if failure.status else ""
    return f": {status}{said}"
