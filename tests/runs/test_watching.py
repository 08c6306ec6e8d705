"""Observers, a log and a receiver of spans never change the outcome of a run."""

import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import refinegraph as rg
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.cli.observers import watched
from refinegraph.errors import SettingError
from refinegraph.options import CommandOptions
from refinegraph.schema import RefinementResult

pytest.importorskip("opentelemetry.sdk", reason="the extra 'otel' is not installed")


def solve(*, log_json: str | None = None, otel: bool = False) -> RefinementResult:
    with watched(CommandOptions(log_json=log_json, otel=otel)):
        model = ScriptedChatModel("def f(x): return x", cycle=True)
        return rg.solve("Write f(x).", tests="assert f(1) == 1", model=model, strategy="single")


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Generator[list[int]]:
    """A receiver of spans; the list contains the length of every request."""
    received: list[int] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(len(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    yield received
    server.shutdown()
    server.server_close()


def test_a_receiver_gets_the_spans(receiver: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    assert solve(otel=True).solved
    assert receiver
    assert capsys.readouterr().err == ""


def test_without_a_receiver_one_sentence_says_so(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    assert solve(otel=True).solved
    [sentence] = capfd.readouterr().err.splitlines()
    assert "spans not accepted" in sentence
    assert "set OTEL_EXPORTER_OTLP_ENDPOINT" in sentence


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("OTEL_TRACES_EXPORTER", "pigeon", "no exporter 'pigeon' here, only: console"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "smoke", "is 'smoke'; expected one of: http/protobuf"),
    ],
)
def test_a_missing_receiver_named_by_the_environment_is_refused(
    name: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError, match=says):
        solve(otel=True)


def test_the_exporters_that_the_environment_names_are_used(
    receiver: list[int], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    assert solve(otel=True).solved
    said = capfd.readouterr()
    assert '"trace_id"' in said.err
    assert said.out == ""
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    assert solve(otel=True).solved
    assert capfd.readouterr().err == ""
    assert not receiver


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_under_the_log_does_not_end_the_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert solve(log_json="/dev/full").solved
    [sentence] = capsys.readouterr().err.splitlines()
    assert "--log-json '/dev/full' cannot be written any more: No space left" in sentence
