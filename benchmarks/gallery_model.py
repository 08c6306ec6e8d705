"""A simulated model that plays every role at known rates: Solver, Refiner, Reviewer and judge.

It solves nothing. The form of a prompt decides what is answered: a JSON schema asks for a
judgement, `VERDICT:` for a review, `Action:` for one step of an episode, the markers of an edit for
an edit, a text to continue for its rest, one solution for its revision, and several for the
revision of one of them. A prompt that asks for no answer gets a remark; every other one gets a
solution.

The draws depend on the problem and on the solutions in the prompt, but not on its wording: whoever
asks for the first sample of a problem gets the same one. So strategies are compared on the same
draws, and an idea that lies in the wording of a prompt has no effect.
"""

import contextlib
import json
import random
import re
from collections import Counter
from collections.abc import Generator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from string import ascii_letters
from typing import Any, NamedTuple

from gallery_problems import (
    ANSWER,
    PROBLEM,
    QUESTION,
    STEPS,
    rest_of,
    right_answer,
    statement,
    values_of,
    way_of,
    written,
)
from langchain_core.messages import BaseMessage
from pydantic import Field

from refinegraph.agents.models import SimulatedChatModel, SimulatedRates
from refinegraph.agents.models.types import Choice, Completion, Sampling

_ASKS = re.compile(
    r"\\boxed\{\}|```python|fenced|final (?:answer|response)|the answer"
    r"|next (?:step|sentence|thought)"
    r"|optimized response|output fields|implement the solution|solve this problem|in place of this",
    re.IGNORECASE,
)
_NEXT = re.compile(r"next (?:step|sentence|thought)", re.IGNORECASE)
_SAME_PROBLEM = re.compile(r"write the task again|same problem in other words|other wordings")
_MENU = re.compile(r"^- ([\w ]+): ", re.MULTILINE)
_PROPOSED = re.compile(r"Proposed answer: (-?\d+)")
_EDIT = re.compile(r"^<{5,} ?SEARCH", re.MULTILINE)
_YES_NO = re.compile(r"\byes or (?:with )?no\b", re.IGNORECASE)
_REVIEWING = re.compile(r"VERDICT: (?:wrong|right)`?,? or")
_REFUSES = re.compile(
    r"do not (?:solve|write code|carry|answer)|without (?:code|carrying)|in two sentences"
    r"|(?:a few|at most \d+) (?:sentences|words)|^(?:list|describe|name|sum up|state) "
    r"|which (?:files|functions|further|part)|criticise|observations|copy the",
    re.IGNORECASE | re.MULTILINE,
)
_FORMAT = re.compile(r"in \\boxed\{\}|one fenced Python block")
_DIGEST = re.compile(r"sum up|summary|distil|compare", re.IGNORECASE)
_PROGRAM = re.compile(r"```python.*?```", re.DOTALL)
_QUESTIONS = re.compile(r"the (\d+) questions")
_LINE = re.compile(r"^    (?:value_\d =|return) -?\d+$", re.MULTILINE)
_NOTE = re.compile(r"^    note_3 = .+$", re.MULTILINE)
_NUMBERED = re.compile(r"^\[\d+\] ", re.MULTILINE)
_ACTION = "one action on a line that begins with `Action:` and stop."
_GO_ON = re.compile(r"^- ([\w ]+): .*next step|^- (stop): ", re.MULTILINE)
# Tokens of an answer by its form; a whole solution is the unit that the others are compared with.
_SOLUTION, _JUDGEMENT, _REVIEW, _EDITED = 200, 40, 80, 60
# Draws until one continues the given text: a choice.
_TRIES = 20
_REMARK = "It is simulated, and worth another look."


@dataclass
class Spoken:
    """What a simulated model answered."""

    answers: int = 0
    remarks: int = 0
    """Answers that say nothing, because the prompt asked for something in words."""


_SPOKEN: ContextVar[Spoken | None] = ContextVar("spoken", default=None)


@contextlib.contextmanager
def count_remarks() -> Generator[Spoken]:
    """Count the answers of all simulated models inside the block, also in tasks begun there."""
    spoken = Spoken()
    token = _SPOKEN.set(spoken)
    try:
        yield spoken
    finally:
        _SPOKEN.reset(token)


class RoleRates(SimulatedRates):
    """The rates of all roles."""

    judge: float = Field(default=0.75, ge=0.5, le=1)
    """Rate at which a judgement of one solution is right."""


class Request(NamedTuple):
    """What a prompt asks for."""

    prompt: str
    number: int
    code: bool
    statement: str
    answers: tuple[int, ...]
    """The answers of the solutions that stand in the prompt, in order."""
    draw: random.Random
    way: str
    """The wording of a new solution."""


class SimulatedAgent(SimulatedChatModel):
    """Play every role at known rates, reproducibly for a seed."""

    rates: SimulatedRates = RoleRates()

    async def ask(
        self, messages: Sequence[BaseMessage], *, n: int, sampling: Sampling
    ) -> Completion:
        """Draw n answers."""
        prompt = "\n".join(str(message.content) for message in messages)
        choices = tuple(self._choice(prompt, sampling) for _ in range(n))
        if spoken := _SPOKEN.get():
            spoken.answers += n
            spoken.remarks += sum(choice.text == _REMARK for choice in choices)
        return Completion(
            choices,
            prompt_tokens=(len(prompt) + len(sampling.prefix or "")) // 4,
            completion_tokens=sum(choice.tokens or 0 for choice in choices),
        )

    def _choice(self, prompt: str, sampling: Sampling) -> Choice:
        match = PROBLEM.search(prompt)
        if match is None:
            return Choice(text=_REMARK, finish_reason="stop", tokens=_REVIEW)
        answers = tuple(int(a or b) for a, b in ANSWER.findall(prompt[match.end() :]))
        shown = values_of(sampling.prefix or "")
        key = f"{self.seed} {match[2]} {answers} {shown} {sampling.json_schema or ''}"
        self._requests[key] += 1
        draw = random.Random(f"{key} {self._requests[key]}")
        way = random.Random(f"{key} {self._requests[key]} way").choice(ascii_letters)
        code, number = match[1] == "program", int(match[2])
        text = statement(number, code=code)
        request = Request(prompt, number, code, text, answers, draw, way)
        if sampling.prefix:
            return self._continued(request, sampling)
        text, tokens = self._reply(request, sampling.json_schema)
        return _cut(text, tokens, sampling)

    def _reply(self, request: Request, schema: str | None) -> tuple[str, int]:
        if schema:
            return json.dumps(self._judgement(request, schema)), _JUDGEMENT
        if _REVIEWING.search(request.prompt):
            verdict = "right" if self._believes(request, self._last(request)) else "wrong"
            return f"VERDICT: {verdict}\nSTEP: Step 2\nWHY: simulated\nCHANGE: simulated", _REVIEW
        if request.answers and _EDIT.search(request.prompt):
            return self._edit(request), _EDITED
        if _YES_NO.search(request.prompt[-300:]):
            return "Yes" if self._believes(request, self._last(request)) else "No", 1
        if proposed := _PROPOSED.search(request.prompt):
            return str(self._believes(request, int(proposed[1]))), 1
        if _ACTION in request.prompt:
            return self._action(request)
        return self._remark(request) or self._solution(request)

    def _action(self, request: Request) -> tuple[str, int]:
        """Return the next step of an episode with its action, or the score of what it judges."""
        before, _, episode = request.prompt.rpartition(_ACTION)
        if "finish[SCORE]" in before:
            looks = self._believes(request, self._last(request))
            return f"It is checked.\nAction: finish[{9 if looks else 2}]", _JUDGEMENT
        given = values_of(episode)
        value = self._drawn(request, given)[min(len(given), STEPS - 1)]
        step = len(given) + 1
        if step < STEPS:
            text = f"Step {step}: value {step} is {value}.\nAction: print({value})"
        else:
            text = f"Step {STEPS}: it is \\boxed{{{value}}}.\nAction: finish[{value}]"
        return text, _SOLUTION // STEPS

    def _remark(self, request: Request) -> tuple[str, int] | None:
        """Return the answer to a prompt that asks for no solution; None for one that does."""
        asked = request.prompt.partition(QUESTION)[2]
        if "CHOICE:" in asked:
            return f"CHOICE: {self._choose(request, asked)}", _JUDGEMENT
        if "SCORE:" in asked:
            hard = 10 * (1 - self._chance(request.number)) + request.draw.gauss(0, 2)
            return f"SCORE: {min(10, max(1, round(hard)))}", _JUDGEMENT
        if _SAME_PROBLEM.search(asked.lower()):
            return request.statement, _JUDGEMENT
        asked = _PROGRAM.sub("", asked)
        # Prompts for answers say where to put them; prompts for programs say nothing of the kind.
        wants = request.code or not asked.strip() or bool(_ASKS.search(asked))
        if _FORMAT.search(asked) or (wants and not _REFUSES.search(asked)):
            return None
        digest = len(request.answers) > 1 and _DIGEST.search(asked)
        return (self._digest(request) if digest else _REMARK), _REVIEW

    def _digest(self, request: Request) -> str:
        """Return which answer several solutions point to."""
        answer = self._chosen(request)
        end = f"    return {answer}" if request.code else f"\\boxed{{{answer}}}"
        return f"The solutions point to this:\n{end}"

    def _choose(self, request: Request, asked: str) -> str:
        """Return an item of a menu: to go on if what is shown looks right, otherwise any."""
        names, value = _MENU.findall(asked) or ["?"], self._last(request)
        goes_on = [name or stop for name, stop in _GO_ON.findall(asked)]
        if value is None or not goes_on:
            return str(request.draw.choice(names))
        others = [name for name in names if name not in goes_on] or names
        return goes_on[-1] if self._believes(request, value) else str(request.draw.choice(others))

    def _solution(self, request: Request) -> tuple[str, int]:
        if _NEXT.search(request.prompt) and not request.answers:
            return self._rest(request, values_of(request.prompt))
        answer = self._revised(request) if request.answers else self._solved(request)
        return self._written(request, answer), _SOLUTION

    # Solutions

    def _solved(self, request: Request) -> int:
        """Return the answer of a new solution, whose steps are equally likely to go wrong."""
        right = request.draw.random() < self._chance(request.number)
        return right_answer(request.number) if right else self._wrong(request.number, request.draw)

    def _revised(self, request: Request) -> int:
        """Return the answer after one of the solutions in the prompt was chosen and revised."""
        before = self._chosen(request)
        right = right_answer(request.number)
        rates, draw = self.rates, request.draw.random()
        if before == right:
            return self._wrong(request.number, request.draw) if draw < rates.damage else right
        return right if draw < self._fix(request.number) else before

    def _fix(self, number: int) -> float:
        """Return the rate of a repair: hard problems are as hard for the Refiner."""
        return min(1.0, self.rates.fix * self._chance(number) / max(self.rates.accuracy, 1e-9))

    def _chosen(self, request: Request) -> int:
        """Return one of the answers in the prompt, by votes and by how right they look."""
        odds = _odds(self.rates)
        right = right_answer(request.number)
        votes = Counter(request.answers)
        weights = [count * (odds if answer == right else 1.0) for answer, count in votes.items()]
        return request.draw.choices(list(votes), weights)[0]

    def _continued(self, request: Request, sampling: Sampling) -> Choice:
        """Return the rest of a solution: an error in the given part stays, a new one may come."""
        prefix = sampling.prefix or ""
        if request.code and prefix.count("```") > 1 and prefix.rstrip().endswith("```"):
            return Choice(text="", finish_reason="stop", tokens=1)
        given = values_of(prefix)
        # A text that ends within a number can be continued by some draws alone.
        for _ in range(_TRIES):
            whole = _text(request, self._drawn(request, given), prefix)
            rest = rest_of(whole, prefix)
            if rest and rest.strip():
                return _cut(rest, _SOLUTION * len(rest) // len(whole), sampling)
        between = "\n\n"[len(prefix) - len(prefix.rstrip("\n")) :]
        if ANSWER.search(prefix):
            answer = self._revised(request._replace(answers=tuple(given[-1:])))
            return _cut(between[:1] + self._written(request, answer), _SOLUTION, sampling)
        rest, tokens = self._rest(request, given)
        return _cut(between + rest, tokens, sampling)

    def _rest(self, request: Request, given: Sequence[int]) -> tuple[str, int]:
        """Return the steps after those that have the given values, and their tokens."""
        whole = _text(request, self._drawn(request, given))
        begun = 0 if request.code else min(len(given), STEPS - 1)
        rest = "\n\n".join(whole.split("\n\n")[begun:])
        return rest, _SOLUTION * (STEPS - begun) // STEPS

    def _drawn(self, request: Request, given: Sequence[int]) -> list[int]:
        """Return the values of all steps; after an error, all of them are wrong."""
        right = right_answer(request.number)
        if len(given) >= STEPS:
            return [*given[: STEPS - 1], given[-1]]
        if given and given[-1] != right:
            return [*given, *[given[-1]] * (STEPS - len(given))]
        # The chance of the steps that are left; all steps of a solution are equally hard.
        chance = self._chance(request.number) ** ((STEPS - len(given)) / STEPS)
        wrong = self._wrong(request.number, request.draw)
        answer = right if request.draw.random() < chance else wrong
        return [*given, *_values(request, answer)[len(given) :]]

    def _written(self, request: Request, answer: int) -> str:
        """Return a whole solution with an answer; one of its steps goes wrong if it is wrong."""
        return _text(request, _values(request, answer))

    def _edit(self, request: Request) -> str:
        """Return edits of all lines that have the answer's value, or of a line without effect."""
        before, after = request.answers[-1], self._revised(request)
        lines = [line for line in _LINE.findall(request.prompt) if line.endswith(f" {before}")]
        wrong = before != right_answer(request.number)
        edited = dict.fromkeys(lines if wrong else lines[-1:])
        if before == after:
            edited, after = dict.fromkeys(_NOTE.findall(request.prompt)[-1:]), request.draw.random()
        return "\n".join(
            f"<<<<<<< SEARCH\n{line}\n=======\n{line.rpartition(' ')[0]} {after}\n>>>>>>> REPLACE"
            for line in edited
        )

    # Judgements

    def _last(self, request: Request) -> int | None:
        """Return the last value in the prompt, which may be that of an unfinished solution."""
        values = values_of(request.prompt)
        return values[-1] if values else None

    def _believes(self, request: Request, answer: int | None) -> bool:
        """Return whether a solution looks right: half of the errors recur whenever it is judged."""
        truth = answer == right_answer(request.number)
        own = random.Random(f"{self.seed} looks {request.number} {answer}")
        source = own if request.draw.random() < 0.5 else request.draw
        return truth == (source.random() < _judge(self.rates))

    def _judgement(self, request: Request, schema: str) -> dict[str, Any]:
        wanted: dict[str, Any] = json.loads(schema)["properties"]
        count = next(map(int, _QUESTIONS.findall(request.prompt)), 2)
        looks = self._believes(request, self._last(request))
        values: dict[str, Any] = {
            "reason": "simulated",
            "score": request.draw.randint(6, 10) if looks else request.draw.randint(0, 5),
            "steps": self._steps(request),
            "winner": self._winner(request),
            "best": self._best(request),
            "questions": ["Is it right?", "Is it complete?"],
            "answers": ["yes" if looks else "no"] * count,
        }
        return {name: value for name, value in values.items() if name in wanted}

    def _steps(self, request: Request) -> list[int]:
        """Return a score of every numbered step; one without a value looks like the one before."""
        scores, value = list[int](), right_answer(request.number)
        for step in _NUMBERED.split(request.prompt)[1:]:
            value = (values_of(step) or [value])[-1]
            scores.append(9 if self._believes(request, value) else 2)
        return scores

    def _winner(self, request: Request) -> str:
        first, second = (*request.answers[-2:], None, None)[:2]
        looks = [self._believes(request, answer) for answer in (first, second)]
        return "tie" if looks[0] == looks[1] else "A" if looks[0] else "B"

    def _best(self, request: Request) -> int:
        return request.answers.index(self._chosen(request)) + 1 if request.answers else 1


def _text(request: Request, values: Sequence[int], prefix: str = "") -> str:
    """Return a solution with these values, in the wording of a prefix that has begun it."""
    way = way_of(prefix) or request.way
    return written(request.number, values, way=way, code=request.code)


def _values(request: Request, answer: int) -> list[int]:
    """Return the values of the steps of a solution with an answer; a random step errs first."""
    right = right_answer(request.number)
    slip = STEPS if answer == right else request.draw.randint(1, STEPS)
    return [answer if step >= slip else right for step in range(1, STEPS + 1)]


def _cut(text: str, tokens: int, sampling: Sampling) -> Choice:
    """Return an answer up to its limit or its first stop text, with its share of the tokens."""
    ends = {text.find(stop): stop for stop in sampling.stop if stop in text}
    length = min(ends, default=len(text))
    if sampling.max_tokens and sampling.max_tokens < tokens * length / max(len(text), 1):
        kept = text[: max(1, len(text) * sampling.max_tokens // tokens)]
        return Choice(text=kept, finish_reason="length", tokens=sampling.max_tokens)
    used = max(1, round(tokens * length / max(len(text), 1)))
    return Choice(text=text[:length], finish_reason="stop", tokens=used)


def _judge(rates: SimulatedRates) -> float:
    return rates.judge if isinstance(rates, RoleRates) else 0.5


def _odds(rates: SimulatedRates) -> float:
    """Return how many times likelier a right answer is chosen than a wrong one."""
    judge = min(_judge(rates), 0.999)
    return judge / (1 - judge)
