"""Errors of OpenAI's protocol, and their mapping from the exceptions of this package."""

import logging
from collections.abc import Mapping
from typing import Any

from refinegraph.errors import (
    BudgetExceeded,
    ContextTooLong,
    DeadlineExceeded,
    InputError,
    ModelError,
    ModelRequestRefused,
    RefinegraphError,
    SandboxUnavailable,
)
from refinegraph.support.redaction import redact

_log = logging.getLogger("refinegraph.serving")


class Refusal(Exception):
    """A refused request: the status and the three fields of the error.

    Args:
        message: One readable sentence.
        status: The HTTP status.
        type: The class of the error, as OpenAI names it.
        code: The exact error, as one word that programs can test.
        headers: Additional headers, such as `retry-after`.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = "invalid_request_error",
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.type = type
        self.code = code
        # OpenAI's clients send a request again after a 5xx unless they are told not to. A run
        # that failed made its retries already and would only cost the same again.
        self.headers = {"x-should-retry": "false", **(headers or {})}

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object that is sent."""
        return {"error": {"message": str(self), "type": self.type, "code": self.code}}


def refusal_of(error: BaseException) -> Refusal:
    """Return the refusal for an exception; an unexpected one is logged and not shown."""
    if isinstance(error, Refusal):
        return error
    for kind, status, type, code in _KINDS:
        if isinstance(error, kind):
            return Refusal(redact(str(error)), status=status, type=type, code=code)
    _log.error("a request failed", exc_info=error)
    return Refusal(
        "the server failed on this request; its log says why.",
        status=500,
        type="server_error",
        code="internal_error",
    )


def too_busy(sentence: str, *, seconds: float, code: str = "server_busy") -> Refusal:
    """Return a refusal that tells the client after how many seconds to try again."""
    return Refusal(
        sentence,
        status=429,
        type="rate_limit_error",
        code=code,
        headers={"retry-after": str(max(1, round(seconds))), "x-should-retry": "true"},
    )


_KINDS: tuple[tuple[type[BaseException], int, str, str], ...] = (
    (InputError, 400, "invalid_request_error", "invalid_request"),
    (ContextTooLong, 400, "invalid_request_error", "context_length_exceeded"),
    (ModelRequestRefused, 400, "invalid_request_error", "refused_by_model"),
    (ModelError, 502, "upstream_error", "model_failed"),
    (BudgetExceeded, 429, "insufficient_quota", "budget_exceeded"),
    (DeadlineExceeded, 504, "timeout_error", "deadline_exceeded"),
    (SandboxUnavailable, 503, "server_error", "sandbox_unavailable"),
    (RefinegraphError, 500, "server_error", "run_failed"),
)
"""From the most specific class to the most general one."""
