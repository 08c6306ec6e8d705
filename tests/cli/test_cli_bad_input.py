"""Bad input gets one sentence, exit code 2, nothing on standard output and no model call."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from command_line import RIGHT, ChatServer, Done, run_process

Command = Callable[..., Done]


@dataclass(frozen=True)
class Case:
    id: str
    arguments: tuple[str, ...]
    said: str


def solve(*arguments: str) -> tuple[str, ...]:
    return ("solve", *arguments)


CASES = [
    Case("nothing", solve(), "no problem was given"),
    Case("empty problem", solve("  "), "the problem is empty"),
    Case("unknown strategy", solve("x", "--strategy", "adaptve"), "did you mean 'adaptive'"),
    Case("unknown provider", solve("x", "--model", "opnai/x"), "did you mean 'openai/x'"),
    Case("model without a provider", solve("x", "--model", "nothing"), "PROVIDER/MODEL"),
    Case("missing key", solve("x", "--model", "openai/x"), "set OPENAI_API_KEY"),
    Case("no address", solve("x", "--model", "openai/x", "--api-base", "y"), "'y' is not a URL"),
    Case("no sample", solve("x", "--samples", "0"), "'0' is not a whole number of at least 1"),
    Case("negative samples", solve("x", "--samples", "-1"), "--samples: '-1' is not"),
    Case("samples in words", solve("x", "--samples", "abc"), "'abc' is not a whole number"),
    Case("half a round", solve("x", "--rounds", "0.5"), "'0.5' is not a whole number"),
    Case("no time", solve("x", "--timeout", "0"), "--timeout: '0' is not above 0"),
    Case("timeout not a number", solve("x", "--timeout", "nan"), "'nan' is not a number"),
    Case("endless budget", solve("x", "--budget-usd", "inf"), "'inf' is not a number"),
    Case("flag without value", solve("x", "--samples"), "--samples: expected one argument"),
    Case("no tests file", solve("x", "--tests", "/nowhere"), "the tests in '/nowhere' cannot be"),
    Case("tests are a folder", solve("x", "--tests", "/"), "cannot be read: Is a directory"),
    Case("tests not UTF-8", solve("x", "--tests", "LATIN"), "byte 3 is not UTF-8"),
    Case("empty tests", solve("x", "--tests", "EMPTY"), "contain no test"),
    Case("tests that do not parse", solve("x", "--tests", "HALF"), "line 2 is 'assert add('"),
    Case("output folder missing", solve("x", "--output", "/nowhere/a"), "cannot be written"),
    Case("output is a folder", solve("x", "--output", "/"), "cannot be written: it is a folder"),
    Case("output in a system", solve("x", "--output", "/proc/a"), "cannot be written"),
    Case("no dataset", solve("--dataset", "/nowhere", "--id", "1"), "/nowhere"),
    Case("dataset without id", solve("--dataset", "GOOD"), "--dataset was given without --id"),
    Case("id without dataset", solve("x", "--id", "1"), "--id was given without --dataset"),
    Case("two problems", solve("x", "--dataset", "GOOD", "--id", "one"), "given twice"),
    Case("unknown id", solve("--dataset", "GOOD", "--id", "won"), "did you mean 'one'?"),
    Case("broken line", solve("--dataset", "BROKEN", "--id", "two"), "broken.jsonl, line 2"),
    Case("unknown command", ("slove",), "unknown command 'slove' (did you mean 'solve'?)"),
    Case("unknown flag", solve("x", "--sampels", "3"), "(did you mean '--samples'?)"),
    Case("shortened flag", solve("x", "--sample", "3"), "(did you mean '--samples'?)"),
    Case("flag without its command", solve("x", "--foo"), "see `refinegraph solve --help`"),
    Case("two models", solve("x", "-m", "openai/a,openai/b"), "names more than one model"),
    Case("stop rule in words", solve("x", "--stop", "rounds(1) or accepted()"), "write `|`"),
    Case("no format", ("export", "results"), "missing: --format, which is one of sft, dpo"),
    Case("no shell", ("completion",), "missing: SHELL, which is one of bash, zsh, fish"),
    Case("unknown graph", ("graph", "magic"), "did you mean 'magicore'"),
    Case("graph as gif", ("graph", "magicore", "--format", "gif"), "invalid choice: 'gif'"),
    Case(
        "graph nowhere",
        ("graph", "magicore", "--format", "png", "--output", "/nowhere/g.png"),
        "cannot be written: No such file",
    ),
    Case("resume of nothing", ("resume", "nothing"), "there is no run 'nothing'"),
    Case("ask at lunch", solve("x", "--ask", "lunch"), "unknown interrupt point 'lunch'"),
    Case("ask nobody", solve("x", "--model", "embedded", "--ask", "accept"), "needs a terminal"),
    Case("one price", solve("x", "--prices", "1"), "is not two numbers"),
    Case("fallback", solve("x", "--fallback", "nonsense/x"), "unknown provider 'nonsense'"),
]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    contents = {
        "LATIN": ("latin.py", "ab\u00e9".encode("latin-1").replace(b"ab", b"abc")),
        "EMPTY": ("empty.py", b"# nothing\n"),
        "HALF": ("half.py", b"assert add(1, 2) == 3\nassert add(\n"),
        "GOOD": ("good.jsonl", b'{"id": "one", "prompt": "Write f."}\n'),
        "BROKEN": ("broken.jsonl", b'{"id": "one", "prompt": "Write f."}\n{"id": \n'),
    }
    for name, content in contents.values():
        (tmp_path / name).write_bytes(content)
    return {key: str(tmp_path / name) for key, (name, _) in contents.items()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_bad_input_gets_one_sentence_and_exit_code_2(
    case: Case, files: dict[str, str], command: Command
) -> None:
    done = command(*(files.get(each, each) for each in case.arguments))
    assert done.code == 2, done.err
    assert done.out == ""
    assert len(done.err.splitlines()) == 1, done.err
    assert done.err.startswith("refinegraph: ")
    assert case.said in done.err


def test_bad_input_is_found_before_a_call_is_paid(
    files: dict[str, str], command: Command, serve: Callable[..., ChatServer], tmp_path: Path
) -> None:
    server = serve(RIGHT)
    for flags in (("--tests", files["HALF"]), ("--output", str(tmp_path)), ("--strategy", "no")):
        assert command("solve", "Write add.", *server.flags, *flags).code == 2
    assert server.asked == []


def test_no_escape_sequence_of_a_name_reaches_the_terminal(command: Command) -> None:
    done = command("solve", "x", "--tests", "\x1b[31mred")
    assert done.code == 2
    assert "\x1b" not in done.err


@pytest.mark.parametrize("stdin", [b"", b" \n", b"\xff\xfe"], ids=["empty", "blank", "latin-1"])
def test_standard_input_that_is_no_problem_is_refused(stdin: bytes) -> None:
    done = run_process("solve", "-", "--model", "openai/x", stdin=stdin)
    assert (done.code, done.out) == (2, "")
    assert len(done.err.splitlines()) == 1


def test_argument_that_is_not_utf8_is_refused() -> None:
    done = run_process("solve", "\udcff", "--model", "openai/x")
    assert (done.code, done.out) == (2, "")
    assert "not UTF-8" in done.err
