"""`refinegraph cache`, and the cache that `--cache` and `--replay` name."""

import argparse
import sqlite3
import time
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from refinegraph.config import home
from refinegraph.private_files import make_private_folder, touch_private
from refinegraph.view.console import error_console
from refinegraph.view.text import printable

if TYPE_CHECKING:
    from refinegraph.agents.models import CallCache

_NAME = "calls.sqlite"


@contextmanager
def call_cache(options: argparse.Namespace) -> "Generator[CallCache | None]":
    """Open the cache that the arguments name, if any."""
    name = options.replay or options.cache
    if name is None:
        yield None
        return
    with open_cache(Path(name) if name else home() / _NAME, replay=bool(options.replay)) as cache:
        yield cache


@contextmanager
def open_cache(path: Path, *, replay: bool = False) -> "Generator[CallCache]":
    """Open a cache, readable by its user only where it is new.

    A file that was removed meanwhile, or a full disk, does not undo what the answers were for: one
    sentence says that they are not kept.
    """
    from refinegraph.agents.models import CallCache

    if not replay:
        _make(path)
    cache = CallCache(path, replay=replay)
    try:
        yield cache
    finally:
        try:
            cache.close()
        except (OSError, sqlite3.Error) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            sentence = printable(f"answers are not kept in {str(path)!r}: {reason}.")
            error_console().print(Text(sentence, style="yellow"), soft_wrap=True)


def _make(path: Path) -> None:
    """Make the file, so that SQLite does not make one that everybody may read."""
    with suppress(OSError):  # opening it says what is wrong
        make_private_folder(path.parent)
        touch_private(path)


def run(options: argparse.Namespace) -> int:
    """Say what a cache holds, or clear it."""
    from refinegraph.agents.models import CallCache

    path = Path(options.file) if options.file else home() / _NAME
    if not path.exists():
        print(f"no answer is kept in {path}")
        return 0
    with closing(CallCache(path)) as cache:
        if options.clear:
            print(f"{cache.clear():,} answers forgotten")
            return 0
        state = cache.state()
    print(f"file     {path}")
    print(f"answers  {state.answers:,} of {state.models} models, {state.bytes / 1e6:.1f} MB")
    if state.oldest is not None:
        print(f"oldest   {time.strftime('%Y-%m-%d %H:%M', time.localtime(state.oldest))}")
    return 0
