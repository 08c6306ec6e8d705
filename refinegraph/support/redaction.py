"""Redact keys and credentials in text that is displayed or stored."""

import os
import re
from urllib.parse import urlsplit, urlunsplit

HIDDEN = "********"

_SECRET_NAME = re.compile(r"(?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS)$")
_SECRET_SHAPE = re.compile(
    r"(?i:(?<=bearer )\S+)|\b(?:sk|pk|gsk|xai|hf|AIza|ghp)[-_][\w*.-]{6,}|(?<=://)[^\s/@]+(?=@)"
)


def redact(text: str, *secrets: str | None) -> str:
    """Replace the given secrets, those in the environment, and text that looks like a key.

    >>> redact("Incorrect API key provided: sk-abcdef123456 (Bearer hush)", None)
    'Incorrect API key provided: ******** (Bearer ********'
    """
    hidden = {secret for secret in (*secrets, *_secrets_of_environment()) if secret}
    for secret in sorted(hidden, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return _SECRET_SHAPE.sub(HIDDEN, text)


def without_credentials(url: str) -> str:
    """Return a URL without its user, password, query and fragment.

    >>> without_credentials("http://me:hush@127.0.0.1:8000/v1?key=hush")
    'http://127.0.0.1:8000/v1'
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def _secrets_of_environment() -> list[str]:
    return [
        value
        for name, value in os.environ.items()
        if len(value) >= 8 and _SECRET_NAME.search(name.upper())
    ]
