"""Fixtures shared by the tests of the command line."""

from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from command_line import ChatServer, Done, Reply

from refinegraph.cli import main


@pytest.fixture
def serve() -> Generator[Callable[..., ChatServer]]:
    """Start a server that returns one text, or the result of a function of the request."""
    started: list[ChatServer] = []

    def start(
        reply: str | Reply, *, kind: str = "application/json", stall: float = 0.0
    ) -> ChatServer:
        said: Reply = (lambda _: reply) if isinstance(reply, str) else reply
        started.append(ChatServer(said, kind=kind, stall=stall))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture
def command(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Done]:
    """Run the command in this process, which saves seconds of imports."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "REFINEGRAPH_MODEL", "REFINEGRAPH_API_BASE"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> Done:
        capfd.readouterr()
        try:
            code = main(arguments)
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capfd.readouterr()
        return Done(code, said.out, said.err)

    return run


@pytest.fixture
def tests(tmp_path: Path) -> str:
    path = tmp_path / "tests.py"
    path.write_text("assert add(1, 2) == 3\nassert add(0, 0) == 0\n")
    return str(path)
