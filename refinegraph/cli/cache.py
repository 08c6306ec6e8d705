"""`refinegraph cache`: inspect or clear the cache of model answers."""

import argparse
import json
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refinegraph.options.config import home
from refinegraph.runs.solving import USER_CACHE
from refinegraph.wording import plural

if TYPE_CHECKING:
    from refinegraph.agents.models import CallCache


def run(options: argparse.Namespace) -> int:
    """Show the contents of a cache, or clear it."""
    path = Path(options.file) if options.file else home() / USER_CACHE
    state = _state(path, clear=options.clear)
    if options.json:
        print(json.dumps(state, indent=2))
    else:
        print(_in_words(state, cleared=options.clear))
    return 0


def _state(path: Path, *, clear: bool) -> dict[str, Any]:
    """Return the contents of a cache before it is cleared, if requested."""
    from refinegraph.agents.models import CallCache

    empty = {"file": str(path), "answers": 0, "models": 0, "bytes": 0, "oldest": None}
    if not path.exists():
        return empty
    with closing(CallCache(path)) as cache:
        return {**empty, "cleared": cache.clear()} if clear else empty | _contents(cache)


def _contents(cache: "CallCache") -> dict[str, Any]:
    state = cache.state()
    oldest = None if state.oldest is None else time.localtime(state.oldest)
    return {
        "answers": state.answers,
        "models": state.models,
        "bytes": state.bytes,
        "oldest": time.strftime("%Y-%m-%d %H:%M", oldest) if oldest else None,
    }


def _in_words(state: dict[str, Any], *, cleared: bool) -> str:
    if cleared:
        return f"deleted {plural(state.get('cleared', 0), 'answer')}"
    if not state["answers"]:
        return f"no answer is cached in {state['file']}"
    counts = f"{plural(state['answers'], 'answer')} of {plural(state['models'], 'model')}"
    oldest = f"\noldest   {state['oldest']}" if state["oldest"] else ""
    return f"file     {state['file']}\nanswers  {counts}, {state['bytes'] / 1e6:.1f} MB{oldest}"
