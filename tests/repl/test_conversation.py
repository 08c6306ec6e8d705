"""Follow-ups: lines that change the last answer, and the problems that result."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from refinegraph.agents.models import ScriptedChatModel
from refinegraph.cli.demo import take
from refinegraph.graphs.nodes.route import visible_tests
from refinegraph.options import RunOptions
from refinegraph.repl import Session
from refinegraph.repl.conversation import Conversation
from refinegraph.schema import Problem

DOUBLE = Problem(prompt="Write double(xs) for a list.\ndouble([1]) == [2]")
ANSWER = (
    "def double(xs):\n    '''>>> double([5])\n    [99]\n    '''\n    return [2 * x for x in xs]"
)
TALK = Conversation(DOUBLE, ANSWER)


@pytest.mark.parametrize(
    "line",
    [
        "now make it handle empty lists",
        "Also accept tuples.",
        "but keep the order",
        "then reverse the result",
        "shorter",
        "Please add type hints to it",
        "can you make this faster?",
        "rename it to twice",
        "what about None?",
        "instead of doubling, triple",
        "now double([]) == []",
    ],
)
def test_a_line_that_points_back_changes_the_answer(line: str) -> None:
    assert TALK.is_continued_by(line)


@pytest.mark.parametrize(
    "line",
    [
        "Write triple(xs) for a list of integers.",
        "Now write triple(xs).",
        "Add two numbers.",
        "How many primes are below 100?",
        "Make a list of the first n primes. Write primes(n).",
        "def triple(xs):\n    'Triple every number.'",
        "now " + "long " * 200,
    ],
)
def test_an_unrelated_line_is_a_new_problem(line: str) -> None:
    assert not TALK.is_continued_by(line)


@given(st.text(max_size=200))
def test_any_line_is_one_or_the_other_and_can_be_either(line: str) -> None:
    assert TALK.is_continued_by(line) in (True, False)
    problem = TALK.next_problem(line)
    assert ANSWER in problem.prompt
    assert problem.entry_point
    assert TALK.next_steps(line).kind == "code"


def test_examples_in_the_quoted_answer_are_no_tests() -> None:
    problem = TALK.next_problem("now make it faster")
    assert "double([5])" in problem.prompt
    assert [test.id for test in visible_tests(problem)] == ["t1"]
    assert "double([1]) == [2]" in problem.tests
    without = Conversation(Problem(prompt="Write double(xs)."), ANSWER)
    assert visible_tests(without.next_problem("now make it faster")) == ()


def test_earlier_examples_count_only_where_the_change_preserves_them() -> None:
    assert TALK.next_problem("now handle empty lists").tests == "assert double([1]) == [2]"
    assert TALK.next_problem("instead, triple every number").tests == ""
    assert TALK.next_problem("now rename it to twice").tests == ""


def test_an_example_in_the_line_replaces_the_earlier_one_of_the_same_call() -> None:
    tests = TALK.next_problem("now handle errors:\ndouble([1]) == [3]\ndouble([]) == []").tests
    assert tests.splitlines() == ["assert double([1]) == [3]", "assert double([]) == []"]


def test_tests_that_were_given_stay_whole() -> None:
    tests = "import math\n\ndef test_double():\n    assert double([1]) == [2]"
    talk = Conversation(Problem(prompt="Write double(xs).", tests=tests), ANSWER)
    assert talk.next_problem("make it shorter").tests.startswith(tests)
    assert talk.next_problem("make it shorter", tests="assert double([]) == []").tests == (
        "assert double([]) == []"
    )


def test_a_new_name_is_the_one_that_is_tested() -> None:
    assert TALK.next_problem("now rename it to twice").entry_point == "twice"
    assert TALK.next_problem("now handle None").entry_point == "double"


def test_steps_follow_each_other_for_models_of_few_phrases() -> None:
    talk = Conversation(DOUBLE, ANSWER, ("now sort it",))
    assert talk.next_steps("then reverse it").prompt == (
        "Write double(xs) for a list. Then sort it. Then reverse it."
    )


@pytest.mark.parametrize(
    "statement",
    [
        "Write double(xs) for a list. double([1]) == [2]",
        "Write double(xs) for a list. double([(1)]) == [2]. Sort it.",
        "Write double(xs) for a list.\n>>> double([1]) == [2]\ndouble([]) == []",
    ],
)
def test_steps_leave_out_the_examples_of_earlier_behaviour(statement: str) -> None:
    problem = Conversation(Problem(prompt=statement), ANSWER).next_steps(
        "now reverse it. double([1]) == [1]"
    )
    assert "[2]" not in problem.prompt
    assert problem.prompt.startswith("Write double(xs) for a list. ")
    assert [test.expected for test in visible_tests(problem) if test.form == "call"] == ["[1]"]


def plain() -> Console:
    return Console(file=io.StringIO(), width=200, markup=False, highlight=False)


def said(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


EMPTY = "def double(xs):\n    return [2 * x for x in xs or []]"


@pytest.fixture
def session() -> Session:
    model = ScriptedChatModel([ANSWER, EMPTY], cycle=True)
    options = RunOptions(model=model, strategy="single")
    return Session(options, plain(), plain())


def test_a_follow_up_is_asked_with_the_problem_and_its_answer(session: Session) -> None:
    assert take(session, DOUBLE.prompt)
    assert take(session, "now make it handle None, like an empty list")
    assert session.problem
    assert DOUBLE.prompt in session.problem.prompt
    assert ANSWER in session.problem.prompt
    assert "change     now make it handle None" in said(session.console)
    assert "1 earlier test still counts" in said(session.console)
    assert session.conversation
    assert session.conversation.answer == EMPTY
    assert session.conversation.changes == ("now make it handle None, like an empty list",)


def test_a_new_problem_can_be_begun_whatever_it_looks_like(session: Session) -> None:
    take(session, DOUBLE.prompt)
    take(session, "/new now make it handle None")
    assert session.problem
    assert session.problem.prompt == "now make it handle None"
    take(session, "/change Write it with a loop.")
    assert "Change it as follows" in session.problem.prompt
    take(session, "/new")
    take(session, "also this")
    assert session.problem.prompt == "also this"


def test_a_change_needs_an_answer(session: Session) -> None:
    take(session, "/change handle None")
    assert "there is no answer to change yet" in said(session.console)


def test_a_retry_keeps_the_conversation(session: Session) -> None:
    take(session, DOUBLE.prompt)
    take(session, "/retry")
    assert session.conversation
    assert session.conversation.base == DOUBLE


def test_tests_dropped_by_a_change_of_behaviour_stay_dropped() -> None:
    talk = Conversation(DOUBLE, ANSWER, ("instead, triple: double([2]) == [6]",))
    assert talk.next_problem("now handle empty lists").tests == "assert double([2]) == [6]"
    assert len(talk.tests) == 1


def test_a_renamed_function_keeps_its_new_name() -> None:
    talk = Conversation(DOUBLE, ANSWER, ("rename it to twice",))
    assert talk.entry_point == "twice"
    assert talk.is_continued_by("now twice([]) == []")
    assert talk.next_problem("handle empty lists: twice([]) == []").tests == (
        "assert twice([]) == []"
    )
