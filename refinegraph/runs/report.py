"""The JSON report of a run, for other programs to read."""

from pydantic import BaseModel, ConfigDict

from refinegraph.schema import Candidate, Isolation, RefinementResult, Tier, Usage, Verdict


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DifficultyReport(_Part):
    """The router's estimate of the problem's difficulty."""

    level: str
    reasons: tuple[str, ...]


class UsageReport(_Part):
    """What the run spent; `cost_usd` is null if a price is unknown."""

    llm_calls: int
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cost_usd: float | None
    sandbox_runs: int
    wall_seconds: float


class CandidateReport(_Part):
    """One candidate; `passed` and `failed` count visible tests and are null if none were run."""

    id: str
    parent_id: str | None
    role: str
    round: int
    score: float | None
    passed: int | None
    failed: int | None


class IsolationReport(_Part):
    """How the executed programs were isolated."""

    tier: Tier
    layers: tuple[str, ...]


class ModelsReport(_Part):
    """The model of every role."""

    solver: str | None
    reviewer: str | None
    refiner: str | None


class Report(_Part):
    """A run as `refinegraph solve --json` prints it; the field names are stable."""

    schema_version: int
    problem_id: str
    solved: bool | None
    answer: str | None
    strategy: str
    difficulty: DifficultyReport | None
    rounds: int
    stop_reason: str
    """The name of the rule that ended the run."""
    usage: UsageReport
    candidates: tuple[CandidateReport, ...]
    isolation: IsolationReport | None
    models: ModelsReport
    seed: int | None


def report(result: RefinementResult) -> Report:
    """Return the report of a result; the command prints `report(result).model_dump_json()`."""
    return Report(
        schema_version=result.schema_version,
        problem_id=result.problem_id,
        solved=result.solved,
        answer=result.answer,
        strategy=result.strategy,
        difficulty=DifficultyReport(
            level=result.difficulty.level, reasons=result.difficulty.reasons
        )
        if result.difficulty
        else None,
        rounds=result.rounds,
        stop_reason=result.stop_reason.rule,
        usage=usage_report(result.usage),
        candidates=tuple(map(_candidate, result.candidates)),
        isolation=_isolation(result.isolation),
        models=ModelsReport(
            solver=result.models.solver,
            reviewer=result.models.reviewer,
            refiner=result.models.refiner,
        ),
        seed=result.seed,
    )


def usage_report(usage: Usage) -> UsageReport:
    """Return the usage in the form of the report."""
    return UsageReport(
        llm_calls=usage.llm_calls,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        total_tokens=usage.total_tokens,
        cost_usd=usage.cost_usd,
        sandbox_runs=usage.sandbox_runs,
        wall_seconds=usage.wall_seconds,
    )


def _candidate(candidate: Candidate) -> CandidateReport:
    verdict = _verdict_of(candidate)
    passed = len(verdict.passed_ids) if verdict else None
    return CandidateReport(
        id=candidate.id,
        parent_id=candidate.parent_id,
        role=candidate.role,
        round=candidate.round,
        score=candidate.score,
        passed=passed,
        failed=len(verdict.tests) - len(verdict.passed_ids) if verdict else None,
    )


def _verdict_of(candidate: Candidate) -> Verdict | None:
    """Return the verdict of execution, or None if there is none or the sandbox failed."""
    verdict = candidate.verdict
    return None if verdict is None or verdict.status == "sandbox_error" else verdict


def _isolation(isolation: Isolation | None) -> IsolationReport | None:
    return IsolationReport(tier=isolation.tier, layers=isolation.layers) if isolation else None
