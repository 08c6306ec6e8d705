"""Fixtures shared by the tests of evaluations."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import pytest

import refinegraph as rg
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.evaluation.records import RunLine
from refinegraph.evaluation.results_dir import EvaluationFolder
from refinegraph.evaluation.settings import EvaluationSettings
from refinegraph.options import RunOptions


class WriteEvaluation(Protocol):
    """Return a function that writes an evaluation folder whose last strategy finished first."""

    def __call__(
        self,
        path: Path,
        strategies: Sequence[str],
        *,
        problems: Sequence[str] = ("a", "b"),
        prompt: str = "Write f(x).",
        dataset: str = "d1",
    ) -> str: ...


@pytest.fixture
def evaluation() -> WriteEvaluation:
    return write_evaluation


def write_evaluation(
    path: Path,
    strategies: Sequence[str],
    *,
    problems: Sequence[str] = ("a", "b"),
    prompt: str = "Write f(x).",
    dataset: str = "d1",
) -> str:
    settings = EvaluationSettings(
        version="1",
        code="c",
        dataset=f"{dataset}.jsonl",
        dataset_digest=dataset,
        strategies=tuple(strategies),
        models=("m",),
        options=RunOptions(),
    )
    folder = EvaluationFolder(path, settings, resume=False)
    for strategy in reversed(strategies):
        for name in problems:
            folder.add(run_line(name, strategy, prompt))
    folder.close()
    return str(path)


def run_line(name: str, strategy: str, prompt: str) -> RunLine:
    model = ScriptedChatModel("def f(x): return x", cycle=True)
    result = rg.solve(rg.Problem(id=name, prompt=prompt), model=model, strategy="single")
    return RunLine(
        problem_id=name,
        strategy=strategy,
        prompt=prompt,
        kind="code",
        correct=strategy == "good",
        candidates_correct=tuple((each.id, strategy == "good") for each in result.candidates),
        result=result,
    )
