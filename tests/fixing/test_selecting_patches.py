"""Which of several patches that pass the same tests is selected."""

import pytest

from refinegraph.fixing.selecting import best_patch
from refinegraph.schema import Candidate, CaseOutcome, Isolation, Problem, Verdict
from refinegraph.tools.patches import unified_patch

BEFORE = "first = get(1)\nlast = get(2)\nif first > last:\n    use(first)\n"
PROBLEM = Problem(prompt="", kind="repository")


def candidate(number: int, after: str, *, group: str = "") -> Candidate:
    patch = unified_patch({"a.py": BEFORE}, {"a.py": after})
    outcome = CaseOutcome(id="t", status="passed")
    verdict = Verdict(
        passed=True, status="passed", tests=(outcome,), isolation=Isolation(tier="weak")
    )
    id = f"0.{number}"
    return Candidate(
        id=id, text=patch, program=patch, equivalence_class=group or id, verdict=verdict
    )


def selected(*pool: Candidate) -> str | None:
    return best_patch({"a.py": BEFORE})(PROBLEM, pool).candidate_id


SHORT = BEFORE.replace(">", "<")
LONG = BEFORE.replace("first > last", "not (first > last) and last")
NATURAL = BEFORE.replace("use(first)", "use(last)")
STRANGE = BEFORE.replace("use(first)", "use(zzz)")


@pytest.mark.parametrize(("better", "worse"), [(SHORT, LONG), (NATURAL, STRANGE)])
def test_the_shorter_and_the_more_natural_patch_is_selected(better: str, worse: str) -> None:
    assert selected(candidate(0, worse), candidate(1, better)) == "0.1"
    assert selected(candidate(0, better), candidate(1, worse)) == "0.0"


def test_votes_count_more_than_the_text() -> None:
    twice = [candidate(number, LONG, group="x") for number in (1, 2)]
    assert selected(candidate(0, SHORT), *twice) == "0.1"


def test_removed_lines_are_not_natural_for_having_no_text() -> None:
    evidence = best_patch({"a.py": BEFORE}).evidence
    removed = evidence(candidate(0, BEFORE.replace("last = get(2)\n", "")), 1)
    added = evidence(candidate(0, f"{BEFORE}again = get(2)\n"), 1)
    assert removed == (1, 0.0, -6) and added == (1, 0.0, -6)
