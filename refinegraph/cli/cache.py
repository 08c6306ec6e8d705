"""`refinegraph cache`: look at kept answers, or forget them."""

import argparse
import time
from contextlib import closing
from pathlib import Path

from refinegraph.options.config import home
from refinegraph.runs.solving import USER_CACHE


def run(options: argparse.Namespace) -> int:
    """Say what a cache holds, or clear it."""
    from refinegraph.agents.models import CallCache

    path = Path(options.file) if options.file else home() / USER_CACHE
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
