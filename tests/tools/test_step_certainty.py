"""Certainty of the steps of a program, and the log-probabilities that scorers request."""

import pytest

from refinegraph import asolve
from refinegraph.agents.models import Choice, ScriptedChatModel, TokenLogprob, TopLogprob
from refinegraph.graphs.nodes.parse_candidate import read_candidate
from refinegraph.schema import Alternative, Candidate, Problem
from refinegraph.tools.scorers import (
    agreement,
    execution,
    mean_of,
    reported_logprobs,
    self_certainty,
    step_certainty,
)

CODE = Problem(prompt="Write f(x).", kind="code")
PROGRAM = "def f(x):\n    x = x + 1\n    return x * 2"


def written(text: str, *alternatives: tuple[str, float]) -> Candidate:
    """Return a candidate whose author could have written other tokens, each at its first place."""
    return Candidate(
        id="0.0",
        text=text,
        program=PROGRAM,
        mean_logprob=-0.1,
        alternatives=tuple(
            Alternative(start=text.index(token), token="?", gap=gap) for token, gap in alternatives
        ),
    )


@pytest.mark.parametrize("text", [PROGRAM, f"Here it is:\n\n```python\n{PROGRAM}\n```\nDone."])
def test_alternatives_count_for_the_line_that_holds_them(text: str) -> None:
    [score] = step_certainty()(CODE, [written(text, ("+ 1", 0.0), ("* 2", 1.0))])
    assert score.steps == pytest.approx((1.0, 0.5, 0.731), abs=0.001)
    assert score.value == pytest.approx(0.366, abs=0.001)


def test_the_nearest_alternative_of_a_line_counts() -> None:
    [score] = step_certainty()(CODE, [written(PROGRAM, ("x + 1", 3.0), ("+ 1", 0.5))])
    assert score.steps[1] == pytest.approx(0.622, abs=0.001)


@pytest.mark.parametrize(
    "candidate",
    [
        Candidate(id="0.0", text=PROGRAM, program=PROGRAM),
        Candidate(id="0.0", text=PROGRAM, program=PROGRAM, mean_logprob=-0.1),
        Candidate(id="0.0", text="4", answer="4", mean_logprob=-0.1, self_certainty=2.0),
        Candidate(id="0.0", text="an edit", program=PROGRAM, mean_logprob=-0.1, self_certainty=2.0),
    ],
    ids=[
        "without log-probabilities",
        "without alternatives",
        "no program",
        "program elsewhere",
    ],
)
def test_without_certainties_of_a_program_the_value_is_none(candidate: Candidate) -> None:
    [score] = step_certainty()(CODE, [candidate])
    assert score.value is None
    assert score.evidence


def test_a_program_without_a_near_alternative_is_certain() -> None:
    sure = written(PROGRAM).model_copy(update={"self_certainty": 9.0})
    [score] = step_certainty()(CODE, [sure])
    assert score.steps == (1.0, 1.0, 1.0)


def test_a_server_that_reports_no_alternatives_leaves_the_value_open() -> None:
    tokens = tuple(TokenLogprob(token=f"{line}\n", logprob=-0.1) for line in PROGRAM.split("\n"))
    text = "".join(token.token for token in tokens)
    candidate = read_candidate(Choice(text=text, logprobs=tokens), CODE, id="0.0")
    [score] = step_certainty()(CODE, [candidate])
    assert (candidate.program, score.value) == (PROGRAM, None)
    reported = tuple(
        token.model_copy(update={"top": (TopLogprob(token.token, -0.1), TopLogprob("?", -9.0))})
        for token in tokens
    )
    candidate = read_candidate(Choice(text=text, logprobs=reported), CODE, id="0.0")
    [score] = step_certainty()(CODE, [candidate])
    assert score.value == 1.0


@pytest.mark.parametrize(
    ("scorer", "expected"),
    [("self-certainty", 20), ("step-certainty", 5), ("execution,self-certainty", 20)],
)
async def test_a_strategy_requests_what_its_scorer_needs(scorer: str, expected: int) -> None:
    requested: list[object] = []

    def answer(messages: object, sampling: object) -> str:
        requested.append(getattr(sampling, "logprobs", None))
        return "def f(x):\n    return x"

    await asolve(
        Problem(prompt="Write f(x).", tests="assert f(1) == 2"),
        model=ScriptedChatModel(answer),
        strategy="best-of-n",
        samples=2,
        scorer=scorer,
    )
    assert set(requested) == {expected}


def test_scorers_that_combine_others_need_what_those_need() -> None:
    assert reported_logprobs(mean_of(agreement(), step_certainty())) == 5
    assert reported_logprobs([execution(), mean_of(self_certainty(), step_certainty())]) == 20
    assert reported_logprobs(agreement()) is None
    assert reported_logprobs(None) is None
