"""An operator defined by a prompt with placeholders for the parts of its task."""

import difflib
import re
from collections.abc import Callable, Mapping
from string import Template
from typing import Literal, get_args

from langchain_core.messages import BaseMessage

from refinegraph.agents.feedback import (
    format_tests,
    format_verdict,
    solution_text,
    with_instruction,
)
from refinegraph.agents.models import Sampling, generate, model_name
from refinegraph.agents.models.model_like import ModelLike, as_chat_model
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
    """Ask a model with a prompt whose placeholders are filled from the task.

    Placeholders such as `$problem` follow `string.Template`; `$$` is a dollar sign. They are
    checked when the operator is constructed:

    | placeholder | value |
    |---|---|
    | `$problem` | the statement |
    | `$solution`, `$evidence` | the first parent, and the result of executing it |
    | `$solutions` | all parents, numbered from 1 |
    | `$others` | the parents after the first, numbered from 1 |
    | `$reviews` | the latest reviews of the parents |
    | `$scores` | the scores of the first parent, with the scorers' evidence |
    | `$notes`, `$note` | all notes of the run; the last one about the first parent, else the last |
    | `$tests` | the tests that came with the problem |
    | `$answer_format` | how to write the final answer |
    | `$instruction` | the move's instruction; appended to a prompt without this placeholder |

    Candidates and notes cost one model call if the provider returns several choices per call,
    otherwise one per candidate; reviews cost one call per parent. A review is parsed like the
    Reviewer's: it approves if its verdict is `right`. A note refers to the move's parent if there
    is exactly one, so that concurrent moves do not read each other's notes.

    Args:
        model: The model to ask.
        prompt: The user message with placeholders.
        makes: What answers become: candidates, a review of each parent, one note, or one note for
            each list item in the answer (a single note if there is no list).
        kind: The kind of the notes.
        complete: Whether candidates are whole solutions. Set it to False for plans and other
            intermediate texts, which can then never be selected as the answer.
        system: The system message, with the same placeholders; omitted if empty.
        sampling: Sampling settings; the default temperature is 0.8 for candidates, otherwise 0.

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
    refinegraph.errors.InputError: unknown placeholder $solution1 in a prompt; did you mean \
$solution? Known placeholders: $answer_format, $evidence, $instruction, $note, $notes, $others, \
$problem, $reviews, $scores, $solution, $solutions, $tests.
    """

    def __init__(
        self,
        model: ModelLike,
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
        self._placeholders = _checked_placeholders(prompt) | _checked_placeholders(system)
        self.model = as_chat_model(model)
        self.prompt = Prompt(user=prompt, system=system)
        self.makes: Makes = makes
        self.kind: NoteKind = kind
        self.complete = complete
        # Candidates have to differ from each other; reviews and notes should be repeatable.
        self.sampling = sampling or Sampling(temperature=0.8 if makes == "candidates" else 0.0)

    @property
    def name(self) -> str:
        """The name of the operator's node, which says what it produces."""
        return {"candidates": "answer", "reviews": "review"}.get(self.makes, "note")

    @property
    def proposes(self) -> bool:
        """Whether the answers become candidates."""
        return self.makes == "candidates"

    async def apply(self, task: Task) -> Outcome:
        """Return the model's answers as candidates, reviews or notes."""
        if self.makes == "reviews":
            parents = unapproved(task)
            reviews = await wait_for_all(*(self._review(task, parent) for parent in parents))
            return Outcome(reviews=tuple(reviews))
        if self.makes in ("note", "notes"):
            text = await self._text(task)
            items = list_items(text) if self.makes == "notes" else ()
            return Outcome(notes=tuple(self._note(task, item) for item in items or (text,)))
        answers = await generate(
            self.model, self._messages(task), n=task.count, sampling=self.sampling
        )
        return Outcome(drafts=drafts_of(answers.choices, complete=self.complete))

    def __repr__(self) -> str:
        """Return the constructor call, with the model's name in place of the model."""
        makes = "" if self.makes == "candidates" else f", makes={self.makes!r}"
        return f"prompted({model_name(self.model)!r}, {self.prompt.user!r}{makes})"

    def _note(self, task: Task, text: str) -> Note:
        about = task.parent.id if len(task.parents) == 1 else ""
        return Note(kind=self.kind, text=text, about=about)

    async def _review(self, task: Task, parent: Candidate) -> Review:
        return parse_review(await self._text(task.over([parent])), parent)

    async def _text(self, task: Task) -> str:
        answers = await generate(self.model, self._messages(task), sampling=self.sampling)
        return answers.choices[0].text

    def _messages(self, task: Task) -> list[BaseMessage]:
        values = {name: _PLACEHOLDERS[name](task) for name in self._placeholders}
        messages = self.prompt.messages(**values)
        if "instruction" in self._placeholders:
            return messages
        return with_instruction(messages, task.instruction)


def list_items(text: str) -> tuple[str, ...]:
    """Return the items of the numbered or bulleted list in a text.

    >>> list_items("Two facts:\\n1. It rains.\\n2. It is cold.")
    ('It rains.', 'It is cold.')
    """
    return tuple(match["text"].strip() for match in _ITEM.finditer(text))


def _own_note(task: Task) -> str:
    """Return the last note about the first parent, or else the last note of the run."""
    about = task.parents[0].id if task.parents else None
    own = [note.text for note in task.notes if note.about == about]
    return (own or [note.text for note in task.notes] or [""])[-1]


def _scores(task: Task) -> str:
    scores = [score for score in task.parent.scores if score.value is not None]
    lines = [f"{score.scorer}: {score.value:.2f} {score.evidence}".strip() for score in scores]
    return "\n".join(lines) or "It has not been scored."


def _numbered(task: Task, parents: tuple[Candidate, ...]) -> str:
    texts = (solution_text(parent, kind=task.problem.kind) for parent in parents)
    return "\n\n".join(f"Solution {number}:\n{text}" for number, text in enumerate(texts, 1))


_PLACEHOLDERS: Mapping[str, Callable[[Task], str]] = {
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


def _checked_placeholders(text: str) -> frozenset[str]:
    """Return the placeholders of a prompt; raise `InputError` for unknown or malformed ones."""
    template = Template(text)
    if not template.is_valid():
        raise InputError(
            f"malformed prompt {text!r:.100}: a dollar sign must precede a placeholder; write $$ "
            "for a dollar sign."
        )
    names = template.get_identifiers()
    for name in names:
        if name not in _PLACEHOLDERS:
            near = difflib.get_close_matches(name, _PLACEHOLDERS, n=1)
            hint = f"; did you mean ${near[0]}?" if near else "."
            expected = ", ".join(f"${placeholder}" for placeholder in _PLACEHOLDERS)
            raise InputError(
                f"unknown placeholder ${name} in a prompt{hint} Known placeholders: {expected}."
            )
    return frozenset(names)
