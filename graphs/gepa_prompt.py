"""Evolve a prompt by GEPA, of the package `gepa` (the extra `evolve`)."""

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
    """Note the prompt that GEPA (arXiv 2507.19457) evolves by reflection on solved problems.

    GEPA keeps a Pareto front over the examples and lets `writer` rewrite a prompt after reading
    what went wrong. Costs at most `most_asked` calls of the model and one of the writer for each
    proposal, charged to the move. Needs the extra `evolve`.

    Args:
        model: The model that the prompt is for.
        examples: The solved problems; every second one only validates, where there are two.
        seed: The prompt to begin with.
        writer: The model that reflects; `model` unless given.
        most_asked: How many examples are put to the model at most.
    """

    def __init__(
        self,
        model: BaseChatModel,
        examples: Sequence[LabelledProblem],
        *,
        seed: str = "Solve the problem.",
        writer: BaseChatModel | None = None,
        most_asked: int = 60,
    ) -> None:
        if importlib.util.find_spec("gepa") is None:
            raise InputError("GEPA needs the extra 'evolve': pip install 'refinegraph[evolve]'.")
        self.fitness = prompt_fitness(model, examples)
        self.model = model
        self.writer = writer or model
        self.seed = seed
        self.most_asked = most_asked

    @property
    def proposes(self) -> bool:
        """A prompt is no candidate for an answer."""
        return False

    async def apply(self, task: Task) -> Outcome:
        """Return one note with the best prompt."""
        best = await asyncio.to_thread(self._optimise, asyncio.get_running_loop())
        return Outcome(notes=(Note(text=best.strip(), about="prompt"),))

    def __repr__(self) -> str:
        """The call that makes it, with the model by its name."""
        return f"gepa_prompt({model_name(self.model)!r}, {len(self.fitness.examples)} examples)"

    def _optimise(self, loop: asyncio.AbstractEventLoop) -> str:
        optimize: Any = importlib.import_module("gepa.api").optimize
        adapter: Any = _Adapter(self.fitness, loop)

        def reflect(prompt: Any) -> str:
            said = prompt if isinstance(prompt, str) else str(prompt[-1]["content"])
            work = generate(self.writer, [HumanMessage(said)])
            made = asyncio.run_coroutine_threadsafe(work, loop).result()
            return made.choices[0].text

        examples = self.fitness.examples
        found: Any = optimize(
            seed_candidate={_PART: self.seed},
            trainset=list(examples[::2]),
            valset=list(examples[1::2] or examples),
            adapter=adapter,
            reflection_lm=reflect,
            max_metric_calls=self.most_asked,
            logger=_Silent(),
        )
        return str(found.best_candidate[_PART])


class _Silent:
    """GEPA's log goes nowhere: the run tells of its model calls."""

    def log(self, message: str) -> None:
        """Say nothing."""


class _Adapter:
    """What GEPA asks for scores and for what went wrong."""

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
        """Ask the model every problem of a batch under a prompt."""
        from gepa.core.adapter import EvaluationBatch

        async def ask() -> list[tuple[str, bool]]:
            prompt = candidate[_PART]
            return await wait_for_all(*(self.fitness.ask(prompt, each) for each in batch))

        told = asyncio.run_coroutine_threadsafe(ask(), self.loop).result()
        outputs = [text for text, _ in told]
        traces = [
            {"problem": each.problem.prompt, "answer": text, "right": right}
            for each, (text, right) in zip(batch, told, strict=True)
        ]
        scores = [float(right) for _, right in told]
        return EvaluationBatch(outputs, scores, traces if capture_traces else None)

    def make_reflective_dataset(
        self, candidate: Mapping[str, str], eval_batch: Any, components_to_update: list[str]
    ) -> dict[str, list[dict[str, Any]]]:
        """Tell GEPA's writer what the model answered, and whether that was right."""
        told = [
            {
                "Inputs": trace["problem"],
                "Generated Outputs": trace["answer"],
                "Feedback": "This is right." if trace["right"] else "This is wrong.",
            }
            for trace in eval_batch.trajectories or ()
        ]
        return dict.fromkeys(components_to_update, told)
