"""Convert values to plain data without credentials."""

import re
import sys
from typing import Any, cast

_CREDENTIALS = re.compile(r"(?<=://)[^\s/@]+@|\?[^\s,]*")


def plain_data(value: Any) -> Any:
    """Return plain data without credentials, and other objects as their name or repr."""
    if isinstance(value, str):
        return without_credentials(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    parts = listed(value)
    if parts is not None:
        return [plain_data(part) for part in parts]
    if is_instance(value, "langchain_core.language_models.chat_models:BaseChatModel"):
        from refinegraph.agents.models import model_name

        return model_name(value)
    return repr(value)


def without_credentials(text: str) -> str:
    """Return a text without the users, passwords and queries of its URLs.

    >>> without_credentials("prm:http://me:hush@host/m?key=hush")
    'prm:http://host/m'
    """
    return _CREDENTIALS.sub("", text) if "://" in text else text


def is_instance(value: Any, name: str) -> bool:
    """Return whether a value is an instance of `module:Class`, without importing the module.

    >>> from pathlib import Path
    >>> is_instance(Path(), "pathlib:Path"), is_instance(3, "nowhere:Nothing")
    (True, False)
    """
    module, _, attribute = name.partition(":")
    cls = getattr(sys.modules.get(module), attribute, None)
    return isinstance(cls, type) and isinstance(value, cls)


def listed(value: Any) -> tuple[Any, ...] | None:
    """Return the items of a list or a tuple; None for anything else."""
    return tuple(cast("list[Any]", value)) if isinstance(value, list | tuple) else None
