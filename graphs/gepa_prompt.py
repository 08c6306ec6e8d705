"""Evolve a prompt with GEPA, from the package `gepa` (extra `evolve`)."""

import asyncio
import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage

from refinegraph.agents.models import generate, model_name
from refinegraph.agents.operators import Operator, Outcome, Task
from refinegraph.errors import InputError
from refinegraph.graphs.prompt_evolution import prompt_fitness
from refinegraph.schema import LabelledProblem, Note
from refinegraph.support.awaiting import wait_for_all

_PART = "instruction"


class gepa_prompt(Operator):
    """Add a note with the prompt that GEPA (arXiv 2507.19457) evolves on solved problems.

    GEPA keeps a Pareto front over the examples and lets `writer` rewrite a prompt after reading
    what went wrong. Costs at most `max_calls` calls of the model and one of the writer per
    proposal, charged to the move. Requires the extra `evolve`.

    Args:
        model: The model for which the prompt is optimised.
        examples: The solved problems; if there are two or more, every second one is used only for
            validation.
        seed: The initial prompt.
        writer: The model that rewrites prompts, by default `model`.
        max_calls: Maximum number of calls of the model.
    """

    def __init__(
        self,
        model: BaseChatModel,
        examples: Sequence[LabelledProblem],
        *,
        seed: str = "Solve the problem.",
        writer: BaseChatModel | None = None,
        max_calls: int = 60,
    ) -> None:
        if importlib.util.find_spec("gepa") is None:
            raise InputError("GEPA requires the extra 'evolve': pip install 'refinegraph[evolve]'.")
        self.fitness = prompt_fitness(model, examples)
        self.model = model
        self.writer = writer or model
        self.seed = seed
        self.max_calls = max_calls

    @property
    def proposes(self) -> bool:
        """False, because a prompt is not a candidate answer."""
        return False

    async def apply(self, task: Task) -> Outcome:
        """Return one note with the best prompt."""
        best = await asyncio.to_thread(self._optimise, asyncio.get_running_loop())
        return Outcome(notes=(Note(text=best.strip(), about="prompt"),))

    def __repr__(self) -> str:
        """Return the constructor call, with the model's name in place of the model."""
        return f"gepa_prompt({model_name(self.model)!r}, {len(self.fitness.examples)} examples)"

    def _optimise(self, loop: asyncio.AbstractEventLoop) -> str:
        optimize: Any = importlib.import_module("gepa.api").optimize
        adapter: Any = _Adapter(self.fitness, loop)

        def reflect(prompt: Any) -> str:
            text = prompt if isinstance(prompt, str) else str(prompt[-1]["content"])
            request = generate(self.writer, [HumanMessage(text)])
            samples = asyncio.run_coroutine_threadsafe(request, loop).result()
            return samples.choices[0].text

        examples = self.fitness.examples
        result: Any = optimize(
            seed_candidate={_PART: self.seed},
            trainset=list(examples[::2]),
            valset=list(examples[1::2] or examples),
            adapter=adapter,
            reflection_lm=reflect,
            max_metric_calls=self.max_calls,
            logger=_Silent(),
        )
        return str(result.best_candidate[_PART])


class _Silent:
    """Discards GEPA's log, because the run reports its model calls itself."""

    def log(self, message: str) -> None:
        """Discard a message."""


class _Adapter:
    """GEPA's interface to evaluate prompts and to describe failures."""

    propose_new_texts = None

    def __init__(self, fitness: prompt_fitness, loop: asyncio.AbstractEventLoop) -> None:
        self.fitness = fitness
        self.loop = loop

    def evaluate(
        self,
        batch: Sequence[LabelledProblem],
        candidate: Mapping[str, str],
        capture_traces: bool = False,
    ) -> Any:
        """Ask the model every problem of a batch with a prompt."""
        from gepa.core.adapter import EvaluationBatch

        async def ask() -> list[tuple[str, bool]]:
            prompt = candidate[_PART]
            return await wait_for_all(*(self.fitness.ask(prompt, solved) for solved in batch))

        answers = asyncio.run_coroutine_threadsafe(ask(), self.loop).result()
        outputs = [text for text, _ in answers]
        traces = [
            {"problem": solved.problem.prompt, "answer": text, "right": right}
            for solved, (text, right) in zip(batch, answers, strict=True)
        ]
        scores = [float(right) for _, right in answers]
        return EvaluationBatch(outputs, scores, traces if capture_traces else None)

    def make_reflective_dataset(
        self, candidate: Mapping[str, str], eval_batch: Any, components_to_update: list[str]
    ) -> dict[str, list[dict[str, Any]]]:
        """Return the model's answers, and whether they were right, for GEPA's writer."""
        records = [
            {
                "Inputs": trace["problem"],
                "Generated Outputs": trace["answer"],
                "Feedback": "This is right." if trace["right"] else "This is wrong.",
            }
            for trace in eval_batch.trajectories or ()
        ]
        return dict.fromkeys(components_to_update, records)
