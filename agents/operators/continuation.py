"""Continue a candidate by one more step, or begin one."""

import re
from collections.abc import Callable
from typing import Literal

from langchain_core.language_models import BaseChatModel

from refinegraph.agents.models import Choice, Sampling, generate
from refinegraph.agents.operators.algebra import Operator
from refinegraph.agents.operators.steps import StepEnd, kept, paragraph, with_blanks
from refinegraph.agents.operators.task import Draft, Outcome, Task
from refinegraph.agents.prompts import PromptSet
from refinegraph.agents.solver import Solver

IsComplete = Callable[[str], bool]
"""Whether a text is a whole solution."""

_ANSWER = re.compile(r"\\boxed\b|\bthe (final )?answer is\b|^####", re.IGNORECASE | re.MULTILINE)


def states_answer(text: str) -> bool:
    """Return whether a text gives its final answer in one of the usual forms.

    >>> states_answer("So the answer is 4."), states_answer("Step 1: we add")
    (True, False)
    """
    return _ANSWER.search(text) is not None


class continue_from(Operator):
    """Write one more step after the move's parent, or the first one where it has none.

    The new candidate holds the whole text so far. It is complete where the text states its answer
    (`complete` may say otherwise), where the model ended it by itself, or where nothing more came.
    `Move.keep` continues from the parent's first steps alone, which is how a search backtracks.
    Costs one model call, or one a candidate where the provider returns single choices.

    Args:
        model: A model that can go on from a given text.
        step: Where a step ends; at an empty line unless given.
        complete: Whether a text is a whole solution.
        sampling: How to sample.
        prompts: How the problem is asked.
        cue: Text that is put behind the parent's before the model goes on, such as `"\\nWait."`; it
            stands in place of what the step puts between two steps.
        on_missing_prefix: Whether a model that has no prefixes raises `ModelRequestRefused` or is
            asked to go on from the text that it is shown.

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
        self.sampling = sampling or Sampling(temperature=0.8)
        self.cue = cue
        self.on_missing_prefix: Literal["raise", "ask"] = on_missing_prefix
        self._solver = Solver(model, prompts=prompts)

    @property
    def name(self) -> str:
        """The name of its node."""
        return "continue"

    async def apply(self, task: Task) -> Outcome:
        """Return as many continuations as the move asks for."""
        prefix = self._prefix(task)
        made = await generate(
            self.model,
            self._solver.messages(task.problem, tests=task.tests, instruction=task.instruction),
            n=task.count,
            sampling=self._sampling(),
            prefix=prefix,
            on_missing_prefix=self.on_missing_prefix,
            stop=self.step.stop or None,
            max_tokens=self.step.max_tokens,
        )
        return Outcome(drafts=tuple(self._draft(choice, prefix) for choice in made.choices))

    def __repr__(self) -> str:
        """The call that makes it, with the model by its name."""
        from refinegraph.agents.models import model_name

        return f"continue_from({model_name(self.model)!r}, step={self.step!r})"

    def _prefix(self, task: Task) -> str:
        if not task.parents:
            return ""
        steps, joiner = task.move.keep, self.step.joiner
        if steps is None:
            text = task.parent.text
        elif joiner:
            text = kept(task.parent, steps=steps)
        else:  # nothing is put between two steps, so what stands between them is kept
            text = with_blanks(task.parent, steps=steps)
        return f"{text}{self._between}" if text else ""

    @property
    def _between(self) -> str:
        return self.cue or self.step.joiner

    def _sampling(self) -> Sampling:
        if self.step.least_probability is None:
            return self.sampling
        return self.sampling.model_copy(update={"logprobs": self.sampling.logprobs or 0})

    def _draft(self, choice: Choice, prefix: str) -> Draft:
        added = choice.text.removeprefix(prefix)
        own = self.step.cut(added, choice)
        text = f"{prefix}{own}"
        if not own.strip():
            # Nothing more came, so the text before the joiner was the whole solution.
            whole = prefix.removesuffix(self._between) if self._between else prefix
            return Draft(choice.model_copy(update={"text": whole}), complete=True)
        ended = own == added and not choice.truncated and choice.stopped_at is None
        # Only a model without stop texts, or one that reports them, tells that it ended by itself.
        by_itself = ended and not self.step.stop
        complete = self.complete(text) or by_itself
        return Draft(choice.model_copy(update={"text": text}), complete=complete)
