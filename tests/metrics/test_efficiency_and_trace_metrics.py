"""Metrics of efficiency, traces and code, compared with manually computed figures."""

import pytest
from metric_runs import by, measure, run, values

from refinegraph.evaluation.records import RunLine
from refinegraph.metrics import Results, all_metrics
from refinegraph.schema import Step, Usage, VerdictStatus
from refinegraph.testing import candidate, verdict

STEP = Step(start=0, end=1)


def sampled(strategy: str, *passed: bool, problem: str = "a") -> RunLine:
    """Return a run of programs with 10 tokens each, in which passing programs are right."""
    drawn = [
        candidate(
            f"0.{n}", program=str(n), tokens=10, verdict=verdict("passed" if ok else "failed")
        )
        for n, ok in enumerate(passed)
    ]
    right = [f"0.{n}" for n, ok in enumerate(passed) if ok]
    chosen = right[0] if right else "0.0"
    return run(
        *drawn,
        right=right,
        chosen=chosen,
        strategy=strategy,
        problem=problem,
        kind="code",
        usage=Usage(llm_calls=1, completion_tokens=10 * len(passed)),
    )


SAMPLING = [
    sampled("best-of-n", False, True, False, False),
    sampled("best-of-n", False, False, False, True, problem="b"),
]
"""Right with 1, 2, 3, 4 samples: none, one, one, both; at 10, 20, 30, 40 tokens."""


def test_accuracy_beside_costs() -> None:
    found = values("accuracy-per-cost", *SAMPLING, sampled("s", True))
    assert found["best-of-n/accuracy"] == 1.0
    assert found["best-of-n/samples"] == 4.0
    assert (found["tokens"], found["calls"], found["USD"]) == (10.0, 1.0, 0.0)


def test_gain_and_samples_at_equal_cost_and_accuracy() -> None:
    one = [sampled("s", True, False), sampled("s", False, False, problem="b")]
    # The same accuracy as sampling with 20 tokens and 2 samples.
    assert values("gain-at-equal-budget", *one, *SAMPLING)["against best-of-n"] == 0.0
    found = values("samples-at-equal-accuracy", *one, *SAMPLING)
    assert (found[""], found["by best-of-n"]) == (2.0, 2.0)
    assert measure("gain-at-equal-budget", sampled("s", True)).missing == "strategies"


def test_tokens_for_a_right_answer() -> None:
    # 80 tokens for 2 right answers, and for 2 right candidates.
    assert values("tokens-per-right-answer", *SAMPLING) == {
        "best-of-n": 40.0,
        "best-of-n/path": 40.0,
    }


def tree() -> RunLine:
    """Return a search with two first steps, one of which was continued to the answer."""
    first = candidate("0.0", text="a", complete=False, tokens=10, steps=(STEP,))
    left = candidate("0.1", text="b", complete=False, tokens=10, steps=(STEP,))
    end = candidate("1.0", "4", parents="0.0", tokens=20, steps=(STEP, STEP, STEP))
    return run(first, left, end, right=["1.0"])


def test_texts_that_were_abandoned_and_used() -> None:
    # The abandoned one lacks 2 of 3 steps of 10 tokens: 20 beside the 40 that were spent.
    assert values("abandoned-prefixes", tree()) == {"": 0.5, "saved": round(1 / 3, 4)}
    assert values("step-utilisation", tree()) == {"": 0.5}
    assert measure("step-utilisation", sampled("s", True)).missing == "prefixes"


def test_what_gating_saves() -> None:
    easy = run(candidate("0.0", "4", tokens=10), level="easy", problem="p")
    hard = run(candidate("0.0", "4", tokens=30), level="hard", problem="q")
    # Two hard runs would have taken 60 tokens, these took 40.
    assert values("gating-speed-up", easy, hard) == {"": 1.5}


def test_tokens_after_the_first_right_answer() -> None:
    one = run(
        candidate("0.0", "4", tokens=10),
        candidate("0.1", "5", tokens=10),
        candidate("1.0", "4", parents="0.0", tokens=20),
        right=["0.0", "1.0"],
    )
    assert values("overthinking", one) == {"": 0.5, "redundant steps": round(1 / 3, 4)}


def test_pass_rate_by_tokens() -> None:
    # The right ones end at 20 and at 40 tokens.
    found = values("pass-at-tokens", *SAMPLING)
    assert list(found.items()) == [
        ("best-of-n/t=16", 0.0),
        ("best-of-n/t=32", 0.5),
        ("best-of-n/t=64", 1.0),
    ]


def test_habits_of_a_reasoner() -> None:
    text = "First, we add. Wait, this is wrong. Let me check: step 2 is right. Let's verify."
    found = values("reasoning-habits", run(candidate("0.0", "4", text=text)))
    assert found == {
        "verification": 2.0,
        "backtracking": 2.0,
        "subgoals": 2.0,
        "backward chaining": 0.0,
    }


def test_accuracy_along_the_steps() -> None:
    scores = {"0.0": (0.9, 0.5, 0.4), "0.1": (0.9, 0.9, 0.9), "0.2": (0.3, 0.9)}
    drawn = [candidate(id, id, scores=by("prm", 0.5, *steps)) for id, steps in scores.items()]
    one = run(*drawn)
    assert values("accuracy-by-step", one) == {
        "step 1": round(2 / 3, 4),
        "step 2": round(2 / 3, 4),
        "step 3": 0.5,
        "after an error": 0.5,
        "after none": round(2 / 3, 4),
    }
    # Sound until step 1, 3 and 0. Of the two with three steps, one gets all of them.
    assert values("executable-length", one) == {"": round(4 / 3, 4), "half": 3.0}


def test_harder_problems_have_longer_solutions() -> None:
    def solved(problem: str, steps: int, right: int) -> RunLine:
        drawn = [candidate(f"0.{n}", str(n), steps=(STEP,) * steps) for n in range(2)]
        return run(*drawn, right=[f"0.{n}" for n in range(right)], problem=problem)

    runs = [solved("p", 1, 2), solved("q", 2, 1), solved("r", 3, 0)]
    assert values("steps-and-difficulty", *runs) == {"": 1.0}


@pytest.mark.parametrize(("status", "runs"), [("failed", 0.5), ("error", 0.0)])
def test_programs_that_run_apart_from_those_that_are_right(
    status: VerdictStatus, runs: float
) -> None:
    refuted = verdict("failed").model_copy(update={"status": status})
    timeout = verdict("timeout")
    one = run(
        candidate("0.0", program="x", verdict=refuted),
        candidate("0.1", program="y", verdict=timeout),
        kind="code",
    )
    found = values("executability", one)
    assert (found["executable"], found["right"]) == (runs, 0.0)


def test_programs_that_use_what_they_do_not_have() -> None:
    programs = {
        "0.0": "import math\ndef f(x):\n    return math.sqrt(x) + len([y for y in x])",
        "0.1": "def f(x):\n    return sqrt(x)",
        "0.2": "def f(x:",
        "0.3": "from math import *\ndef f(x):\n    return sqrt(x)",
    }
    drawn = [candidate(id, program=text) for id, text in programs.items()]
    assert values("static-validity", run(*drawn, kind="code")) == {"": 0.5}
    # The right one uses math and sqrt: the second neither, the third none, the fourth neither.
    assert values("dependency-coverage", run(*drawn, right=["0.0"], kind="code")) == {"": 0.0}
    partly = [
        candidate("0.0", program="import math\nx = math.pi"),
        candidate("0.1", program="import math"),
    ]
    assert values("dependency-coverage", run(*partly, right=["0.0"], kind="code")) == {"": 0.5}


def test_programs_that_reach_out() -> None:
    programs = [
        "import subprocess",
        "import os\nos.system('id')",
        "def f(x): return x.__globals__",
        "import os\nprint(os.path.sep)",
    ]
    drawn = [candidate(f"0.{n}", program=text) for n, text in enumerate(programs)]
    assert values("escape-attempts", run(*drawn, kind="code")) == {"": 0.75}


def test_accuracy_by_kind() -> None:
    code = run(candidate("0.0", program="x"), kind="code")
    math = run(candidate("0.0", "4"), right=["0.0"], problem="b")
    assert values("accuracy-by-kind", code, math) == {"code": 0.0, "math": 1.0}


def test_no_metric_says_anything_of_no_results() -> None:
    for metric in all_metrics():
        assert metric.compute(Results({})).missing == "labels", metric.name


@pytest.mark.parametrize("metric", all_metrics(), ids=lambda metric: metric.name)
def test_every_metric_is_described(metric: object) -> None:
    assert getattr(metric, "sources", ())
    assert len(getattr(metric, "definition", "").splitlines()[0]) > 20
