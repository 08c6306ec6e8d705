"""The structured results of the tools."""

from refinegraph.runs.report import UsageReport, usage_report
from refinegraph.schema import CaseOutcome, Frozen, RefinementResult, Review, Verdict
from refinegraph.wording import outcome_word, outcome_words


class CheckedTest(Frozen):
    """The outcome of one test."""

    test: str
    """The test as source, or its id."""
    passed: bool
    expected: str | None = None
    got: str | None = None
    error: str | None = None


class Verified(Frozen):
    """The outcome of running a program against tests."""

    verdict: str
    """`proved`: it passes every test. `refuted`: it does not."""
    reason: str
    tests: tuple[CheckedTest, ...]
    isolation: str
    """The isolation of the program: `strong`, `medium`, `docker`, `weak` or `none`."""
    strength: str
    """What a program would have to break to forge the verdict: `host`, `separate process`, …"""


class Output(Frozen):
    """The output of a program."""

    succeeded: bool
    """Whether it exited without an error."""
    stdout: str
    stderr: str
    reason: str
    """Why it was stopped; empty if it exited by itself."""


class Solved(Frozen):
    """The answer of a run and its evidence."""

    verdict: str
    """`proved`, `refuted`, `unverified` or `no answer`."""
    reason: str
    """Which tests passed, or why nothing could be checked."""
    answer: str | None
    """The whole program, the patch, or the final answer."""
    stop_reason: str
    strategy: str
    usage: UsageReport
    run: str | None = None
    """The resource with the page of the run; None if it is not kept."""


class Reviewed(Frozen):
    """A review of a program: an opinion, unless it names tests as evidence."""

    approves: bool
    text: str
    wrong_step: str
    evidence: str
    change: str


class Selected(Frozen):
    """The candidate with the best test results."""

    chosen: int
    """Its position, from 0; the first of several equally good ones."""
    verdict: str
    """`proved` or `refuted`, for the chosen candidate."""
    reason: str
    passed: tuple[int, ...]
    """The number of tests that each candidate passes."""


def verified(verdict: Verdict) -> Verified:
    """Return the result for a verdict of the sandbox."""
    count = len(verdict.tests)
    passed = len(verdict.passed_ids)
    reason = verdict.detail or f"passes {passed} of {count} tests"
    return Verified(
        verdict="proved" if verdict.passed else "refuted",
        reason=reason,
        tests=tuple(map(_checked, verdict.tests)),
        isolation=verdict.isolation.tier,
        strength=verdict.strength,
    )


def output_of(verdict: Verdict) -> Output:
    """Return the output of a script."""
    reason = "" if verdict.passed else f"{verdict.status}: {verdict.detail}".rstrip(": ")
    return Output(
        succeeded=verdict.passed, stdout=verdict.stdout, stderr=verdict.stderr, reason=reason
    )


def solved(result: RefinementResult, *, run: str | None) -> Solved:
    """Return the result for a run."""
    return Solved(
        verdict=outcome_word(result),
        reason=outcome_words(result),
        answer=result.answer,
        stop_reason=result.stop_reason.rule,
        strategy=result.strategy,
        usage=usage_report(result.usage),
        run=run,
    )


def reviewed(review: Review) -> Reviewed:
    """Return the result for a review."""
    return Reviewed(
        approves=review.approves,
        text=review.text,
        wrong_step=review.wrong_step or "",
        evidence=review.evidence or "",
        change=review.change or "",
    )


def _checked(outcome: CaseOutcome) -> CheckedTest:
    return CheckedTest(
        test=outcome.call or outcome.id,
        passed=outcome.passed,
        expected=outcome.expected,
        got=outcome.got,
        error=outcome.error or (None if outcome.passed else outcome.status),
    )
