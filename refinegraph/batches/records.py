"""The outcome of a problem in a batch: in Python, and as a line of its output."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ConfigDict

from refinegraph.evaluation.records import RunError
from refinegraph.runs.report import IsolationReport, ModelsReport, report
from refinegraph.schema import SCHEMA_VERSION, Frozen, Problem, RefinementResult, Usage
from refinegraph.support.json_text import Json

COLUMN = "refinegraph"
"""The column that a batch adds to those of its input, unless another name is chosen."""


class BatchUsage(Frozen):
    """The cost of a problem, without its duration, so that equal answers give equal lines."""

    llm_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cost_usd: float | None = 0.0
    """None if a price is unknown."""
    sandbox_runs: int = 0

    @classmethod
    def of(cls, usage: Usage) -> "BatchUsage":
        """Return the parts of a usage that do not depend on the speed of the machine."""
        return cls(
            llm_calls=usage.llm_calls,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            total_tokens=usage.total_tokens,
            cost_usd=usage.cost_usd,
            sandbox_runs=usage.sandbox_runs,
        )

    @property
    def usage(self) -> Usage:
        """Return the same cost as a `Usage`, which supports addition."""
        return Usage(
            llm_calls=self.llm_calls,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            priced_usd=self.cost_usd or 0.0,
            unpriced_calls=self.llm_calls if self.cost_usd is None else 0,
            sandbox_runs=self.sandbox_runs,
        )


class BatchReport(Frozen):
    """The column that a batch adds to its input. Field names are stable."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = SCHEMA_VERSION
    index: int
    """The position of the problem in the input, counted from 0."""
    id: str
    """The id in the input, or the input's name followed by the position."""
    answer: str | None
    solved: bool | None
    """Whether the answer passes its visible tests; None if nothing could check it."""
    error: RunError | None = None
    """The reason why there is no answer; `--resume` retries such a problem."""
    strategy: str | None = None
    rounds: int = 0
    stop_reason: str = "error"
    """The rule that ended the run, as one word."""
    usage: BatchUsage = BatchUsage()
    isolation: IsolationReport | None = None
    models: ModelsReport | None = None
    seed: int | None = None


@dataclass(frozen=True)
class BatchItem:
    """One record of the input: a problem, or the reason why it cannot be read."""

    index: int
    id: str
    columns: Mapping[str, Json]
    problem: Problem | None
    fault: str = ""
    """Why the record is not a problem, in one sentence."""


@dataclass(frozen=True)
class BatchRecord:
    """The outcome of one problem: a result or an error."""

    index: int
    """The position of the problem in the input, counted from 0."""
    id: str
    columns: Mapping[str, Json]
    """The unchanged record of the input."""
    result: RefinementResult | None
    """None if the run failed; `error` has the reason."""
    error: RunError | None
    usage: Usage
    """The usage of the run, even if it failed."""

    @property
    def answer(self) -> str | None:
        """The answer, or None."""
        return self.result.answer if self.result else None

    @property
    def solved(self) -> bool | None:
        """Whether the answer passes its visible tests; None if nothing could check it."""
        return self.result.solved if self.result else None

    @property
    def report(self) -> BatchReport:
        """The report that is written in addition to the columns of the input."""
        usage = BatchUsage.of(self.usage)
        if self.result is None:
            return BatchReport(
                index=self.index,
                id=self.id,
                answer=None,
                solved=None,
                error=self.error,
                usage=usage,
            )
        summary = report(self.result)
        return BatchReport(
            index=self.index,
            id=self.id,
            answer=summary.answer,
            solved=summary.solved,
            strategy=summary.strategy,
            rounds=summary.rounds,
            stop_reason=summary.stop_reason,
            usage=usage,
            isolation=summary.isolation,
            models=summary.models,
            seed=summary.seed,
        )

    def line(self, column: str = COLUMN) -> str:
        """Return the columns of the input and the report as a line of JSON."""
        return json_line({**self.columns, column: self.report.model_dump(mode="json")})


def json_line(columns: Mapping[str, Json]) -> str:
    """Return columns as one line; lone surrogates are escaped, because UTF-8 cannot encode them."""
    text = json.dumps(columns, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(columns)
    return text
