"""A log of a run: one JSON object a line for everything that its observers hear."""

import json
import time
from collections.abc import Callable
from typing import IO

from refinegraph.json_text import json_text
from refinegraph.schema import Frozen


class JsonLog:
    """Writes each event as a line with its time, its name and its fields; keys never.

    >>> import io
    >>> from refinegraph.schema import Usage
    >>> file = io.StringIO()
    >>> JsonLog(file, clean=str).hear(Usage(llm_calls=1))
    >>> json.loads(file.getvalue())["llm_calls"]
    1
    """

    def __init__(self, file: IO[str], *, clean: Callable[[str], str]) -> None:
        self._file = file
        self._clean = clean

    def hear(self, event: Frozen) -> None:
        """Write one event."""
        known = {"time": round(time.time(), 3), "event": type(event).__name__}
        line = json.dumps({**known, **json.loads(json_text(event))}, ensure_ascii=False)
        self._file.write(self._clean(line) + "\n")
        self._file.flush()
