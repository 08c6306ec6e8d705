"""Model outputs are parsed as candidates, or give the reason why not."""

from typing import Any

import pytest

from refinegraph.agents.models import Choice
from refinegraph.agents.operators import Draft
from refinegraph.graphs.nodes.parse_candidate import entry_point_of, next_ids, read_candidate
from refinegraph.schema import AssertCase, CallCase, Problem
from refinegraph.testing import candidate
from refinegraph.tools.checkers import Reading

MATH = Problem(prompt="2 + 2?", kind="math")
CODE = Problem(prompt="Write add(a, b).", kind="code", entry_point="add")
BASE = "def add(a, b):\n    return a - b"
EDIT = "<<<<<<< SEARCH\n    return a - b\n=======\n    return a + b\n>>>>>>> REPLACE"
WHOLE = "```python\ndef add(a, b):\n    return b + a\n```"


def read(text: str, problem: Problem = CODE, **how: Any) -> Any:
    finish = how.pop("finish", None)
    return read_candidate(Choice(text=text, finish_reason=finish), problem, id="2.1", **how)


def test_a_candidate_records_its_origin() -> None:
    choice = Choice(text="The answer is 4.", reasoning="so", tokens=9)
    made = read_candidate(
        Draft(choice, temperature=0.5), MATH, id="2.1", operator="refine", turn=3, move=1,
        parents=["0.0"],
    )  # fmt: skip
    assert (made.id, made.round, made.turn, made.move) == ("2.1", 2, 3, 1)
    assert (made.operator, made.parents, made.temperature) == ("refine", ("0.0",), 0.5)
    assert (made.text, made.reasoning, made.tokens) == ("The answer is 4.", "so", 9)
    assert (made.answer, made.unusable, len(made.steps)) == ("4", None, 1)


@pytest.mark.parametrize("text", ["", " \n"])
def test_nothing_written_is_no_answer(text: str) -> None:
    for problem in (MATH, CODE):
        assert read(text, problem).unusable == "the model answered nothing"
    lost = read(
        "I do not know. There\nis none to be had, as far as I can see, in this world.", MATH
    )
    assert (lost.answer, lost.unusable) == (None, "no final answer was found in the text")


def test_a_prefix_has_steps_and_neither_answer_nor_program() -> None:
    draft = Draft(Choice(text="The answer is 4.\n\nSo"), complete=False)
    made = read_candidate(draft, MATH, id="0.0")
    assert (made.answer, made.unusable, made.complete, len(made.steps)) == (None, None, False, 2)


def test_a_reader_decides_where_there_is_one() -> None:
    made = read(WHOLE, reader=lambda text, problem: Reading(program="p", equivalence_class="c"))
    assert (made.program, made.equivalence_class, made.unusable) == ("p", "c", None)


@pytest.mark.parametrize(
    ("text", "how", "program", "edited", "unusable"),
    [
        (WHOLE, {}, "def add(a, b):\n    return b + a", False, None),
        (EDIT, {"base": BASE}, "def add(a, b):\n    return a + b", True, None),
        (WHOLE, {"base": BASE}, "def add(a, b):\n    return b + a", False, None),
        (EDIT.replace("a - b", "a * c"), {"base": BASE}, None, False, "The lines to search for in"),
        (EDIT[:-17], {"base": BASE, "finish": "length"}, None, False, "Edit 1 is cut off"),
        ("No idea.", {"base": BASE}, None, False, "The answer contains no Python program."),
        ("No idea.", {}, None, False, "The answer contains no Python program."),
    ],
)
def test_a_program_is_read_whole_or_by_its_edits(
    text: str, how: dict[str, Any], program: str | None, edited: bool, unusable: str | None
) -> None:
    made = read(text, entry_point="add", **how)
    assert (made.program, made.edited) == (program, edited)
    assert (made.unusable or "").startswith(unusable or "")
    assert (made.unusable is None) == (unusable is None)


@pytest.mark.parametrize(
    ("taken", "round", "ids"),
    [
        ([], 0, ["0.0", "0.1"]),
        (["0.0", "0.1"], 0, ["0.2", "0.3"]),
        (["0.0", "1.0"], 0, ["0.1", "0.2"]),
        (["0.0", "2.0"], 1, ["1.0", "1.1"]),
        (["0.4"], 0, ["0.5", "0.6"]),
        (["0.1.3"], 0, ["0.2", "0.3"]),
    ],
)
def test_ids_are_those_after_the_last_of_the_round(
    taken: list[str], round: int, ids: list[str]
) -> None:
    assert next_ids([candidate(id) for id in taken], round=round, count=2) == ids


def test_the_entry_point_is_named_or_called_or_inferred() -> None:
    unnamed = Problem(prompt="def total(xs):\n    '''Sum.'''", kind="code")
    call = CallCase(id="t1", entry_point="f", arguments="()", expected="1")
    assert entry_point_of(CODE, (call,)) == "add"
    assert entry_point_of(unnamed, (AssertCase(id="t0", source="assert g()"), call)) == "f"
    assert entry_point_of(unnamed, ()) == "total"
    assert entry_point_of(MATH, (call,)) is None
    assert entry_point_of(MATH.model_copy(update={"entry_point": "h"}), ()) == "h"
