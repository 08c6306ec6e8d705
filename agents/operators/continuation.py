"""Extend a candidate by one more step."""

import re
from collections.abc import Callable
from typing import Literal

from langchain_core.language_models import BaseChatModel

from refinegraph.agents.models import Choice, Sampling, generate
from refinegraph.agents.operators.algebra import Operator
from refinegraph.agents.operators.steps import StepEnd, first_steps, paragraph, with_blanks
from refinegraph.agents.operators.task import Draft, Outcome, Task
from refinegraph.agents.prompts import PromptSet
from refinegraph.agents.solver import Solver

IsComplete = Callable[[str], bool]
"""Returns whether a text is a whole solution."""

_ANSWER = re.compile(r"\\boxed\b|\bthe (final )?answer is\b|^####", re.IGNORECASE | re.MULTILINE)


def states_answer(text: str) -> bool:
    """Return whether a text states its final answer in one of the usual forms.

    >>> states_answer("So the answer is 4."), states_answer("Step 1: we add")
    (True, False)
    """
    return _ANSWER.search(text) is not None


class continue_from(Operator):
    """Write one more step after the move's parent, or the first step if it has none.

    The new candidate contains the whole text so far. It is complete if the text states its answer
    (override with `complete`), if the model ended the text by itself, or if nothing was added.
    `Move.keep` continues from the parent's first steps only, which lets a search backtrack. Costs
    one model call if the provider returns several choices per call, otherwise one per candidate.

    Args:
        model: A model that can continue a given text.
        step: Where a step ends; by default at an empty line.
        complete: Decides whether a text is a whole solution.
        sampling: Sampling settings.
        prompts: The prompts that state the problem.
        cue: Text inserted between the parent's text and the continuation, such as `"\\nWait."`,
            instead of the separator of `step`.
        on_missing_prefix: For a model that cannot continue a text: `"raise"` raises
            `ModelRequestRefused`, `"ask"` shows the text and asks the model to continue it.

    >>> import asyncio
    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> from refinegraph.schema import Move, Problem
    >>> step = continue_from(ScriptedChatModel("Add 2 and 2.\\n\\nThe answer is 4."))
    >>> task = Task(problem=Problem(prompt="2 + 2?", kind="math"), move=Move(operator="continue"))
    >>> draft = asyncio.run(step.apply(task)).drafts[0]
    >>> draft.choice.text, draft.complete
    ('Add 2 and 2.', False)
    """

    def __init__(
        self,
        model: BaseChatModel,
        *,
        step: StepEnd | None = None,
        complete: IsComplete = states_answer,
        sampling: Sampling | None = None,
        prompts: PromptSet | None = None,
        cue: str = "",
        on_missing_prefix: Literal["raise", "ask"] = "raise",
    ) -> None:
        self.model = model
        self.step = step or paragraph()
        self.complete = complete
        # As a Solver with several samples: sibling continuations have to differ.
        self.sampling = sampling or Sampling(temperature=0.8)
        self.cue = cue
        self.on_missing_prefix: Literal["raise", "ask"] = on_missing_prefix
        self._solver = Solver(model, prompts=prompts)

    @property
    def name(self) -> str:
        """The name of the operator's node."""
        return "continue"

    async def apply(self, task: Task) -> Outcome:
        """Return as many continuations as the move requests."""
        prefix = self._prefix(task)
        completions = await generate(
            self.model,
            self._solver.messages(task.problem, tests=task.tests, instruction=task.instruction),
            n=task.count,
            sampling=self._sampling(),
            prefix=prefix,
            on_missing_prefix=self.on_missing_prefix,
            stop=self.step.stop or None,
            max_tokens=self.step.max_tokens,
        )
        return Outcome(drafts=tuple(self._draft(choice, prefix) for choice in completions.choices))

    def __repr__(self) -> str:
        """Return the constructor call, with the model's name in place of the model."""
        from refinegraph.agents.models import model_name

        return f"continue_from({model_name(self.model)!r}, step={self.step!r})"

    def _prefix(self, task: Task) -> str:
        if not task.parents:
            return ""
        steps, joiner = task.move.keep, self.step.joiner
        if steps is None:
            text = task.parent.text
        elif joiner:
            text = first_steps(task.parent, count=steps)
        else:  # steps without a separator: the blanks between them are part of the text
            text = with_blanks(task.parent, count=steps)
        return f"{text}{self._between}" if text else ""

    @property
    def _between(self) -> str:
        return self.cue or self.step.joiner

    def _sampling(self) -> Sampling:
        if self.step.min_probability is None:
            return self.sampling
        return self.sampling.model_copy(update={"logprobs": self.sampling.logprobs or 0})

    def _draft(self, choice: Choice, prefix: str) -> Draft:
        added = choice.text.removeprefix(prefix)
        continuation = self.step.cut(added, choice)
        text = f"{prefix}{continuation}"
        if not continuation.strip():
            # Nothing was added, so the text before the separator is the whole solution.
            whole = prefix.removesuffix(self._between) if self._between else prefix
            return Draft(choice.model_copy(update={"text": whole}), complete=True)
        ended = continuation == added and not choice.truncated and choice.stopped_at is None
        # With stop texts, a model does not reveal whether it reached one or ended by itself.
        by_itself = ended and not self.step.stop
        complete = self.complete(text) or by_itself
        return Draft(choice.model_copy(update={"text": text}), complete=complete)
