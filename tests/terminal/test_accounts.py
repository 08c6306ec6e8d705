"""A run described in words: candidates, reviews, changes and decisions."""

import pytest
from rich.cells import cell_len

import refinegraph as rg
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.schema import Candidate, Decision, Feature, Move, StopReason
from refinegraph.terminal.account import account_lines, candidate_words
from refinegraph.terminal.decisions import decisions_view

WRONG = "```python\ndef add(a, b):\n    return a - b\n```"
RIGHT = "```python\ndef add(a, b):\n    return a + b\n```"
REVIEW = "VERDICT: wrong\nSTEP: return a - b\nWHY: add(1, 2) gave -1\nCHANGE: add instead"


@pytest.fixture(scope="module")
def repaired() -> rg.RefinementResult:
    model = ScriptedChatModel([WRONG, REVIEW, RIGHT], cycle=True)
    return rg.solve(
        "Write add(a, b).",
        tests="assert add(1, 2) == 3\nassert add(0, 0) == 0",
        model=model,
        strategy="self-refine",
    )


def test_an_account_names_verdicts_reviews_and_changes(repaired: rg.RefinementResult) -> None:
    told = "\n".join(line.plain for line in account_lines(repaired))
    assert "0.0  sample: passes 1 of 2 visible tests: add(1, 2) gave -1, not 3" in told
    assert "The Reviewer objects to: return a - b" in told
    assert "1.0  repair of 0.0, chosen: passes both visible tests" in told
    assert "-    return a - b" in told
    assert "+    return a + b" in told


def test_decisions_are_described_in_words_and_with_numbers_on_request(
    repaired: rg.RefinementResult,
) -> None:
    words = decisions_view(repaired.decisions).plain
    assert "1. Take 1 sample" in words
    assert "Round 1: refine 0.0" in words
    assert "Stop (accepted)" in words
    assert "candidate 1.0 passed both visible tests" in words.lower()
    features = (Feature(name="sample_chance", value=0.25), Feature(name="repair_chance", value=0.5))
    decision = Decision(
        number=1, round=1, moves=(Move(operator="refine", parents=("0.0",)),), features=features
    )
    assert "a chance of 25%, a repair with 50%" in decisions_view([decision]).plain
    assert "sample_chance" not in decisions_view([decision]).plain
    assert "sample_chance" in decisions_view([decision], numbers=True).plain


def test_a_decision_to_stop_says_why() -> None:
    stop = Decision(stop_reason=StopReason(rule="rounds", detail="2 of 2 rounds were made"))
    assert decisions_view([stop]).plain == "  1. Stop (rounds)\n     2 of 2 rounds were made."


def test_candidates_that_were_not_executed_say_so() -> None:
    unusable = Candidate(id="0.0", operator="solve", text="", unusable="it is empty")
    assert candidate_words(unusable) == "cannot be used: it is empty"
    assert candidate_words(Candidate(id="0.0", operator="solve", text="4")) == "not checked"


def test_a_result_prints_as_one_screen(repaired: rg.RefinementResult) -> None:
    text = str(repaired)
    program = "def add(a, b):\n    return a + b"
    assert text.startswith(f"{program}\n\n  result     passes both visible tests")
    long = repaired.model_copy(update={"answer": "x = 1\n" * 100 + "y" * 300})
    lines = str(long).splitlines()
    assert len(lines) <= 24
    assert max(map(cell_len, lines)) <= 80
    assert "88 more lines" in str(long)
    assert "no usable answer" in str(repaired.model_copy(update={"answer": None}))
    assert repr(repaired).startswith("RefinementResult(")
