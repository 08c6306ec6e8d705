"""The interactive session: problems, commands, stored state, and bad input."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from refinegraph.cli.demo import take
from refinegraph.errors import InputError
from refinegraph.graphs.state import RefinementState
from refinegraph.options import RunOptions
from refinegraph.repl import Session
from refinegraph.repl.commands import COMMANDS, run_command
from refinegraph.repl.reading import piped, split_commands
from refinegraph.repl.tour import example, tour, was_repaired
from refinegraph.schema import StopReason

pytest.importorskip("xllamacpp", reason="the extra 'local' is not installed")


def plain() -> Console:
    return Console(file=io.StringIO(), width=100, markup=False, highlight=False)


def said(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture
def session() -> Session:
    return Session(RunOptions(model="embedded"), plain(), plain())


REVERSE = "Write turn(x) for a list of integers. Reverse the list.\nturn([1, 2]) == [2, 1]"


def test_a_problem_is_solved_and_shown(session: Session) -> None:
    assert take(session, REVERSE)
    assert session.result
    assert session.result.solved
    assert "def turn(x):" in said(session.output)
    assert "passes the one visible test" in said(session.console)


def test_a_task_outside_the_family_is_reported_as_too_hard(session: Session) -> None:
    session.tests = "assert primes_between(10, 20) == [11, 13, 17, 19]"
    session.change(samples=2)
    take(session, "Write primes_between(a, b): the primes from a to b, both included.")
    assert "Use a bigger one" in said(session.console)


def test_decisions_differences_and_files_can_be_looked_at(session: Session, tmp_path: Path) -> None:
    take(session, REVERSE)
    for line in ("/why", "/diff 0.0 0.1", f"/save {tmp_path / 'a.py'}", f"/save {tmp_path}/a.json"):
        assert take(session, line)
    assert "Stop (accepted)" in said(session.console)
    assert "def turn(x):" in (tmp_path / "a.py").read_text()
    assert '"solved": true' in (tmp_path / "a.json").read_text()


def test_a_line_runs_in_the_sandbox(session: Session) -> None:
    take(session, "/run print(sum(range(5)))")
    take(session, "/run open('/etc/passwd')")
    assert said(session.output).startswith("10\n")
    assert "Error" in said(session.console)


def test_examples_follow_each_other_and_can_be_named(session: Session) -> None:
    take(session, "/example 3")
    assert session.problem == example(3)
    take(session, "/example")
    assert session.problem == example(4)


def test_a_retry_takes_another_seed(session: Session) -> None:
    take(session, REVERSE)
    take(session, "/retry")
    assert session.options.seed == 1


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("/hepl", "did you mean /help?"),
        ("/model nowhere/x", "unknown provider"),
        ("/strategy magic", "did you mean 'magicore'?"),
        ("/samples 0", "at least 1"),
        ("/rounds many", "at least 0"),
        ("/tests no-such-file", "neither a file"),
        ("/tests assert", "neither a file"),
        ("/diff 0.0", "two candidates"),
        ("/diff 0.0 9.9", "there is no candidate"),
        ("/why", "nothing was decided yet"),
        ("/retry", "nothing to try again"),
        ("/save x.py", "no finished run"),
        ("/run", "takes a line of Python"),
        ("/set sampels 3", "did you mean 'samples'?"),
        ("/set samples none-of-it", "samples='none-of-it'"),
        ("/set stop rounds(", "stop='rounds\\('"),
    ],
)
def test_bad_input_gets_one_sentence(session: Session, line: str, says: str) -> None:
    with pytest.raises(InputError, match=says.replace("?", r"\?")):
        run_command(session, line)
    assert take(session, line)


def test_settings_last(session: Session) -> None:
    lines = ("/samples 3", "/rounds 1", "/budget 500", "/strategy single", "/samples default")
    for line in lines:
        assert take(session, line)
    found = session.options
    assert (found.samples, found.rounds, found.budget_tokens) == (None, 1, 500)
    assert found.strategy == "single"


def test_every_option_of_a_run_can_be_set(session: Session) -> None:
    for line in ("/set stop rounds(2)", "/set budget_calls 7", "/set review joint", "/set"):
        assert take(session, line)
    found = session.options
    assert (found.stop, found.budget_calls, found.review) == ("rounds(2)", 7, "joint")
    assert "budget_calls: 7\n" in said(session.console)
    assert take(session, "/set review default")
    assert session.options.review == RunOptions().review


def test_help_names_every_command(session: Session) -> None:
    take(session, "/help")
    assert all(f"/{name}" in said(session.console) for name in COMMANDS)


def test_quit_ends_the_session(session: Session) -> None:
    assert not take(session, "/quit")


def test_piped_problems_end_at_a_blank_line_or_a_command() -> None:
    text = "Write f(x).\nIt doubles x.\n\nWrite g(x).\n/why\n/quit\n"
    assert list(piped(io.StringIO(text))) == [
        "Write f(x).\nIt doubles x.",
        "Write g(x).",
        "/why",
        "/quit",
    ]


def test_the_tour_ends_with_a_repair(session: Session) -> None:
    assert tour(session)
    assert session.result
    assert was_repaired(session.result)
    assert session.examples <= 12


@pytest.mark.parametrize("line", ["exit", "quit", " EXIT ", "exit()", "bye", ":q", "/exit"])
def test_words_that_leave_a_program_leave_the_session(session: Session, line: str) -> None:
    assert not take(session, line)
    assert session.problem is None


@pytest.mark.parametrize("line", ["help", "?", "Help", "/?"])
def test_words_that_ask_for_help_are_no_problems(session: Session, line: str) -> None:
    assert take(session, line)
    assert session.problem is None
    assert "/why" in said(session.console)


def test_the_name_of_a_command_is_not_solved_as_a_problem(session: Session) -> None:
    assert take(session, "why")
    assert session.problem is None
    assert "nothing was decided yet" in said(session.console)


def test_a_file_is_overwritten_only_if_the_user_confirms(session: Session, tmp_path: Path) -> None:
    take(session, REVERSE)
    file = tmp_path / "mine.py"
    file.write_text("precious")
    assert take(session, f"/save {file}")
    assert file.read_text() == "precious"
    assert "exists and was left as it is" in said(session.console)
    asked: list[str] = []

    def yes(question: str) -> bool:
        asked.append(question)
        return True

    session.confirm = yes
    take(session, f"/save {file}")
    assert "def turn(x):" in file.read_text()
    assert "replace it?" in asked[0]


def test_a_kind_is_set_and_reaches_the_problem(session: Session) -> None:
    take(session, "/kind math")
    take(session, "What is 7 * 8?")
    assert session.problem
    assert (session.problem.kind, session.problem.tests) == ("math", "")
    with pytest.raises(InputError, match="did you mean 'math'"):
        run_command(session, "/kind maths")


def test_text_that_was_typed_ahead_is_split_at_its_commands() -> None:
    text = "Write f(x).\n\nIt doubles x.\n/why\n/quit\n"
    known = [f"/{name}" for name in COMMANDS]
    assert list(split_commands(text, known)) == ["Write f(x).\n\nIt doubles x.", "/why", "/quit"]
    assert list(split_commands("/hepl", known)) == ["/hepl"]


def test_an_unexpected_error_of_a_run_does_not_end_the_session(session: Session) -> None:
    def broken(state: RefinementState) -> StopReason | None:
        raise ZeroDivisionError

    session.change(stop=broken, strategy="self-refine")
    assert take(session, REVERSE)
    assert "the run ended with an error: ZeroDivisionError" in said(session.console)
    session.change(stop=None)
    assert take(session, REVERSE)
    assert session.result


def test_a_declined_problem_leaves_the_last_run_in_place(session: Session, tmp_path: Path) -> None:
    take(session, REVERSE)
    take(session, "What is 2 + 2?")
    take(session, f"/save {tmp_path / 'a.py'}")
    assert "def turn(x):" in (tmp_path / "a.py").read_text()
    assert session.conversation
    assert "turn(x)" in session.conversation.base.prompt
