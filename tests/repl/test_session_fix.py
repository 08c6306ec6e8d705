"""`/fix` in the session: a checkout is repaired, and bad input keeps the session going."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from refinegraph.cli.demo import take
from refinegraph.options import RunOptions
from refinegraph.repl import Session

SCRIPT = "from halves import half\nassert half(4) == 2\n"


def said(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    (tmp_path / "halves.py").write_text("def half(x):\n    return x * 2\n")
    (tmp_path / "check.py").write_text(SCRIPT)
    monkeypatch.chdir(tmp_path)
    console, output = (Console(file=io.StringIO(), width=80, markup=False) for _ in range(2))
    return Session(RunOptions(model="embedded"), console, output)


def test_a_checkout_is_repaired_and_left_alone(session: Session) -> None:
    assert take(session, "/fix python3 check.py")
    assert session.result
    assert session.result.solved
    assert "-    return x * 2\n+    return x / 2\n" in said(session.output)
    assert Path("halves.py").read_text().endswith("x * 2\n")


def test_a_healthy_checkout_needs_nothing(session: Session) -> None:
    Path("halves.py").write_text("def half(x):\n    return x / 2\n")
    assert take(session, "/fix python3 check.py")
    assert "nothing to fix" in said(session.console)


@pytest.mark.parametrize(
    ("line", "words"),
    [("/fix", "give the command that runs the tests"), ("/fix no-such-tool", "no-such-tool")],
)
def test_bad_input_is_one_sentence(session: Session, line: str, words: str) -> None:
    assert take(session, line)
    assert words in said(session.console)
    assert session.result is None
