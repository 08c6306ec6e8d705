"""Training documents: what the agents send and what they ought to get back, token by token."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tokenizers import Tokenizer

from refinegraph.agents.prompts import EMBEDDED, Prompt
from refinegraph.embedded.tasks import Task
from refinegraph.embedded.tasks.composition import program_expressions
from training.tokens import end_token

PROMPT_WEIGHT = 0.1
_EXPRESSION = re.compile(r"^\s*(?:x = |return )(.*)$")

_EVIDENCE = """\
It passed 0 of 3 tests.

Program:
Result:
Review:
Failing case: (failed)
Failing case: (error)
Expected:
Got:
Raised:
line 2, in f:"""


class Document(NamedTuple):
    """Tokens to read, the token to foresee at each place, and how much that counts."""

    tokens: list[int]
    targets: list[int]
    weights: list[float]


class Attempt(NamedTuple):
    """A program, what running it showed, and what the Reviewer ought to say."""

    program: str
    evidence: str
    """As `refinegraph.agents.feedback.format_verdict` words it."""
    right: bool


def render_all(tasks: Iterable[Task]) -> Iterator[str]:
    """Yield texts of every kind that the tokenizer will meet."""
    for task in tasks:
        attempt = Attempt(task.program, _EVIDENCE, False)
        yield "\n".join([task.labelled.problem.prompt, task.program, review_of(task, attempt)])
        yield f"{task.labelled.problem.tests}\n{_EVIDENCE}\nVERDICT: right"


def render(prompt: Prompt, **places: str) -> str:
    """Return a prompt as the model reads it."""
    return str(prompt.messages(**places)[0].content)


def solving(task: Task, tokenizer: Tokenizer) -> Document:
    """Return the document of a Solver that answers right."""
    prompt = render(EMBEDDED.solver, problem=task.labelled.problem.prompt)
    return _join(tokenizer, [(prompt, PROMPT_WEIGHT, False), (f"\n{task.program}", 1.0, True)])


def repairing(task: Task, attempt: Attempt, tokenizer: Tokenizer) -> Document:
    """Return one document of a Reviewer and a Refiner that are both right.

    The Refiner's prompt begins with the Reviewer's prompt and answer, so both learn from one
    reading; where the review ends, the Reviewer's end is what is to be foreseen.
    """
    prompt = render(
        EMBEDDED.reviewer,
        problem=task.labelled.problem.prompt,
        solution=attempt.program,
        evidence=attempt.evidence,
    )
    answer = attempt.program if attempt.right else task.program
    parts = [
        (prompt, 0.0, False),
        (f"\n{review_of(task, attempt)}", 1.0, True),
        ("\nProgram:", 0.0, False),
        (f"\n{answer}", 1.0, True),
    ]
    return _join(tokenizer, parts)


def review_of(task: Task, attempt: Attempt) -> str:
    """Return the review of an attempt: the first line that differs, and what it ought to do."""
    if attempt.right:
        return "VERDICT: right"
    lines = attempt.program.split("\n")[1:]
    place = first_difference(lines, program_expressions(task.steps, argument=task.argument))
    line = lines[min(place, len(lines) - 1)].strip() if lines else ""
    gloss = task.steps[min(place, len(task.steps) - 1)].gloss
    return f"VERDICT: wrong\nSTEP: {line}\nCHANGE: {gloss}"


def first_difference(lines: Sequence[str], expressions: Sequence[str]) -> int:
    """Return the place of the first line that does not hold the expected expression."""
    for place, (line, expected) in enumerate(zip(lines, expressions, strict=False)):
        found = _EXPRESSION.match(line)
        if found is None or found[1] != expected:
            return place
    return min(len(lines), len(expressions))


def _join(tokenizer: Tokenizer, parts: Iterable[tuple[str, float, bool]]) -> Document:
    """Put parts of text together; the last element tells whether the model ends there."""
    document = Document([], [], [])
    closed = True
    for text, weight, closes in parts:
        ids = tokenizer.encode(text).ids
        foreseen = [*(ids if document.tokens and not closed else ids[1:])]
        foreseen += [end_token(tokenizer)] if closes else []
        document.tokens.extend(ids)
        document.targets.extend(foreseen)
        document.weights.extend([weight] * len(foreseen))
        closed = closes
    return document
