"""`refinegraph cache`, and the cache that `--cache` and `--replay` name."""

import argparse
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from refinegraph.config import home

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
    from refinegraph.agents.models import CallCache

    path = Path(name) if name else home() / _NAME
    with closing(CallCache(path, replay=bool(options.replay))) as cache:
        yield cache


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
