"""The model layer on recorded generations of a real model, if they are available."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from langchain_core.messages import HumanMessage

from refinegraph.agents.models import generate, resolve_model

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("REFINEGRAPH_SHARED", ROOT.parent / "shared"))
RECORDED = SHARED / "data" / "replay" / "humaneval_codegen16b.jsonl"


@pytest.fixture
def address() -> Iterator[str]:
    script = SHARED / "replay_server.py"
    if not (script.exists() and RECORDED.exists()):
        pytest.skip(f"no recorded generations in {SHARED}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, str(script), "--data", str(RECORDED), "--port", port]
    with subprocess.Popen(command) as server:
        base = f"http://127.0.0.1:{port}"
        wait_for(base)
        yield base
        server.terminate()


def wait_for(base: str) -> None:
    for _ in range(200):
        try:
            urlopen(f"{base}/stats").close()
        except OSError:
            time.sleep(0.05)
        else:
            return


async def test_ten_samples_of_a_recorded_problem_come_in_one_call(address: str) -> None:
    with RECORDED.open() as lines:
        problem = json.loads(next(lines))
    model = resolve_model("openai/codegen-solver", api_base=f"{address}/v1")
    generations = await generate(model, [HumanMessage(problem["prompt"])], n=10)
    assert len(generations.choices) == 10
    assert generations.usage.llm_calls == 1
    assert all(f"def {problem['entry_point']}" in each.text for each in generations.choices)
