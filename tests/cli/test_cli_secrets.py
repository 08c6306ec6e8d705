"""Secrets planted everywhere appear in no file and no stream."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import RIGHT, ChatServer, environment, run_process

KEY = "sk-planted-4f9d1c77e2-secret"
PASSWORD = "planted-5a6b7c8d-password"
SECRETS = (KEY, PASSWORD)


class FlakyServer(ChatServer):
    """Answers every second request with a text that contains no program."""

    def __init__(self) -> None:
        super().__init__(self._reply, kind="application/json", stall=0.0)

    def _reply(self, asked: dict[str, Any]) -> str:
        return RIGHT if len(self.asked) % 2 else "I cannot do that."


@pytest.fixture
def server() -> Iterator[FlakyServer]:
    server = FlakyServer()
    yield server
    server.close()


@pytest.mark.parametrize("command", ["solve", "eval", "failing solve", "failing eval"])
def test_no_file_and_no_stream_holds_a_secret(
    command: str, server: FlakyServer, tmp_path: Path
) -> None:
    home, log, cache = tmp_path / "home", tmp_path / "log.jsonl", tmp_path / "calls.sqlite"
    env = environment(REFINEGRAPH_HOME=str(home), OPENAI_API_KEY=KEY, OTHER_TOKEN=PASSWORD)
    failing = "failing" in command
    base = f"http://user:{PASSWORD}@127.0.0.1:9/v1?key={KEY}" if failing else server.base
    flags = ["--model", "openai/x", "--api-base", base, "--log-json", str(log)]
    flags += ["--cache", str(cache)]
    if "eval" in command:
        dataset = tmp_path / "problems.jsonl"
        record = {"id": "a", "prompt": "Write add(a, b).", "tests": "assert add(1, 2) == 3"}
        dataset.write_text(json.dumps(record) + "\n")
        asked = ["eval", "--dataset", str(dataset), "--out", str(tmp_path / "out")]
        done = run_process(*asked, "--strategy", "best-of-n", *flags, env=env)
    else:
        done = run_process("solve", "Write add(a, b).", *flags, env=env)
    assert done.code == (3 if failing else 0), done.err
    assert log.exists()
    written = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert any(written.values())
    for secret in SECRETS:
        assert secret not in done.out + done.err
        holding = [path for path, data in written.items() if secret.encode() in data]
        assert holding == []
