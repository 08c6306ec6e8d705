"""The answer to a request: its texts, their tokens, and the result of the run behind each."""

from typing import NamedTuple

from refinegraph.runs.report import UsageReport, usage_report
from refinegraph.schema import Frozen, RefinementResult, Usage
from refinegraph.wording import outcome_word, outcome_words


class RunNote(Frozen):
    """The field `refinegraph` of an answer: the run behind it."""

    run_id: str
    verdict: str
    """`proved`, `refuted`, `unverified` or `no answer`."""
    solved: bool | None
    evidence: str
    """The verdict as a clause: which tests passed, or why nothing could be checked."""
    stop_reason: str
    """The rule that ended the run, as one word."""
    detail: str
    """What the rule observed."""
    strategy: str
    rounds: int
    candidates: int
    usage: UsageReport
    page: str | None = None
    """The address of the page of the run; None if it is not kept."""
    ignored: tuple[str, ...] = ()
    """Fields of the request that had no effect."""


class ServedChoice(NamedTuple):
    """One answer."""

    content: str
    finish_reason: str = "stop"
    reasoning: str = ""
    run: RunNote | None = None
    """None if the model answered without a strategy."""


class ServedAnswer(NamedTuple):
    """The answers to one request and their total cost."""

    choices: tuple[ServedChoice, ...]
    usage: Usage


def run_note(
    run_id: str, result: RefinementResult, *, page: str | None, ignored: tuple[str, ...]
) -> RunNote:
    """Return the part of a result that a client is sent."""
    return RunNote(
        run_id=run_id,
        verdict=outcome_word(result),
        solved=result.solved,
        evidence=outcome_words(result),
        stop_reason=result.stop_reason.rule,
        detail=result.stop_reason.detail,
        strategy=result.strategy,
        rounds=result.rounds,
        candidates=len(result.candidates),
        usage=usage_report(result.usage),
        page=page,
        ignored=ignored,
    )


def content_of(result: RefinementResult, *, kind: str, whole_text: bool) -> str:
    """Return the answer as a message: a program in a fence, other answers as they were written.

    With `whole_text` a program comes with all that its model wrote round it. Where no candidate is
    usable, the message is what the model wrote first, such as a question or an apology.
    """
    if result.answer is None:
        return first_text(result)
    chosen, answer = result.chosen, result.answer
    if chosen is not None and (whole_text or kind != "code"):
        return chosen.text
    return fenced(answer) if kind == "code" else answer


def first_text(result: RefinementResult) -> str:
    """Return the text of the first candidate that has one; empty if there is none."""
    return next((one.text for one in result.candidates if one.text.strip()), "")


def fenced(program: str) -> str:
    """Return a program as Markdown, in a fence that it cannot close.

    >>> print(fenced("x = 1"))
    ```python
    x = 1
    ```
    """
    fence = "```"
    while fence in program:
        fence += "`"
    return f"{fence}python\n{program.strip(chr(10))}\n{fence}"


def cut_at(text: str, stops: tuple[str, ...]) -> str:
    """Return a text up to the first of the stop texts.

    >>> cut_at("one two three", (" t",))
    'one'
    """
    ends = [text.find(stop) for stop in stops if stop and stop in text]
    return text[: min(ends)] if ends else text
