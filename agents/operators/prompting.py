"""An operator that is a prompt, with places for what its task shows."""

import difflib
import re
from collections.abc import Callable, Mapping
from string import Template
from typing import Literal, get_args

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from refinegraph.agents.feedback import (
    format_tests,
    format_verdict,
    solution_text,
    with_instruction,
)
from refinegraph.agents.models import Sampling, generate, model_name
from refinegraph.agents.operators.algebra import Operator
from refinegraph.agents.operators.rules import unapproved
from refinegraph.agents.operators.task import Outcome, Task, drafts_of
from refinegraph.agents.prompts.prompt import Prompt
from refinegraph.agents.reviewer import parse_review
from refinegraph.agents.solver import answer_format
from refinegraph.errors import InputError
from refinegraph.schema import Candidate, Note, NoteKind, Review
from refinegraph.support.awaiting import wait_for_all

Makes = Literal["candidates", "reviews", "note", "notes"]
"""What the answers to a prompt become."""

_ITEM = re.compile(r"^\s*(?:\d+[.)]|[-*])\s+(?P<text>\S.*)$", re.MULTILINE)


class prompted(Operator):
    """Ask a model with a prompt that shows what the task shows.

    The prompt has places such as `$problem`, written as in `string.Template`; `$$` is a dollar
    sign. They are checked when the operator is made:

    | place | stands for |
    |---|---|
    | `$problem` | the statement |
    | `$solution`, `$evidence` | the first parent, and what execution says of it |
    | `$solutions` | all parents, numbered from 1 |
    | `$others` | the parents after the first, numbered from 1 |
    | `$reviews` | the latest reviews of the parents |
    | `$scores` | the scores of the first parent, with what the scorers say |
    | `$notes`, `$note` | all notes of the run; the last one about the first parent, else the last |
    | `$tests` | the tests that were given |
    | `$answer_format` | how the final answer is to be written |
    | `$instruction` | the move's instruction; added at the end unless the prompt has this place |

    Costs one model call where the answers become candidates (or one a candidate where the provider
    returns single choices) or notes, and one a parent where they become reviews. A review is read
    like the Reviewer's: it approves if its verdict is `right`. A note is about the move's parent,
    where it has exactly one, so that moves side by side do not read each other's.

    Args:
        model: The model that is asked.
        prompt: The user message with its places.
        makes: Whether answers become candidates, a review of each parent, one note, or one note
            for each item of the list in the answer (one of all, where there is no list).
        kind: Of the notes.
        complete: Whether candidates are whole solutions; plans and other drafts that something
            else is made from are not, and never the answer.
        system: The system message, with the same places; none unless given.
        sampling: How to sample; at temperature 0.8 for candidates and 0 otherwise unless given.

    >>> import asyncio
    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> from refinegraph.schema import Move, Problem
    >>> model = ScriptedChatModel("4")
    >>> solve = prompted(model, "Answer with a number: $problem")
    >>> task = Task(problem=Problem(prompt="2 + 2?", kind="math"), move=Move(operator="solve"))
    >>> asyncio.run(solve.apply(task)).drafts[0].choice.text, model.calls[0].prompt
    ('4', 'Answer with a number: 2 + 2?')
    >>> prompted(model, "Merge: $solution1")
    Traceback (most recent call last):
    ...
    refinegraph.errors.InputError: a prompt has the place $solution1, which is unknown, did you \
mean $solution? Known: $answer_format, $evidence, $instruction, $note, $notes, $others, \
$problem, $reviews, $scores, $solution, $solutions, $tests.
    """

    def __init__(
        self,
        model: BaseChatModel,
        prompt: str,
        *,
        makes: Makes = "candidates",
        kind: NoteKind = "lesson",
        complete: bool = True,
        system: str = "",
        sampling: Sampling | None = None,
    ) -> None:
        if makes not in get_args(Makes):
            raise InputError(f"makes is {makes!r}; expected {', '.join(get_args(Makes))}.")
        self._places = _checked_places(prompt) | _checked_places(system)
        self.model = model
        self.prompt = Prompt(user=prompt, system=system)
        self.makes: Makes = makes
        self.kind: NoteKind = kind
        self.complete = complete
        self.sampling = sampling or Sampling(temperature=0.8 if makes == "candidates" else 0.0)

    @property
    def name(self) -> str:
        """The name of its node: what it does."""
        return {"candidates": "answer", "reviews": "review"}.get(self.makes, "note")

    @property
    def proposes(self) -> bool:
        """Whether its answers become candidates."""
        return self.makes == "candidates"

    async def apply(self, task: Task) -> Outcome:
        """Return what the model's answers become."""
        if self.makes == "reviews":
            asked = unapproved(task)
            reviews = await wait_for_all(*(self._review(task, parent) for parent in asked))
            return Outcome(reviews=tuple(reviews))
        if self.makes in ("note", "notes"):
            text = await self._text(task)
            items = list_items(text) if self.makes == "notes" else ()
            return Outcome(notes=tuple(self._note(task, item) for item in items or (text,)))
        made = await generate(
            self.model, self._messages(task), n=task.count, sampling=self.sampling
        )
        return Outcome(drafts=drafts_of(made.choices, complete=self.complete))

    def __repr__(self) -> str:
        """The call that makes it, with the model by its name."""
        makes = "" if self.makes == "candidates" else f", makes={self.makes!r}"
        return f"prompted({model_name(self.model)!r}, {self.prompt.user!r}{makes})"

    def _note(self, task: Task, text: str) -> Note:
        about = task.parent.id if len(task.parents) == 1 else ""
        return Note(kind=self.kind, text=text, about=about)

    async def _review(self, task: Task, parent: Candidate) -> Review:
        return parse_review(await self._text(task.over([parent])), parent)

    async def _text(self, task: Task) -> str:
        made = await generate(self.model, self._messages(task), sampling=self.sampling)
        return made.choices[0].text

    def _messages(self, task: Task) -> list[BaseMessage]:
        filled = self.prompt.messages(**{place: _PLACES[place](task) for place in self._places})
        return filled if "instruction" in self._places else _instructed(filled, task)


def list_items(text: str) -> tuple[str, ...]:
    """Return the items of the numbered or bulleted list in a text, in their order.

    >>> list_items("Two facts:\\n1. It rains.\\n2. It is cold.")
    ('It rains.', 'It is cold.')
    """
    return tuple(match["text"].strip() for match in _ITEM.finditer(text))


def _instructed(messages: list[BaseMessage], task: Task) -> list[BaseMessage]:
    return with_instruction(messages, task.instruction)


def _own_note(task: Task) -> str:
    """Return the last note about the first parent, or the last one of all."""
    about = task.parents[0].id if task.parents else None
    own = [note.text for note in task.notes if note.about == about]
    return (own or [note.text for note in task.notes] or [""])[-1]


def _scores(task: Task) -> str:
    known = [score for score in task.parent.scores if score.value is not None]
    lines = [f"{score.scorer}: {score.value:.2f} {score.evidence}".strip() for score in known]
    return "\n".join(lines) or "It has not been scored."


def _numbered(task: Task, parents: tuple[Candidate, ...]) -> str:
    texts = (solution_text(parent, kind=task.problem.kind) for parent in parents)
    return "\n\n".join(f"Solution {number}:\n{text}" for number, text in enumerate(texts, 1))


_PLACES: Mapping[str, Callable[[Task], str]] = {
    "answer_format": lambda task: answer_format(task.problem.kind),
    "evidence": lambda task: format_verdict(task.parent),
    "instruction": lambda task: task.instruction,
    "note": _own_note,
    "notes": lambda task: "\n\n".join(note.text for note in task.notes),
    "others": lambda task: _numbered(task, task.parents[1:]),
    "problem": lambda task: task.problem.prompt.strip(),
    "reviews": lambda task: "\n\n".join(review.text for review in task.reviews),
    "scores": _scores,
    "solution": lambda task: solution_text(task.parent, kind=task.problem.kind),
    "solutions": lambda task: _numbered(task, task.parents),
    "tests": lambda task: format_tests(task.tests).strip("\n"),
}


def _checked_places(text: str) -> frozenset[str]:
    """Return the places of a prompt; raises `InputError` for one that is unknown or malformed."""
    template = Template(text)
    if not template.is_valid():
        raise InputError(
            f"{text!r:.100} is no prompt: a dollar sign stands before something that is no name; "
            "write $$ for a dollar sign."
        )
    places = template.get_identifiers()
    for place in places:
        if place not in _PLACES:
            near = difflib.get_close_matches(place, _PLACES, n=1)
            hint = f", did you mean ${near[0]}?" if near else "."
            known = ", ".join(f"${name}" for name in _PLACES)
            raise InputError(
                f"a prompt has the place ${place}, which is unknown{hint} Known: {known}."
            )
    return frozenset(places)
