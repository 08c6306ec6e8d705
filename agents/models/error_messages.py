"""One sentence for each way in which a request can end badly."""

from refinegraph.agents.models.backend import Endpoint
from refinegraph.agents.models.failures import RETRIED, Failure, Kind
from refinegraph.errors import ContextTooLong, ModelError, ModelRequestRefused
from refinegraph.support.redaction import redact, without_credentials

LONGEST_DETAIL = 300
"""Characters of a server's own words that a sentence quotes."""


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
