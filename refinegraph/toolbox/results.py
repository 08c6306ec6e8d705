"""What the tools return, as fields that a program can read."""

from refinegraph.runs.report import UsageReport, usage_report
from refinegraph.schema import CaseOutcome, Frozen, RefinementResult, Review, Verdict
from refinegraph.wording import outcome_word, outcome_words


class CheckedTest(Frozen):
    """One test that a program was run against."""

    test: str
    """The test as source, or its id."""
    passed: bool
    expected: str | None = None
    got: str | None = None
    error: str | None = None


class Verified(Frozen):
    """What running a program against tests showed."""

    verdict: str
    """`proved`: it passes every test. `refuted`: it does not."""
    reason: str
    tests: tuple[CheckedTest, ...]
    isolation: str
    """How well the program was isolated: `strong`, `medium`, `docker`, `weak` or `none`."""
    strength: str
    """What the program would have to get at to forge the verdict: `host`, `separate process`, …"""


class Output(Frozen):
    """What a program printed."""

    succeeded: bool
    """Whether it ended by itself without an error."""
    stdout: str
    stderr: str
    reason: str
    """Why it did not end by itself; empty where it did."""


class Solved(Frozen):
    """The answer of a run and what speaks for it."""

    verdict: str
    """`proved`, `refuted`, `unverified` or `no answer`."""
    reason: str
    """What was passed, or why nothing could be checked."""
    answer: str | None
    """The whole program, the patch, or the final answer."""
    stop_reason: str
    strategy: str
    usage: UsageReport
    run: str | None = None
    """The resource that shows the run; None where it is not kept."""


class Reviewed(Frozen):
    """What a reviewer says of a program; an opinion, unless tests are named as evidence."""

    approves: bool
    text: str
    wrong_step: str
    evidence: str
    change: str


class Selected(Frozen):
    """Which of several candidates is best supported by the tests."""

    chosen: int
    """Its position, from 0; of several that are equally good, the first."""
    verdict: str
    """`proved` or `refuted`, of the chosen one."""
    reason: str
    passed: tuple[int, ...]
    """How many tests each candidate passes."""


def verified(verdict: Verdict) -> Verified:
    """Return a verdict of the sandbox in the words of the tools."""
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
    """Return what a script printed."""
    reason = "" if verdict.passed else f"{verdict.status}: {verdict.detail}".rstrip(": ")
    return Output(
        succeeded=verdict.passed, stdout=verdict.stdout, stderr=verdict.stderr, reason=reason
    )


def solved(result: RefinementResult, *, run: str | None) -> Solved:
    """Return a run in the words of the tools."""
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
    """Return a review in the words of the tools."""
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
