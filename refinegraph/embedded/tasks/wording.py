"""Statements in plain English, in which steps may be followed by irrelevant remarks."""

import random
from collections.abc import Sequence

from refinegraph.embedded.tasks.naming import Header
from refinegraph.embedded.tasks.operation import Shape, Step

_TAKES: dict[Shape, tuple[str, ...]] = {
    "numbers": ("a list of integers", "a list of numbers", "some integers in a list"),
    "number": ("an integer", "a whole number", "one number"),
    "text": ("a string", "a text", "a piece of text"),
    "words": ("a list of words", "a list of strings", "some words in a list"),
    "table": (
        "a dictionary of integers",
        "a dictionary from words to numbers",
        "a table of counts",
    ),
}
_OPENINGS = (
    "Write {name}(x) for {takes}.",
    "{name}(x) gets {takes}.",
    "Define {name}(x), where x is {takes}.",
    "Given {takes}, {name}(x) works as follows.",
)
_DISTRACTORS = (
    "The input may be empty.",
    "Do not print anything.",
    "Speed does not matter.",
    "Use no imports.",
    "It is part of a weekly report.",
    "The caller checks the types.",
    "An older version had 2 mistakes.",
    "It is called about 7 times a day.",
    "Keep it short.",
    "Nobody needs more than 9 values.",
)
_ARGUED = (
    "Write {name}({argument}) for {takes}.",
    "{name}({argument}) gets {takes}.",
    "Define {name}({argument}), where {argument} is {takes}.",
    "Given {takes}, {name}({argument}) works as follows.",
    "Write a function {name}({argument}) that takes {takes}.",
    "Implement {name}({argument}) on {takes}.",
)
_ASKED = ("Take {takes}.", "There is {takes}.", "Somebody has {takes}.", "I have {takes}.")
_CLOSINGS = (
    "Call it {name}({argument}).",
    "Name: {name}({argument}).",
    "Write it as {name}({argument}).",
    "Function: {name}({argument}).",
    "Write {name}({argument}).",
)


def plain_statement(
    name: str, steps: Sequence[Step], *, vague: Sequence[bool], rng: random.Random
) -> str:
    """Return a statement of what a function of `x` does; `vague` steps are left to examples."""
    phrases = [_say(step, unclear, rng) for step, unclear in zip(steps, vague, strict=True)]
    takes = rng.choice(_TAKES[steps[0].operation.takes])
    sentences = [rng.choice(_OPENINGS).format(name=name, takes=takes), _joined(phrases, rng)]
    if rng.random() < 0.3:
        sentences.insert(rng.randint(1, 2), rng.choice(_DISTRACTORS))
    return " ".join(sentences)


def free_statement(
    header: Header, steps: Sequence[Step], *, vague: Sequence[bool], rng: random.Random
) -> str:
    """Return a statement of what a function does, with its name at the beginning or the end."""
    phrases = [_say(step, unclear, rng) for step, unclear in zip(steps, vague, strict=True)]
    takes = rng.choice(_TAKES[steps[0].operation.takes])
    places = {"name": header.name, "argument": header.argument, "takes": takes}
    body = _joined(phrases, rng)
    if rng.random() < 0.6:
        sentences = [rng.choice(_ARGUED).format(**places), body]
    else:
        opening = [rng.choice(_ASKED).format(**places)] if rng.random() < 0.6 else []
        sentences = [*opening, body, rng.choice(_CLOSINGS).format(**places)]
    if rng.random() < 0.3:
        sentences.insert(rng.randint(0, len(sentences)), rng.choice(_DISTRACTORS))
    return " ".join(sentences)


def _say(step: Step, vague: bool, rng: random.Random) -> str:
    return step.say(rng.choice(step.operation.vague if vague else step.operation.phrases))


def _joined(phrases: Sequence[str], rng: random.Random) -> str:
    """Join the steps in one sentence or in several."""
    first, *others = phrases
    if not others:
        return _sentence(first)
    form = rng.randrange(4)
    if form == 0:
        return _sentence(", then ".join(phrases))
    if form == 1:
        return " ".join(
            f"{number}. {_sentence(phrase)}" for number, phrase in enumerate(phrases, 1)
        )
    if form == 2:
        between = [f"Then {phrase}." for phrase in others[:-1]]
        return " ".join([f"First {first}.", *between, f"Finally {others[-1]}."])
    return " ".join([_sentence(first), *(f"After that {phrase}." for phrase in others)])


def _sentence(phrase: str) -> str:
    return f"{phrase[0].upper()}{phrase[1:]}."
