"""A log of a run's events, one JSON object per line."""

import json
import time
from collections.abc import Callable
from typing import IO

from refinegraph.schema import Frozen
from refinegraph.support.json_text import json_text


class JsonLog:
    """Write every event as a line with its time, name and fields, with secrets removed.

    If the log can no longer be written, for example because the disk is full, `on_failure` is
    called once and the log ends. It never raises, so that the run can continue.

    >>> import io
    >>> from refinegraph.schema import Usage
    >>> file = io.StringIO()
    >>> JsonLog(file, clean=str).handle(Usage(llm_calls=1))
    >>> json.loads(file.getvalue())["llm_calls"]
    1
    """

    def __init__(
        self,
        file: IO[str],
        *,
        clean: Callable[[str], str],
        on_failure: Callable[[OSError], None] | None = None,
    ) -> None:
        self._file = file
        self._clean = clean
        self._on_failure = on_failure
        self._ended = False

    def handle(self, event: Frozen) -> None:
        """Write one event."""
        if self._ended:
            return
        heading = {"time": round(time.time(), 3), "event": type(event).__name__}
        line = json.dumps({**heading, **json.loads(json_text(event))}, ensure_ascii=False)
        self._attempt(lambda: self._write(line))

    def close(self) -> None:
        """Close the file."""
        self._attempt(self._file.close)

    def _write(self, line: str) -> None:
        self._file.write(self._clean(line) + "\n")
        self._file.flush()

    def _attempt(self, work: Callable[[], None]) -> None:
        try:
            work()
        except OSError as error:
            if not self._ended and self._on_failure:
                self._on_failure(error)
            self._ended = True
