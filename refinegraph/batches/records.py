"""What a batch says of each problem: in Python, and as a line of its output."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ConfigDict

from refinegraph.evaluation.records import RunError
from refinegraph.runs.report import IsolationReport, ModelsReport, report
from refinegraph.schema import SCHEMA_VERSION, Frozen, Problem, RefinementResult, Usage
from refinegraph.support.json_text import Json

COLUMN = "refinegraph"
"""The column that a batch adds to those of its input, unless another name is given."""


class BatchUsage(Frozen):
    """What a problem cost. Its seconds are left out, so that equal answers make equal lines."""

    llm_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cost_usd: float | None = 0.0
    """None where a price is unknown."""
    sandbox_runs: int = 0

    @classmethod
    def of(cls, usage: Usage) -> "BatchUsage":
        """Return the part of a usage that does not depend on the machine's speed."""
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
        """The same as something that can be added up."""
        return Usage(
            llm_calls=self.llm_calls,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            priced_usd=self.cost_usd or 0.0,
            unpriced_calls=self.llm_calls if self.cost_usd is None else 0,
            sandbox_runs=self.sandbox_runs,
        )


class BatchReport(Frozen):
    """What a batch adds to the columns of its input. The field names are a contract."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = SCHEMA_VERSION
    index: int
    """The position of the problem in the input, from 0."""
    id: str
    """The id in the input, or the input's name with the position."""
    answer: str | None
    solved: bool | None
    """Whether the answer passes its visible tests; None where nothing could tell."""
    error: RunError | None = None
    """Why there is no answer; `--resume` repeats such a problem."""
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
    """One record of the input: what is to be solved, or why it cannot be read."""

    index: int
    id: str
    columns: Mapping[str, Json]
    problem: Problem | None
    fault: str = ""
    """Why there is no problem, in one sentence."""


@dataclass(frozen=True)
class BatchRecord:
    """How one problem of a batch ended: with a result, or with an error."""

    index: int
    """The position of the problem in the input, from 0."""
    id: str
    columns: Mapping[str, Json]
    """The record of the input as it was."""
    result: RefinementResult | None
    """None where the run has no result; `error` says why."""
    error: RunError | None
    usage: Usage
    """What was spent, also where there is no result."""

    @property
    def answer(self) -> str | None:
        """The answer; None where there is none."""
        return self.result.answer if self.result else None

    @property
    def solved(self) -> bool | None:
        """Whether the answer passes its visible tests; None where nothing could tell."""
        return self.result.solved if self.result else None

    @property
    def report(self) -> BatchReport:
        """What is written of it beside the columns of the input."""
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
        told = report(self.result)
        return BatchReport(
            index=self.index,
            id=self.id,
            answer=told.answer,
            solved=told.solved,
            strategy=told.strategy,
            rounds=told.rounds,
            stop_reason=told.stop_reason,
            usage=usage,
            isolation=told.isolation,
            models=told.models,
            seed=told.seed,
        )

    def line(self, column: str = COLUMN) -> str:
        """Return the columns of the input with the report in another one, as a line of JSON."""
        return json_line({**self.columns, column: self.report.model_dump(mode="json")})


def json_line(columns: Mapping[str, Json]) -> str:
    """Return columns as one line; half characters stay escaped, since UTF-8 cannot hold them."""
    text = json.dumps(columns, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(columns)
    return text
