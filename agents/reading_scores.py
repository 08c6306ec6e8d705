"""Read scores out of what a model wrote, however far it is from what was asked for."""

import json
import re
from typing import Any

_OBJECT = re.compile(r"\{.*\}", re.DOTALL)
_SCORE = re.compile(r"score\W{0,5}(\d+(?:\.\d+)?)\s*(?:/\s*10)?", re.IGNORECASE)
_OUT_OF_TEN = re.compile(r"(\d+(?:\.\d+)?)\s*/\s*10\b")
_ANSWER = re.compile(r"^\W*(\d+)\W+.*?\b(YES|NO)\b", re.IGNORECASE | re.MULTILINE)


def read_score(text: str) -> float | None:
    """Return a score out of ten as a share, from JSON or from prose; None where there is none.

    >>> read_score('```json\\n{"reason": "fine", "score": 7}\\n```')
    0.7
    >>> read_score("I would say 8/10.")
    0.8
    """
    value = _json_field(text, "score")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _share(float(value))
    found = _SCORE.search(text) or _OUT_OF_TEN.search(text)
    return _share(float(found[1])) if found else None


def read_step_scores(text: str, *, count: int) -> tuple[float, ...] | None:
    """Return one share a step, from JSON or from `n/10` in order; None unless there are `count`.

    >>> read_step_scores('{"steps": [10, 2]}', count=2)
    (1.0, 0.2)
    """
    listed = _json_field(text, "steps")
    found: list[Any] = listed if isinstance(listed, list) else _OUT_OF_TEN.findall(text)  # pyright: ignore
    try:
        values = [_share(float(each)) for each in found]
    except (TypeError, ValueError):
        return None
    kept = tuple(each for each in values if each is not None)
    return kept if len(kept) == count == len(values) else None


def read_answers(text: str) -> dict[int, bool]:
    """Return the numbered YES and NO answers in a text.

    >>> read_answers("1. YES\\n2: no, it does not")
    {1: True, 2: False}
    """
    return {int(number): said.upper() == "YES" for number, said in _ANSWER.findall(text)}


def read_reason(text: str) -> str:
    """Return the reason that a judge gave, or the beginning of what it wrote."""
    value = _json_field(text, "reason")
    return (value if isinstance(value, str) else text.strip())[:300]


def _json_field(text: str, name: str) -> object:
    found = _OBJECT.search(text)
    try:
        told: object = json.loads(found[0]) if found else None
    except (ValueError, RecursionError):
        return None
    return told.get(name) if isinstance(told, dict) else None  # pyright: ignore


def _share(value: float) -> float | None:
    return value / 10 if 0 <= value <= 10 else None
