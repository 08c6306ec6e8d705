"""The usage in answers equals what the upstream server counted."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from serving_tools import ASK, RIGHT, TESTS, WRONG, Served

STRATEGIES = [
    "adaptive",
    "best-of-n:3",
    "sample-until:4",
    "self-consistency:2",
    "self-refine",
    "single",
    "magicore",
]


def drawn(seed: int) -> Callable[[dict[str, Any]], str]:
    """Return a reply that is right or wrong at random, depending only on the seed."""
    counted = [0]

    def reply(asked: dict[str, Any]) -> str:
        counted[0] += 1
        draw = hashlib.sha256(f"{seed} {counted[0]}".encode()).digest()[0]
        return [RIGHT, WRONG, "", "no program here"][draw % 4]

    return reply


REQUESTS = st.fixed_dictionaries(
    {
        "model": st.sampled_from([*(f"{name}/openai/m" for name in STRATEGIES), "openai/m"]),
        "n": st.sampled_from([1, 1, 1, 2]),
        "stream": st.booleans(),
        "seed": st.integers(0, 9),
        "refinegraph": st.fixed_dictionaries(
            {"tests": st.sampled_from([TESTS, "assert add(2, 2) == 4"])},
            optional={"rounds": st.integers(0, 2), "samples": st.integers(1, 4)},
        ),
    }
)


def test_usage_is_what_the_upstream_calls_cost(served: Callable[..., Served]) -> None:
    # 1,000 requests are made by benchmarks/serving.py.
    server = served(drawn(1))
    failed: list[int] = []

    @settings(
        deadline=None,
        max_examples=25,
        suppress_health_check=[HealthCheck.too_slow],
        database=None,
    )
    @given(request=REQUESTS)
    def check(request: dict[str, Any]) -> None:
        upstream = server.upstream
        upstream.prompt_tokens = upstream.completion_tokens = 0
        body = {"messages": ASK, "stream_options": {"include_usage": True}, **request}
        done = httpx.post(f"{server.base}/chat/completions", json=body, timeout=120)
        usage = _usage(done)
        if usage is None:
            failed.append(done.status_code)
            return
        assert usage["prompt_tokens"] == upstream.prompt_tokens
        assert usage["completion_tokens"] == upstream.completion_tokens
        assert usage["total_tokens"] == upstream.prompt_tokens + upstream.completion_tokens

    check()
    assert len(failed) < 20


def _usage(done: httpx.Response) -> Any:
    """Return the usage of an answer, or None if the model gave nothing usable."""
    if not done.headers["content-type"].startswith("text/event-stream"):
        return done.json().get("usage")
    chunks = [json.loads(line[6:]) for line in done.text.splitlines() if line.startswith("data: {")]
    return None if "error" in chunks[-1] else chunks[-1]["usage"]
