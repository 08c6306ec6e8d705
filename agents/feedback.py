"""Format what is known about a candidate as text for another agent.

Every wording of evidence is here; `agents.evidence` gathers it.
"""

import re
from collections.abc import Sequence
from difflib import unified_diff

from langchain_core.messages import BaseMessage

from refinegraph.agents.evidence import Evidence
from refinegraph.schema import (
    EXECUTED_KINDS,
    AssertCase,
    CallCase,
    Candidate,
    CaseOutcome,
    CommandCase,
    Kind,
    Problem,
    StdioCase,
)
from refinegraph.schema import VisibleTest as Test
from refinegraph.tools.edits import RejectedEdit
from refinegraph.tools.programs import infer_entry_point
from refinegraph.tools.sandbox import show_trace
from refinegraph.tools.step_scores import first_bad_step

_FENCES: dict[Kind, tuple[str, str]] = {
    "code": ("```python\n", "\n```"),
    "repository": ("```diff\n", "\n```"),
}
_SHOWN_FAILURES = 3
"""Failing tests shown to a model: more rarely add information but lengthen the prompts of two
agents."""
_LONGEST_VALUE = 600
"""Characters shown of a value: enough for typical tests, while no long list fills the prompt."""
_MAX_VISITS = 16
"""Visited lines shown of a slice: enough for a loop with a few iterations."""
_LONGEST_DIFF = 40
"""Lines shown of the diff between two programs; a longer diff means that they share little."""


def known_header(problem: Problem) -> str:
    """Return the header of the requested function, or "" if the statement does not call it.

    >>> known_header(Problem(prompt="Write add(a, b) that adds.", entry_point="add"))
    'def add(a, b):'
    >>> known_header(Problem(prompt="add(1, 2) == 3", entry_point="add"))
    ''
    """
    name = problem.entry_point or infer_entry_point(problem.prompt)
    if not name:
        return ""
    call = re.search(
        rf"\b{re.escape(name)}\(\s*([^\W\d]\w*(?:,\s*[^\W\d]\w*)*)\s*\)", problem.prompt
    )
    return f"def {name}({call[1]}):" if call else ""


def solution_text(candidate: Candidate, *, kind: Kind) -> str:
    """Return the part of a candidate that other agents read, without surrounding blank lines."""
    text = (candidate.program or candidate.text) if kind in EXECUTED_KINDS else candidate.text
    return text.strip("\n")


def format_verdict(candidate: Candidate) -> str:
    """Describe which tests a program passed, with the first failures and their actual results."""
    if candidate.unusable:
        return f"It could not be run: {candidate.unusable}"
    verdict = candidate.verdict
    if verdict is None:
        return _format_generated(candidate)
    failures = [outcome for outcome in verdict.tests if not outcome.passed]
    if not failures and verdict.passed:
        return f"It passed all {len(verdict.tests)} tests."
    if not failures:
        return f"It ended with {verdict.status}: {verdict.detail or verdict.stderr}"
    passed = len(verdict.tests) - len(failures)
    shown = [_format_failure(outcome) for outcome in failures[:_SHOWN_FAILURES]]
    return "\n\n".join([f"It passed {passed} of {len(verdict.tests)} tests.", *shown])


def format_evidence(evidence: Evidence) -> str:
    """Describe how a program failed, on which lines, and how a passing program differs."""
    parts = [
        format_verdict(evidence.candidate) if "verdict" in evidence.kinds else "",
        _format_slice(evidence),
        evidence.suspects if "suspects" in evidence.kinds else "",
        _format_smallest(evidence),
        _format_contrast(evidence),
    ]
    return "\n\n".join(filter(None, parts)) or "Nothing is known about how it ran."


def _format_slice(evidence: Evidence) -> str:
    program = evidence.candidate.program
    if "slice" not in evidence.kinds or not evidence.slice or program is None:
        return ""
    shown = show_trace(evidence.slice, program, max_lines=_MAX_VISITS)
    return f"The wrong result came from these lines, in this order:\n{shown}"


def _format_smallest(evidence: Evidence) -> str:
    smallest = evidence.smallest
    if "smallest" not in evidence.kinds or smallest is None:
        return ""
    if smallest.expected is None:
        return f"A smaller input raises the same error.\n{_format_failure(smallest)}"
    return (
        "On this smaller input it differs from a program that passes the test above; what that one "
        f"returns is given as expected.\n{_format_failure(smallest)}"
    )


def _format_contrast(evidence: Evidence) -> str:
    program, passing = evidence.candidate.program, evidence.passing
    if "contrast" not in evidence.kinds or passing is None or passing.program is None:
        return ""
    rows = unified_diff(
        (program or "").splitlines(), passing.program.splitlines(), n=1, lineterm=""
    )
    diff = [row for row in rows if not row.startswith(("---", "+++"))]
    if not 0 < len(diff) <= _LONGEST_DIFF:
        return ""
    changed = "\n".join(diff)
    return (
        "Another program passes the first failing test, though it may fail others. It differs "
        f"by:\n{changed}"
    )


def format_refusal(refusal: RejectedEdit) -> str:
    """Explain why an edit was not applied and what to answer instead."""
    return (
        f"That was not applied. {refusal.text}\n\nGive corrected blocks, or the complete program "
        "in one fenced Python block."
    )


def format_steps(candidate: Candidate) -> str:
    """List the steps, each with its score out of ten, as MAgICoRe does (arXiv 2409.12147).

    The scores are those of the first scorer that rates steps. The text names the first step that
    scores under six: it is wrong far more often than the step with the lowest score.
    """
    score = next((score for score in candidate.scores if score.steps), None)
    if score is None:
        return "No step scores."
    steps = [candidate.text[step.start : step.end] for step in candidate.steps]
    if len(steps) != len(score.steps):
        steps = [f"Step {number}" for number in range(1, len(score.steps) + 1)]
    lines = [
        f"{text}\n(Score: {round(value * 10)}/10)"
        for text, value in zip(steps, score.steps, strict=True)
    ]
    bad = first_bad_step(score.steps)
    if bad is not None:
        lines.append(f"The first step that scores under 6 is step {bad + 1} of {len(steps)}.")
    return "\n".join(lines)


def format_repair(candidate: Candidate) -> str:
    """Tell the Refiner what to keep of a candidate.

    If step scores identify the first wrong step, the steps before it are to be kept verbatim. If
    that is the very first step, the Refiner starts over. Without step scores, the review alone
    locates the error.
    """
    score = next((score for score in candidate.scores if score.steps), None)
    bad = first_bad_step(score.steps) if score else None
    if bad is None or len(candidate.steps) <= bad:
        return "Solve the problem again, keeping the steps before the wrong one."
    if bad == 0:
        return "Its first step is wrong already: start afresh, in another way."
    kept = candidate.text[: candidate.steps[bad].start].rstrip()
    return (
        f"Its first {bad} steps are right: begin with them, word for word, and go on.\n\n{kept}\n\n"
    )


def format_earlier(rejected: Sequence[str], tried: Sequence[str], *, kind: Kind) -> str:
    """List earlier answers so that they are not repeated; only refuted ones are called wrong.

    >>> print(format_earlier([], ["5"], kind="math").strip())
    # Already tried: give another answer
    5
    """
    parts = (
        ("# Already tried, and wrong: do not give these again", rejected),
        ("# Already tried: give another answer", tried),
    )
    return "".join(
        f"\n{heading}\n{_listed(answers, kind)}\n" for heading, answers in parts if answers
    )


def _listed(answers: Sequence[str], kind: Kind) -> str:
    before, after = _FENCES.get(kind, ("", ""))
    return "\n\n".join(f"{before}{answer.strip()}{after}" for answer in answers)


def repair_fields(
    problem: Problem,
    candidate: Candidate,
    *,
    tests: Sequence[Test] = (),
    evidence: Evidence | None = None,
) -> dict[str, str]:
    """Return the values of the placeholders that all prompts for repairs share."""
    return {
        "problem": problem.prompt.strip(),
        "tests": format_tests(tests),
        "solution": solution_text(candidate, kind=problem.kind),
        "evidence": format_evidence(evidence) if evidence else format_verdict(candidate),
        "entry_point": problem.entry_point or "",
    }


def with_instruction(messages: Sequence[BaseMessage], instruction: str) -> list[BaseMessage]:
    """Return the messages with an instruction appended to the last one."""
    *before, last = messages
    if not instruction:
        return list(messages)
    return [*before, last.model_copy(update={"content": f"{last.text}\n\n{instruction}"})]


def format_tests(tests: Sequence[Test]) -> str:
    """Format the tests that came with the problem as source code."""
    lines = [_test_source(test) for test in tests if test.origin == "given"]
    return "\nIt must pass these tests:\n" + "\n".join(lines) + "\n" if lines else ""


def _test_source(test: Test) -> str:
    if isinstance(test, CallCase):
        arguments = test.arguments.strip().removeprefix("(").removesuffix(")").rstrip(", ")
        return f"assert {test.entry_point}({arguments}) == {test.expected}"
    if isinstance(test, AssertCase):
        return test.source
    if isinstance(test, CommandCase):
        return test.id
    assert isinstance(test, StdioCase)
    return f"standard input {test.stdin!r} gives standard output {test.stdout!r}"


def _format_generated(candidate: Candidate) -> str:
    if candidate.generated_passed is None:
        return "It has not been run."
    return (
        f"It passed {len(candidate.generated_passed)} of the tests that were guessed from the "
        "statement; the guesses may be wrong themselves."
    )


def _format_failure(outcome: CaseOutcome) -> str:
    lines = [f"Failing case: {outcome.call or outcome.id} ({outcome.status})"]
    if outcome.expected is not None:
        lines.append(f"Expected: {outcome.expected[:_LONGEST_VALUE]}")
    if outcome.got is not None:
        lines.append(f"Got: {outcome.got[:_LONGEST_VALUE]}")
    if outcome.traceback:
        lines.append(outcome.traceback.rstrip())
    elif outcome.error:
        lines.append(f"Raised: {outcome.error[:_LONGEST_VALUE]}")
    return "\n".join(lines)
