"""The kind of a problem is inferred from its wording and shown."""

from collections.abc import Callable

import pytest
from command_line import RIGHT, ChatServer, Done

import refinegraph as rg
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.errors import ModelAbstained

Command = Callable[..., Done]
Serve = Callable[..., ChatServer]


def test_a_question_is_not_answered_with_code(command: Command, serve: Serve) -> None:
    server = serve("The answer is 56.")
    done = command("solve", "What is 7 * 8?", *server.flags, "--strategy", "single")
    assert (done.code, done.out) == (0, "56\n")
    assert "kind       math, since it asks for a number; --kind chooses another" in done.err


def test_a_flag_overrides_the_inferred_kind(command: Command, serve: Serve) -> None:
    server = serve(RIGHT)
    asked = ("solve", "What is 7 * 8?", *server.flags, "--strategy", "single")
    done = command(*asked, "--kind", "code")
    assert "def add" in done.out
    assert "kind  " not in done.err


def test_the_default_kind_is_not_announced(command: Command, serve: Serve) -> None:
    done = command("solve", "Write add(a, b).", *serve(RIGHT).flags, "--strategy", "single")
    assert "def add" in done.out
    assert "kind  " not in done.err


def test_the_package_model_declines_problems_that_ask_for_no_program(command: Command) -> None:
    pytest.importorskip("xllamacpp", reason="the extra 'local' is not installed")
    done = command("solve", "Who wrote Hamlet?", "--model", "embedded")
    assert (done.code, done.out) == (2, "")
    assert "this problem is of kind text; name another model" in done.sentence
    with pytest.raises(ModelAbstained, match="of kind math"):
        rg.solve("What is 7 * 8?", model="embedded")


def test_python_judges_the_wording_too() -> None:
    model = ScriptedChatModel("The answer is 56.", cycle=True)
    assert rg.solve("What is 7 * 8?", model=model, strategy="single").answer == "56"
    with pytest.raises(rg.InputError, match=r"the problem is empty; say in words"):
        rg.solve("  ", model=model)


def test_an_unknown_argument_gets_the_nearest_name() -> None:
    with pytest.raises(TypeError, match=r"'sampels' \(did you mean 'samples'\?\)"):
        rg.solve("x", sampels=3)  # type: ignore[call-arg]
