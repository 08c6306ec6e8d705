"""Structured replies of judges, and parsers for judges that answer in prose."""

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
    """Read `7/10`, `7 out of 10` and `"7"` as 7; pydantic validates anything else."""
    if isinstance(value, bool):
        raise ValueError("a number from 0 to 10 is expected")
    if isinstance(value, str) and (match := re.match(rf"\s*{_NUMBER}", value)):
        return float(match[1])
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
    """A score for the whole solution, preceded by its reason."""

    example: ClassVar[str] = '{"reason": "one sentence", "score": 7}'

    reason: str = ""
    score: Points

    @classmethod
    def from_prose(cls, text: str) -> Self | None:
        """Read the last `score: 7` or `7/10`."""
        scores = _SCORE.findall(text) or _OF_TEN.findall(text)
        if not scores or float(scores[-1]) > 10:
            return None
        return cls(reason=text.strip(), score=float(scores[-1]))


class StepsReply(Reply):
    """One score per step, in order."""

    example: ClassVar[str] = '{"reason": "one sentence", "steps": [9, 4]}'

    reason: str = ""
    steps: tuple[Points, ...]

    @classmethod
    def from_prose(cls, text: str) -> Self | None:
        """Read lines such as `Step 2: 4/10` or `Step 2: score 4`."""
        scores = [float(scored or shared) for scored, shared in _STEP.findall(text)]
        if not scores or max(scores) > 10:
            return None
        return cls(reason=text.strip(), steps=tuple(scores))


class ChecklistReply(Reply):
    """Questions that a correct solution answers with yes."""

    example: ClassVar[str] = '{"questions": ["Is the sum computed correctly?"]}'

    questions: tuple[str, ...] = Field(min_length=1)

    @classmethod
    def from_prose(cls, text: str) -> Self | None:
        """Read the lines that end in a question mark."""
        questions = tuple(_QUESTION.findall(text))
        return cls(questions=questions) if questions else None


class AnswersReply(Reply):
    """Yes or no to each question, in order."""

    example: ClassVar[str] = '{"answers": ["yes", "no"]}'

    answers: tuple[Annotated[Literal["yes", "no"], BeforeValidator(_yes)], ...]

    @classmethod
    def from_prose(cls, text: str) -> Self | None:
        """Read lines such as `1. YES`."""
        answers = [answer.lower() for answer in _YES_NO.findall(text)]
        return cls.model_validate({"answers": answers}) if answers else None


class ComparisonReply(Reply):
    """Which of two solutions is better."""

    example: ClassVar[str] = '{"reason": "one sentence", "winner": "A"}'

    reason: str = ""
    winner: Annotated[Literal["A", "B", "tie"], BeforeValidator(_letter)]

    @classmethod
    def from_prose(cls, text: str) -> Self | None:
        """Read a lone `A`, or the last `[[A]]` or `winner: A`."""
        only = ["".join(groups) for groups in _ONLY_WINNER.findall(text)]
        winners = only or _WINNER.findall(text)
        if not winners:
            return None
        return cls.model_validate({"reason": text.strip(), "winner": winners[-1]})


class ChoiceReply(Reply):
    """The number of the best of several solutions."""

    example: ClassVar[str] = '{"reason": "one sentence", "best": 2}'

    reason: str = ""
    best: int

    @classmethod
    def from_prose(cls, text: str) -> Self | None:
        """Read a lone number, or the last `best: 2` or `solution 2`."""
        numbers = _ONLY_NUMBER.findall(text) or _BEST.findall(text)
        return cls(reason=text.strip(), best=int(numbers[-1])) if numbers else None
