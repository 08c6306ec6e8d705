"""The aggregation of the gallery benchmark, compared with manually computed figures."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.gallery_problems import STEPS, rest_of, values_of, way_of, written
from benchmarks.gallery_rows import BASELINE, Row, Size, read_rows, summaries

SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)


def baseline(problem: str, *, right_from: int) -> Row:
    """Return a baseline run that is right with at least so many samples of 10 tokens."""
    sizes = tuple(Size(size, 10.0 * min(size, 4), size >= right_from) for size in SIZES)
    return Row("s", BASELINE, problem, right_from <= 4, 40, 4, sizes)


ROWS = [
    baseline("p", right_from=1),
    baseline("q", right_from=4),
    baseline("r", right_from=99),
    baseline("t", right_from=99),
]
"""Right: 1 of 4 with 10, 20 and 30 tokens per problem, 2 of 4 with 40, and never more."""


def system(name: str, tokens: int, *right: bool) -> list[Row]:
    return [
        Row("s", name, problem, good, tokens, 2)
        for problem, good in zip("pqrt", right, strict=True)
    ]


def test_gains_are_over_the_baseline_with_no_more_tokens() -> None:
    rows = [
        *ROWS,
        *system("cheap", 20, True, True, False, False),
        *system("dear", 400, True, True, True, False),
        *system("tiny", 5, True, False, False, False),
        Row("s", "broken", "p", False, 0, 0, error="it broke"),
    ]
    found = {each.strategy: each for each in summaries(rows)}
    assert next(iter(found)) == BASELINE
    # 2 of 4 against 1 of 4; 3 of 4 against 2 of 4, since the baseline stops at 40 tokens.
    assert found["cheap"].gain == found["dear"].gain == 0.25
    assert found["tiny"].gain is None, "less than one sample"
    assert found[BASELINE].gain is None
    assert (found["dear"].tokens, found["dear"].calls, found["dear"].accuracy) == (400, 2, 0.75)
    broken = found["broken"]
    assert (broken.problems, broken.failed, broken.reason) == (0, 1, "it broke")
    interval = found["dear"].gain_interval
    assert interval and interval.low <= 0.25 <= interval.high


def test_a_problem_on_which_a_system_fails_is_not_solved() -> None:
    failed = Row("s", "frail", "t", False, 0, 0, error="it broke")
    rows = [*ROWS, *system("frail", 20, True, True, False, False)[:3], failed]
    frail = next(each for each in summaries(rows) if each.strategy == "frail")
    assert (frail.problems, frail.failed, frail.accuracy) == (4, 1, 0.5)
    # The cost of the failed run is unknown: it is taken to be that of the others.
    assert (frail.tokens, frail.calls, frail.gain) == (20, 2, 0.25)
    assert frail.reason == "it broke"


def test_a_row_that_was_cut_off_is_measured_again(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    assert read_rows(file) == []
    failed = Row("s", "debate", "p", False, 0, 0, error="the model is gone")
    solved = failed._replace(right=True, tokens=7, calls=1, error="")
    lines = [json.dumps(row._asdict()) for row in (ROWS[0], failed, solved)]
    file.write_text("\n".join([*lines, lines[0][:20]]))
    assert read_rows(file) == [ROWS[0], solved]


@given(
    values=st.lists(st.integers(1_000, 9_999), min_size=STEPS, max_size=STEPS),
    way=st.sampled_from("abXY"),
    code=st.booleans(),
    share=st.floats(0, 1),
)
def test_a_solution_can_be_continued_from_anywhere(
    values: list[int], way: str, code: bool, share: float
) -> None:
    whole = written(7, values, way=way, code=code)
    begun = whole[: int(share * len(whole))]
    rest = rest_of(whole, begun)
    assert rest is not None
    assert "".join((begun + rest).split()) == "".join(whole.split())
    assert (values_of(whole), way_of(whole)) == (values, way)
    assert rest_of(whole, f"{begun}?") is None
