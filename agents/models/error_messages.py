"""Error messages for failed requests, one sentence per kind of failure."""

from refinegraph.agents.models.backend import Endpoint
from refinegraph.agents.models.failures import RETRIED, Failure, Kind
from refinegraph.errors import ContextTooLong, ModelError, ModelRequestRefused
from refinegraph.support.redaction import redact

LONGEST_DETAIL = 300
"""Maximum characters quoted from a server's own message."""
_SAYS: dict[Kind, str] = {
    "timeout": "did not answer in time",
    "connection": "closed the connection",
    "rate_limited": "is limiting the rate of requests",
    "server": "failed with a server error",
    "malformed": "returned something that is not a chat completion",
    "html": "returned a web page instead of JSON; is the address right?",
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
    """Return the exception for a request that was abandoned after `attempts` attempts."""
    subject = str(endpoint)
    sentence = f"{subject[0].upper()}{subject[1:]} {_what(failure, endpoint)}"
    sentence += _how_often(failure, attempts) + _quote(failure)
    return _CLASSES.get(failure.kind, ModelError)(redact(sentence, endpoint.secret))


def _what(failure: Failure, endpoint: Endpoint) -> str:
    if failure.kind == "unreachable":
        return "cannot be reached; is the server running?"
    if failure.kind == "key":
        variable = endpoint.key_variable or "the provider's key variable"
        return f"rejected the key; check {variable}"
    return _SAYS[failure.kind]


def _how_often(failure: Failure, attempts: int) -> str:
    if failure.kind not in RETRIED:
        return ""
    return f" (tried {attempts} times)" if attempts > 1 else " (tried once)"


def _quote(failure: Failure) -> str:
    detail = failure.detail.rstrip(" .")
    if len(detail) > LONGEST_DETAIL:
        detail = detail[:LONGEST_DETAIL] + "…"
    status = f"status {failure.status}: " if failure.status else ""
    return f": {status}{detail}"
