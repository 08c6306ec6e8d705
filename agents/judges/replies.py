"""The forms of a judge's answers, and how they read where a model writes prose."""

import re
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field

from refinegraph.agents.structured_output import Reply

_MARKS = r"[^\w\n]{0,8}"
"""Bullets, colons, asterisks and blanks within a line."""
_NUMBER = r"(\d+(?:\.\d+)?)"
_SCORE = re.compile(rf"(?i)\b(?:score|rating|grade)[^\w-]{{0,5}}(?:is\s+)?{_NUMBER}")
_OF_TEN = re.compile(rf"{_NUMBER}\s*(?:/|out of)\s*10\b")
_STEP = re.compile(
    rf"(?im)^{_MARKS}step {_MARKS}\d+{_MARKS}(?:score{_MARKS}{_NUMBER}|{_NUMBER}\s?/\s?10\b)"
)
_YES_NO = re.compile(rf"(?im)^{_MARKS}(?:\d+{_MARKS})?(yes|no)\b")
_QUESTION = re.compile(rf"(?m)^{_MARKS}(?:\d+[.)]{_MARKS})?(\w.{{0,500}}\?){_MARKS}$")
_WINNER = re.compile(r"(?i)(?:winner|better|verdict)\W{0,5}(?:is\W+)?(?:solution\W+)?(A|B|tie)\b")
_ONLY_WINNER = re.compile(rf"(?i)\A{_MARKS}(?:solution )?(A|B|tie){_MARKS}\Z|\[\[(A|B|C)\]\]")

_ONLY_NUMBER = re.compile(rf"\A{_MARKS}(\d{{1,3}}){_MARKS}\Z")
_BEST = re.compile(
    r"(?i)\b(?:best|choice|choose|solution)\W{0,5}(?:is\W+)?(?:solution\W+)?(\d{1,3})\b"
)


def _number(value: object) -> object:
    """Read `7/10`, `7 out of 10` and `"7"` as 7."""
    if isinstance(value, bool):
        raise ValueError("a number from 0 to 10 is expected")
    if isinstance(value, str) and (found := re.match(rf"\s*{_NUMBER}", value)):
        return float(found[1])
    return value


def _yes(value: object) -> object:
    return "yes" if value is True else "no" if value is False else _lower(value)


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _letter(value: object) -> object:
    if not isinstance(value, str):
        return value
    bare = re.sub(r"(?i)solution|\W", "", value).upper()
    return "tie" if bare in ("TIE", "C", "BOTH", "NEITHER", "EQUAL") else bare


Points = Annotated[float, Field(ge=0, le=10), BeforeValidator(_number)]


class OutcomeReply(Reply):
    """A score of the whole solution, after the reason for it."""

    example: ClassVar[str] = '{"reason": "one sentence", "score": 7}'

    reason: str = ""
    score: Points

    @classmethod
    def from_prose(cls, text: str) -> Self | None:
        """Read the last `score: 7` or `7/10`."""
        found = _SCORE.findall(text) or _OF_TEN.findall(text)
        if not found or float(found[-1]) > 10:
            return None
        return cls(reason=text.strip(), score=float(found[-1]))


class StepsReply(Reply):
    """One score a step, in order."""

    example: ClassVar[str] = '{"reason": "one sentence", "steps": [9, 4]}'

    reason: str = ""
    steps: tuple[Points, ...]

    @classmethod
    def from_prose(cls, text: str) -> Self | None:
        """Read lines such as `Step 2: 4/10` or `Step 2: score 4`."""
        found = [float(scored or shared) for scored, shared in _STEP.findall(text)]
        if not found or max(found) > 10:
            return None
        return cls(reason=text.strip(), steps=tuple(found))


class ChecklistReply(Reply):
    """Questions that a right solution answers with yes."""

    example: ClassVar[str] = '{"questions": ["Is the sum computed correctly?"]}'

    questions: tuple[str, ...] = Field(min_length=1)

    @classmethod
    def from_prose(cls, text: str) -> Self | None:
        """Read a list of lines that end in a question mark."""
        found = tuple(_QUESTION.findall(text))
        return cls(questions=found) if found else None


class AnswersReply(Reply):
    """Yes or no to each question, in order."""

    example: ClassVar[str] = '{"answers": ["yes", "no"]}'

    answers: tuple[Annotated[Literal["yes", "no"], BeforeValidator(_yes)], ...]

    @classmethod
    def from_prose(cls, text: str) -> Self | None:
        """Read lines such as `1. YES`."""
        found = [each.lower() for each in _YES_NO.findall(text)]
        return cls.model_validate({"answers": found}) if found else None


class ComparisonReply(Reply):
    """Which of two solutions is better."""

    example: ClassVar[str] = '{"reason": "one sentence", "winner": "A"}'

    reason: str = ""
    winner: Annotated[Literal["A", "B", "tie"], BeforeValidator(_letter)]

    @classmethod
    def from_prose(cls, text: str) -> Self | None:
        """Read `A` alone, or the last `[[A]]` or `winner: A`."""
        only = ["".join(each) for each in _ONLY_WINNER.findall(text)]
        found = only or _WINNER.findall(text)
        return cls.model_validate({"reason": text.strip(), "winner": found[-1]}) if found else None


class ChoiceReply(Reply):
    """The number of the best of several solutions."""

    example: ClassVar[str] = '{"reason": "one sentence", "best": 2}'

    reason: str = ""
    best: int

    @classmethod
    def from_prose(cls, text: str) -> Self | None:
        """Read a number alone, or the last `best: 2` or `solution 2`."""
        found = _ONLY_NUMBER.findall(text) or _BEST.findall(text)
        return cls(reason=text.strip(), best=int(found[-1])) if found else None
