"""Statements in sentences as people write them, with or without a name and examples."""

import random
from collections.abc import Sequence
from typing import NamedTuple

from refinegraph.embedded.tasks.noun_phrases import NOUN_PHRASES
from refinegraph.embedded.tasks.operation import Shape, Step
from refinegraph.embedded.tasks.synonyms import fill, widen


class Wording(NamedTuple):
    """The content of a statement."""

    steps: tuple[Step, ...]
    phrases: tuple[str, ...]
    """The vague phrase of every step; empty for a step that is stated explicitly."""
    name: str
    """The name of the function; empty if the statement does not mention it."""
    arguments: tuple[str, ...]
    """The names of the arguments; empty if the statement does not mention them."""


_WITH_NAME: dict[Shape, tuple[str, ...]] = {
    "numbers": (
        "~",
        "~",
        "the list ~",
        "the numbers in ~",
        "the integers in ~",
        "the elements of ~",
    ),
    "number": ("~", "~", "the number ~", "the integer ~"),
    "text": ("~", "~", "the string ~", "the text ~"),
    "words": ("~", "~", "the words in ~", "the strings in ~", "the list ~", "the words ~"),
    "table": ("~", "~", "the dictionary ~", "the dict ~"),
}
_WITHOUT_NAME: dict[Shape, tuple[str, ...]] = {
    "numbers": ("the list", "the numbers", "a list of numbers", "a list of integers", "the input",
                "the given list", "the given numbers", "a list", "some numbers"),
    "number": ("the number", "an integer", "a number", "the given number", "the input", "it"),
    "text": ("the string", "a string", "a text", "the given text", "the text", "the input"),
    "words": ("the words", "a list of words", "a list of strings", "the given words", "the list"),
    "table": ("the dictionary", "a dictionary", "the given dictionary", "the table"),
}  # fmt: skip
_KINDS: dict[Shape, tuple[str, ...]] = {
    "numbers": ("a list of integers", "a list of numbers", "some integers in a list", "a list"),
    "number": ("an integer", "a whole number", "a number"),
    "text": ("a string", "a text", "a piece of text"),
    "words": ("a list of words", "a list of strings", "some words in a list"),
    "table": (
        "a dictionary of integers",
        "a dictionary from words to numbers",
        "a table of counts",
    ),
    "flag": ("a boolean",),
}
_NOUN_NAMED = (
    "Write {call} that returns {np}.", "Write a function {call} that returns {np}.",
    "{call} returns {np}.", "{call} gives {np}.", "Implement {call} to return {np}.",
    "{call} should return {np}.", "Define {call} so that it returns {np}.",
    "Given {kind}, {call} returns {np}.", "Return {np} with {call}.",
        "Return {np}. Call it {call}.",
    "Write {call}. It returns {np}.", "{Np}: {call}.", "{call}: {np}", "Let {call} be {np}.",
    "Create a function {call} which computes {np}.", "Please write {call}, which gives {np}.",
    "{Np}. Name: {call}.", "What is {np}? Write {call}.", "I need {np}: {call}.",
    "Someone wants {np}. Write {call}.", "Make a function {call} that gives back {np}.",
    "Write a Python function {call} to find {np}.", "Given {kind}, return {np}: {call}.",
)  # fmt: skip
_NOUN_HEADLESS = (
    "Return {np}.", "Return {np}.", "Return {np}.", "Return {np}", "{Np}.", "{np}", "Give {np}.",
    "Compute {np}.", "Find {np}.", "What is {np}?", "Get {np}.", "Given {kind}, return {np}.",
    "Write a function that returns {np}.", "Write a function returning {np}.",
    "A function that returns {np}.", "I need {np}.", "Please return {np}.", "How do I get {np}?",
    "Calculate {np}.", "Output {np}.", "Write code for {np}.", "I want {np}.", "Show {np}.",
    "Write a Python function to return {np}.", "Can you give me {np}?", "Determine {np}.",
)  # fmt: skip
_NAMED = (
    "Write {call} for {kind}.", "{call} gets {kind}.", "Define {call}, where {first} is {kind}.",
    "Given {kind}, {call} works as follows.", "Write a function {call} that takes {kind}.",
    "Implement {call} on {kind}.", "Write {call}.", "Create {call}, which takes {kind}.",
    "The function {call} is given {kind}.", "{call}:", "Complete the function {call}.",
)  # fmt: skip
_OPENINGS = (
    "Take {kind}.", "There is {kind}.", "I have {kind}.", "The input is {kind}.", "", "", "",
    "You are given {kind}.", "Write a function on {kind}.", "Write a function.", "For {kind}:",
    "Given {kind}:", "Somebody has {kind}.",
)  # fmt: skip
_CLOSINGS = (
    "Call it {call}.", "Name: {call}.", "Write it as {call}.", "Function: {call}.", "Write {call}.",
    "{call}", "The function is {call}.", "Its name is {call}.",
)  # fmt: skip
_ASIDES = (
    "The input may be empty.", "Do not print anything.", "Speed does not matter.",
    "Use no imports.", "It is part of a weekly report.", "The caller checks the types.",
    "An older version had 2 mistakes.", "It is called about 7 times a day.", "Keep it short.",
    "Nobody needs more than 9 values.", "Thank you.", "This is for a game.", "It has to be quick.",
    "My teacher asked for this.", "We use it in a shop.", "Comments are not needed.",
)  # fmt: skip
_RESULTS = ("the result", "what is left", "that", "the outcome", "what you have then")
_NOUN_STEPS = 3
"""The maximum number of steps in one noun phrase; people do not write longer ones."""
_ASIDE_SHARE = 0.15
"""The share of statements with an irrelevant remark: a choice."""


def statement(wording: Wording, rng: random.Random) -> str:
    """Return a statement in English of what the function does."""
    stated = not any(wording.phrases)
    if stated and len(wording.steps) <= _NOUN_STEPS and rng.random() < 0.6:
        text = _in_one_phrase(wording, rng)
    else:
        text = _in_turn(wording, rng)
    if rng.random() < _ASIDE_SHARE:
        aside = rng.choice(_ASIDES)
        text = f"{text} {aside}" if rng.random() < 0.6 else f"{aside} {text}"
    return text


def noun_phrase(steps: Sequence[Step], base: str, rng: random.Random) -> str:
    """Return a noun phrase for the result of the steps, each of them nested in the next one."""
    phrase = base
    for step in steps:
        template = fill(rng.choice(NOUN_PHRASES[step.operation.name]), rng)
        phrase = _with_constant(step, template, rng).replace("~", phrase)
    return phrase


def imperative(step: Step, phrase: str, rng: random.Random) -> str:
    """Return a step as a command, in its vague phrase if it has one."""
    plain = phrase or rng.choice(step.operation.phrases)
    return _with_constant(step, fill(widen(plain, step.operation.takes), rng), rng)


def _with_constant(step: Step, phrase: str, rng: random.Random) -> str:
    command = step.say(phrase)
    if isinstance(step.constant, str) and "'" in command and rng.random() < 0.25:
        return command.replace(f"{step.constant!r}", f'"{step.constant}"')
    return command


def _in_one_phrase(wording: Wording, rng: random.Random) -> str:
    np = noun_phrase(wording.steps, _base(wording, rng), rng)
    frames = _NOUN_NAMED if wording.name else _NOUN_HEADLESS
    frame = rng.choice(frames)
    if "What is" in frame and np.startswith(("how", "whether", "what", "where", "'")):
        frame = frame.replace("What is {np}?", "{Np}?")
    sentence = frame.format(np=np, Np=_capital(np), **_places(wording, rng))
    return (
        sentence
        if wording.name and frame.startswith("{call}")
        else _capital_or_terse(sentence, rng)
    )


def _capital_or_terse(sentence: str, rng: random.Random) -> str:
    return sentence if rng.random() < 0.1 else _capital(sentence)


def _base(wording: Wording, rng: random.Random) -> str:
    takes = wording.steps[0].operation.takes
    if wording.arguments:
        return rng.choice(_WITH_NAME[takes]).replace("~", wording.arguments[0])
    return rng.choice(_WITHOUT_NAME[takes])


def _places(wording: Wording, rng: random.Random) -> dict[str, str]:
    kind = rng.choice(_KINDS[wording.steps[0].operation.takes])
    first = wording.arguments[0] if wording.arguments else ""
    if first and not wording.name and rng.random() < 0.7:
        kind = f"{kind} {first}"
    call = f"{wording.name}({', '.join(wording.arguments)})" if wording.arguments else wording.name
    return {"call": call, "kind": kind, "first": first or "the argument"}


def _in_turn(wording: Wording, rng: random.Random) -> str:
    """Return the steps as commands, sometimes with a noun phrase for the last ones."""
    places = _places(wording, rng)
    body = _commands(wording, rng)
    if not wording.name:
        return _capital(f"{rng.choice(_OPENINGS).format(**places)} {body}".strip())
    if rng.random() < 0.6:
        return f"{rng.choice(_NAMED).format(**places)} {body}"
    opening = rng.choice(_OPENINGS).format(**places)
    return f"{opening} {body} {rng.choice(_CLOSINGS).format(**places)}".strip()


def _commands(wording: Wording, rng: random.Random) -> str:
    steps, phrases = list(wording.steps), list(wording.phrases)
    ending = 0
    if len(steps) > 1 and rng.random() < 0.35:
        ending = next((n for n, phrase in enumerate(reversed(phrases)) if phrase), len(steps) - 1)
        ending = min(ending, len(steps) - 1, rng.choice((1, 1, 2)))
    first = len(steps) - ending
    commands = [imperative(*pair, rng) for pair in zip(steps[:first], phrases[:first], strict=True)]
    if wording.arguments and rng.random() < 0.3:
        commands[0] = f"{commands[0]} {rng.choice(('of', 'in', 'from'))} {wording.arguments[0]}"
    if ending:
        commands.append(f"return {noun_phrase(steps[first:], rng.choice(_RESULTS), rng)}")
    elif rng.random() < 0.15:
        commands.append(rng.choice(("return the result", "return that", "give back the result")))
    return _joined(commands, rng)


def _joined(commands: Sequence[str], rng: random.Random) -> str:
    """Join the steps in one sentence, in several, or in a numbered list."""
    first, *others = commands
    if not others:
        return _sentence(first)
    match rng.randrange(7):
        case 0:
            return _sentence(", then ".join(commands))
        case 1:
            return " ".join(
                f"{number}. {_sentence(step)}" for number, step in enumerate(commands, 1)
            )
        case 2:
            between = [f"Then {step}." for step in others[:-1]]
            return " ".join([f"First {first}.", *between, f"Finally {others[-1]}."])
        case 3:
            return " ".join([_sentence(first), *(f"After that {step}." for step in others)])
        case 4:
            return " ".join(map(_sentence, commands))
        case 5:
            return _sentence(f"{', '.join(commands[:-1])} and {commands[-1]}")
        case _:
            words = ("Next", "Then", "Afterwards", "Now")
            return " ".join(
                [_sentence(first), *(f"{rng.choice(words)}, {step}." for step in others)]
            )


def _sentence(phrase: str) -> str:
    return f"{_capital(phrase)}."


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
