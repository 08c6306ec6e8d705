"""Features that work without litellm, and the errors of those that do not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from serving_tools import PATIENCE, RIGHT, Serving, Upstream

COMMAND = "import sys; sys.modules['litellm'] = None; from refinegraph.cli import main; sys.exit(main(sys.argv[1:]))"  # noqa: E501


def solve(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Solve a problem in a process that cannot import litellm."""
    tests = home / "tests.py"
    tests.write_text("assert add(1, 2) == 3")
    return subprocess.run(
        [sys.executable, "-c", COMMAND, "solve", "Write add(a, b).", "--tests", str(tests), *words],
        env={**os.environ, "REFINEGRAPH_HOME": str(home), "OPENAI_API_KEY": "none"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


@pytest.mark.parametrize("provider", ["openai", "hosted_vllm"])
def test_a_server_by_its_address_needs_no_litellm(tmp_path: Path, provider: str) -> None:
    upstream = Upstream(lambda _: RIGHT)
    upstream.held.set()
    serving = Serving(upstream.app())
    try:
        done = solve(tmp_path, "--model", f"{provider}/m", "--api-base", serving.base)
    finally:
        serving.close()
    assert done.returncode == 0, done.stderr
    assert "return a + b" in done.stdout


@pytest.mark.parametrize("model", ["openai/gpt-5", "anthropic/claude", "gpt-5"])
def test_a_hosted_model_says_in_one_sentence_what_is_missing(tmp_path: Path, model: str) -> None:
    done = solve(tmp_path, "--model", model)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "litellm is not installed" in done.stderr
    assert "--api-base" in done.stderr
