"""`refinegraph models`: what can be reached, from servers that answer and keys that are set."""

import json
import threading
from collections.abc import Callable, Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from command_line import Done

from refinegraph.options.discovery import Answer, ask_models

Command = Callable[..., Done]
BODY = b'{"data": [{"id": "small"}, {"id": "large"}, {"no": 1}, 3]}'


@pytest.fixture
def models_server() -> Generator[Callable[[bytes, int], str]]:
    servers: list[ThreadingHTTPServer] = []

    def start(body: bytes, status: int = 200) -> str:
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                return

            def do_GET(self) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/v1"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("body", "status", "names"),
    [
        (BODY, 200, ("small", "large")),
        (b"<html>", 200, ()),
        (b"[]", 200, ()),
        (b'{"data": 3}', 200, ()),
        (BODY, 401, ()),
    ],
)
def test_a_server_that_answers_anything_counts_as_reachable(
    body: bytes, status: int, names: tuple[str, ...], models_server: Callable[..., str]
) -> None:
    assert ask_models(models_server(body, status)) == Answer(names)


def test_a_server_that_does_not_answer_says_why() -> None:
    assert "refused" in str(ask_models("http://127.0.0.1:9/v1").problem)
    assert ask_models("nowhere").problem


def test_models_of_a_server_are_listed_with_its_address(
    command: Command, models_server: Callable[..., str]
) -> None:
    base = models_server(BODY)
    listed = command("models", "--api-base", base)
    assert listed.code == 0
    assert "openai/small" in listed.out
    assert f"--api-base {base}" in listed.out
    data = json.loads(command("models", "--api-base", base, "--json").out)
    assert [model["model"] for model in data if model["origin"] == "--api-base"] == [
        "openai/small",
        "openai/large",
    ]


def test_a_key_opens_its_provider_and_is_not_shown(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MISTRAL_API_KEY", "sk-secret")
    listed = command("models")
    assert "mistral/NAME" in listed.out
    assert "MISTRAL_API_KEY is set" in listed.out
    assert "sk-secret" not in listed.out


def test_an_address_that_does_not_answer_is_listed_as_such(command: Command) -> None:
    data = json.loads(command("models", "--api-base", "http://127.0.0.1:9/v1", "--json").out)
    named = next(model for model in data if model["origin"] == "--api-base")
    assert not named["reachable"]
    assert "not reached" in named["note"]
