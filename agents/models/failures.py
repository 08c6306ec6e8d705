"""Classify failed requests by the exception that a client library raised.

Exceptions are recognised by the names of their classes. No client library has to be imported, and
LangChain's own integrations are handled in the same way as litellm.
"""

import re
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from time import time
from typing import Any, Literal, NamedTuple, cast

Kind = Literal[
    "timeout",
    "connection",
    "unreachable",
    "rate_limited",
    "server",
    "malformed",
    "html",
    "quota",
    "key",
    "tls",
    "not_found",
    "context",
    "policy",
    "refused",
    "unknown",
]
"""The kind of failure; `html` is a web page instead of JSON."""

RETRIED: frozenset[Kind] = frozenset(
    {"timeout", "connection", "unreachable", "rate_limited", "server", "malformed"}
)
"""The kinds of failure that another attempt may resolve."""


class Failure(NamedTuple):
    """One failed attempt."""

    kind: Kind
    detail: str
    """The message of the server or client library in one line; may still contain keys."""
    retry_after: float | None = None
    """Seconds that the server asks the client to wait."""
    status: int | None = None
    """The HTTP status, if there is one."""


_TIMEOUTS = frozenset({"Timeout", "APITimeoutError", "TimeoutException", "TimeoutError"})
_UNREACHABLE = frozenset(
    {
        "ConnectError",
        "ClientConnectorError",
        "ConnectionRefusedError",
        "ConnectTimeout",
        "ConnectionTimeoutError",
        "gaierror",
    }
)
_CONNECTION = frozenset(
    {"APIConnectionError", "TransportError", "ClientConnectionError", "ConnectionError"}
)
_MALFORMED = frozenset(
    {
        "JSONDecodeError",
        "APIResponseValidationError",
        "MalformedAnswer",
        "ContentTypeError",
        "UnicodeDecodeError",
        "DecodingError",
    }
)
_WRONG_ADDRESS = frozenset(
    {"TooManyRedirects", "InvalidURL", "UnsupportedProtocol", "NonHttpUrlClientError"}
)
_CONTROL_FLOW = "GraphBubbleUp"
"""Base class of the exceptions with which LangGraph interrupts a node; they are not failures."""
_CONTEXT = re.compile(
    r"context[ _]?(?:length|window|size)|maximum context|prompt is too long|too many tokens",
    re.IGNORECASE,
)
_POLICY = re.compile(
    r"content[ _]?(?:policy|filter|management)|safety system|responsible.?ai", re.IGNORECASE
)
_QUOTA = re.compile(
    r"insufficient[ _]quota|exceeded your current quota|credit balance|billing", re.IGNORECASE
)
_TWO_KEYS = re.compile(r"combine AUTHORIZATION header with", re.IGNORECASE)
"""The address contains a user and password in addition to a key."""
_NO_KEY = re.compile(
    r"api_key client option must be set|illegal header value|invalid header value", re.IGNORECASE
)
"""Messages of client libraries about a key that is empty or contains a line break."""
_TLS = re.compile(
    r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|WRONG_VERSION_NUMBER|\[SSL", re.IGNORECASE
)
_REDIRECTS = re.compile(r"(?:maximum allowed|too many) redirects", re.IGNORECASE)
_HTML = re.compile(r"<!doctype html|<html\b", re.IGNORECASE)
_NOT_AN_ANSWER = re.compile(
    r"Empty or invalid response|provider returned 'choices'|Invalid response object"
    r"|codec can't decode|Error parsing chunk",
    re.IGNORECASE,
)
_APPENDED = re.compile(
    r"\s*(?:Traceback \(most recent call last\)|Original exception:|LiteLLM Retried:"
    r"|Available Model Group Fallbacks).*",
    re.DOTALL,
)
"""Text that litellm appends to the server's message."""
_CONNECTED_TO = re.compile(r"\[Errno \d+\] |(?<=failed) \('[^']*', \d+\)")
"""What asyncio adds to the reason of a failed connection; messages name the address themselves."""
_NOT_A_STATUS = re.compile(r"^\d{3}, message:\s*")
"""A status that aiohttp reports for answers that are not HTTP; no server sent it."""
_PERMANENT = frozenset({501, 505, 511})
"""Statuses that a retry cannot change: not implemented, HTTP version not supported, and network
authentication required."""
_PREFIX = re.compile(r"^(?:litellm\.)?\w*(?:Error|Exception|Timeout)(?: -|:)\s*", re.IGNORECASE)


def read_failure(error: BaseException) -> Failure:
    """Classify an exception; the kind is `unknown` if nothing identifies it."""
    causes = list(_chain(error))
    names = {base.__name__ for cause in causes for base in type(cause).__mro__}
    detail = _detail(causes)
    sent = _sent_status(causes)
    status = sent or _invented_status(causes, names)
    kind = _kind_of_body(causes, detail, names, sent) or _kind_of_status(status, detail, names)
    if kind in ("connection", "unreachable") or (kind in ("not_found", "tls") and sent is None):
        detail = _detail(causes[::-1])
    elif kind in ("html", "malformed"):
        detail = " ".join("".join(map(_document, causes)).split()) or detail
    elif kind == "unknown":
        detail = f"{type(causes[0]).__name__}: {detail}"
    return Failure(kind, _CONNECTED_TO.sub("", detail), _retry_after(causes), sent)


def is_control_flow(error: BaseException) -> bool:
    """Return whether an exception controls a graph and must reach it unchanged."""
    return any(base.__name__ == _CONTROL_FLOW for base in type(error).__mro__)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__ or _first_of_group(current)


def _first_of_group(error: BaseException) -> BaseException | None:
    members = getattr(error, "exceptions", ())
    return next((member for member in members if isinstance(member, BaseException)), None)


def _kind_of_body(
    causes: list[BaseException], detail: str, names: set[str], sent: int | None
) -> Kind | None:
    """Classify responses that have a success status but no usable body."""
    if names & _TIMEOUTS or (sent or 0) >= 400:
        return None
    if not (names & _MALFORMED or _NOT_AN_ANSWER.search(detail)):
        return None
    pages = (detail, *map(_document, causes))
    return "html" if any(_HTML.search(page) for page in pages) else "malformed"


def _kind_of_status(status: int | None, detail: str, names: set[str]) -> Kind:
    not_sent = _kind_of_unsent(detail, names) if status in (None, 401, 500) else None
    if not_sent is not None:
        return not_sent
    if status is None:
        return _kind_without_status(names)
    if status in (400, 413, 422):
        return _kind_of_refusal(detail, names)
    if status == 429:
        return "quota" if _QUOTA.search(detail) else "rate_limited"
    by_status: dict[int, Kind] = {
        401: "key",
        402: "quota",
        403: "key",
        404: "not_found",
        408: "timeout",
    }
    if status in by_status:
        return by_status[status]
    passes = (status >= 500 and status not in _PERMANENT) or status in (409, 425)
    return "server" if passes else "refused"


def _kind_of_unsent(detail: str, names: set[str]) -> Kind | None:
    """Classify requests that never reached a server; litellm reports status 500 for them."""
    if _TWO_KEYS.search(detail):
        return "refused"
    if _NO_KEY.search(detail):
        return "key"
    if _TLS.search(detail):
        return "tls"
    return "not_found" if names & _WRONG_ADDRESS or _REDIRECTS.search(detail) else None


def _kind_without_status(names: set[str]) -> Kind:
    if names & _UNREACHABLE:
        return "unreachable"
    if names & _TIMEOUTS:
        return "timeout"
    return "connection" if names & _CONNECTION else "unknown"


def _kind_of_refusal(detail: str, names: set[str]) -> Kind:
    if "ContextWindowExceededError" in names or _CONTEXT.search(detail):
        return "context"
    if "ContentPolicyViolationError" in names or _POLICY.search(detail):
        return "policy"
    return "refused"


def _sent_status(causes: list[BaseException]) -> int | None:
    """Return the status sent by a server; litellm's own exceptions invent theirs."""
    for cause in reversed(causes):
        if not type(cause).__module__.startswith("litellm"):
            code = getattr(getattr(cause, "response", None), "status_code", None)
            if isinstance(code, int):
                return code
    return None


def _invented_status(causes: list[BaseException], names: set[str]) -> int | None:
    if names & (_TIMEOUTS | _UNREACHABLE | _CONNECTION | _MALFORMED):
        return None
    codes = (getattr(cause, "status_code", None) for cause in causes)
    return next((code for code in codes if isinstance(code, int)), None)


def _document(cause: BaseException) -> str:
    document = getattr(cause, "doc", "")
    return document if isinstance(document, str) else ""


def _detail(causes: list[BaseException]) -> str:
    text = next((str(cause) for cause in causes if str(cause).strip()), type(causes[0]).__name__)
    text = " ".join(_APPENDED.sub("", text).split())
    while (shorter := _NOT_A_STATUS.sub("", _PREFIX.sub("", text))) != text:
        text = shorter
    return text or type(causes[0]).__name__


def _retry_after(causes: list[BaseException]) -> float | None:
    for cause in causes:
        for source in (cause, getattr(cause, "response", None)):
            for name in ("litellm_response_headers", "headers"):
                headers: Any = getattr(source, name, None)
                if isinstance(headers, Mapping):
                    seconds = _seconds(cast("Mapping[str, object]", headers))
                    if seconds is not None:
                        return seconds
    return None


def _seconds(headers: Mapping[str, object]) -> float | None:
    value = str(headers.get("retry-after") or headers.get("Retry-After") or "").strip()
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        return _seconds_until(value)


def _seconds_until(date: str) -> float | None:
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - time())
    except ValueError:
        return None
