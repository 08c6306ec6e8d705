"""Put what is known about a candidate into words for another agent.

This is the only place that words evidence; `agents.evidence` gathers it.
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
from refinegraph.tools.edits import Refusal
from refinegraph.tools.programs import infer_entry_point
from refinegraph.tools.sandbox import show_trace
from refinegraph.tools.step_scores import first_bad_step

_FENCES: dict[Kind, tuple[str, str]] = {
    "code": ("```python\n", "\n```"),
    "repository": ("```diff\n", "\n```"),
}
_SHOWN_FAILURES = 3
"""More failures seldom say more, and every one makes the prompts of both agents longer."""
_LONGEST_VALUE = 600
"""Characters: enough for the values of usual tests, and no single list fills a prompt."""


_MOST_VISITS = 16
"""Lines of a slice that are shown: a loop of a few rounds fits, a page of numbers does not."""
_LONGEST_DIFF = 40
"""Lines of the difference between two programs; a longer one shows that they have little in common.
"""


def known_header(problem: Problem) -> str:
    """Return the first line of the function that a statement asks for, where it shows the call.

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
    """Return what another agent is to read of a candidate, without blank lines around it."""
    text = (candidate.program or candidate.text) if kind in EXECUTED_KINDS else candidate.text
    return text.strip("\n")


def format_verdict(candidate: Candidate) -> str:
    """Say which tests a program passed, and show the first failures with what came instead."""
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
    """Say what is known about a program: how it failed, on which lines, and what would differ."""
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
    shown = show_trace(evidence.slice, program, most=_MOST_VISITS)
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


def format_refusal(refusal: Refusal) -> str:
    """Say why an edit was not applied, and what to answer instead."""
    return (
        f"That was not applied. {refusal.text}\n\nGive corrected blocks, or the complete program "
        "in one fenced Python block."
    )


def format_steps(candidate: Candidate) -> str:
    """Show each step with the first step scorer's value out of ten, as MAgICoRe does (2409.12147).

    The first step under six is named, since the first that scores low is the wrong one far more
    often than the one that scores lowest.
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
    """Say from where to repair: the first step that scores low, the whole, or another way.

    Where step scores say which step is the first wrong one, the steps before it are kept word for
    word; where that is the very first, nothing is worth keeping; without step scores, the review
    alone says where.
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
    """List earlier answers, so that they are not given again; only refuted ones are called wrong.

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


def with_instruction(messages: Sequence[BaseMessage], instruction: str) -> list[BaseMessage]:
    """Return the messages with an instruction added at the end of the last one."""
    *before, last = messages
    if not instruction:
        return list(messages)
    return [*before, last.model_copy(update={"content": f"{last.text}\n\n{instruction}"})]


def format_tests(tests: Sequence[Test]) -> str:
    """Show the tests that were given as source, for the Solver."""
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
