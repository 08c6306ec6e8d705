"""A simulated model that plays every role at known rates: Solver, Refiner, Reviewer and judge.

It solves nothing. A solution has three steps with a visible value each, so that a partial solution
can be right or wrong, and a scorer of steps has something to know. The form of a prompt decides
what is answered: a JSON schema asks for a judgement, `VERDICT:` for a review, the markers of an
edit for an edit, one solution for its revision, and several for the revision of one of them. A
prompt that asks for no answer gets a remark; every other one gets a solution.

The draws depend on the problem and on the solutions in the prompt, but not on its wording: whoever
asks for the first sample of a problem gets the same one. So strategies are compared on the same
draws, and an idea that lies in the wording of a prompt has no effect.
"""

import json
import random
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from langchain_core.messages import BaseMessage
from pydantic import Field

from refinegraph.agents.models import SimulatedChatModel, SimulatedRates
from refinegraph.agents.models.types import Choice, Completion, Sampling
from refinegraph.schema import Gold, LabelledProblem, Problem
from refinegraph.testing import FakeSandbox, SandboxRun

STEPS = 3
"""Steps of a solution: enough for searches to branch, few enough to stay cheap; a choice."""
VISIBLE = 3
"""Visible tests of a program."""
_PROBLEM = re.compile(r"Simulated (problem|program) (\d+)")
_ANSWER = re.compile(r"\\boxed\{(-?\d+)\}|return (-?\d+)$", re.MULTILINE)
_VALUE = re.compile(r"value (\d) is (-?\d+)\.|\\boxed\{(-?\d+)\}|return (-?\d+)$", re.MULTILINE)
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
_NUMBER = re.compile(r"program = (\d+)$", re.MULTILINE)
_EDIT = re.compile(r"^<{5,} ?SEARCH", re.MULTILINE)
_YES_NO = re.compile(r"\byes or (?:with )?no\b", re.IGNORECASE)
_REVIEWING = re.compile(r"VERDICT: (?:wrong|right)`?,? or")
_REFUSES = re.compile(
    r"do not (?:solve|write code|carry|answer)|without (?:code|carrying)|in two sentences"
    r"|(?:a few|at most \d+) (?:sentences|words)|^(?:list|describe|name|sum up|state) "
    r"|which (?:files|functions|further|part)|criticise|observations|copy the",
    re.IGNORECASE | re.MULTILINE,
)
_PROGRAM = re.compile(r"```python.*?```", re.DOTALL)
_COUNT = re.compile(r"in (\d+) steps|the (\d+) questions")
# Tokens of an answer by its form; a whole solution is the unit that the others are compared with.
_SOLUTION, _JUDGEMENT, _REVIEW, _EDITED = 200, 40, 80, 60
_REMARK = "It is simulated, and worth another look."
_QUESTION = "its answer?"


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


class SimulatedAgent(SimulatedChatModel):
    """Play every role at known rates, reproducibly for a seed."""

    rates: SimulatedRates = RoleRates()

    async def ask(
        self, messages: Sequence[BaseMessage], *, n: int, sampling: Sampling
    ) -> Completion:
        """Draw n answers."""
        prompt = "\n".join(str(message.content) for message in messages)
        choices = tuple(self._choice(prompt, sampling) for _ in range(n))
        return Completion(
            choices,
            prompt_tokens=(len(prompt) + len(sampling.prefix or "")) // 4,
            completion_tokens=sum(choice.tokens or 0 for choice in choices),
        )

    def _choice(self, prompt: str, sampling: Sampling) -> Choice:
        match = _PROBLEM.search(prompt)
        if match is None:
            return Choice(text=_REMARK, finish_reason="stop", tokens=_REVIEW)
        answers = tuple(int(a or b) for a, b in _ANSWER.findall(prompt[match.end() :]))
        shown = values_of(sampling.prefix or "")
        key = f"{self.seed} {match[2]} {answers} {shown} {sampling.json_schema or ''}"
        self._requests[key] += 1
        draw = random.Random(f"{key} {self._requests[key]}")
        code, number = match[1] == "program", int(match[2])
        statement = _statement(number, code=code)
        request = Request(prompt, number, code, statement, answers, draw)
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
        return self._remark(request) or self._solution(request)

    def _remark(self, request: Request) -> tuple[str, int] | None:
        """Return the answer to a prompt that asks for no solution; None for one that does."""
        asked = request.prompt.partition(_QUESTION)[2]
        if "CHOICE:" in asked:
            return f"CHOICE: {request.draw.choice(_MENU.findall(asked) or ['?'])}", _JUDGEMENT
        if "SCORE:" in asked:
            hard = 10 * (1 - self._chance(request.number)) + request.draw.gauss(0, 2)
            return f"SCORE: {min(10, max(1, round(hard)))}", _JUDGEMENT
        if _SAME_PROBLEM.search(asked.lower()):
            return request.statement, _JUDGEMENT
        asked = _PROGRAM.sub("", asked)
        # Prompts for answers say where to put them; prompts for programs say nothing of the kind.
        wants = request.code or not asked.strip() or bool(_ASKS.search(asked))
        return None if wants and not _REFUSES.search(asked) else (_REMARK, _REVIEW)

    def _solution(self, request: Request) -> tuple[str, int]:
        if _NEXT.search(request.prompt) and not request.answers:
            return self._rest(request, values_of(request.prompt))
        answer = self._revised(request) if request.answers else self._solved(request)
        return _written(request, answer, begun=0), _SOLUTION

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
        if request.code and prefix.count("```") < 2:
            return _cut(*self._rest_of_program(request, prefix), sampling)
        if request.code and prefix.rstrip().endswith("```"):
            return Choice(text="", finish_reason="stop", tokens=1)
        answers = tuple(values_of(prefix))
        if _ANSWER.search(prefix):
            answer = self._revised(request._replace(answers=answers[-1:]))
            text = "\n" * (not prefix.endswith("\n")) + _written(request, answer, begun=0)
            return _cut(text, _SOLUTION, sampling)
        rest, tokens = self._rest(request, answers)
        text = rest if prefix.endswith("\n") else "\n\n" + rest
        return _cut(text, tokens, sampling)

    def _rest_of_program(self, request: Request, prefix: str) -> tuple[str, int]:
        """Return the lines after those of the prefix; only the last line can be wrong."""
        whole = _written(request, self._solved(request), begun=0)
        done = prefix.rstrip("\n").count("\n") + 1
        rest = "\n".join(whole.splitlines()[done:])
        text = rest if prefix.endswith("\n") else f"\n{rest}"
        return text, _SOLUTION * len(rest) // len(whole)

    def _rest(self, request: Request, values: Sequence[int]) -> tuple[str, int]:
        """Return the steps after those that have the given values, and their tokens."""
        begun, right = min(len(values), STEPS - 1), right_answer(request.number)
        if values and values[-1] != right:
            answer = values[-1]
        else:
            # The chance of the steps that are left; all steps of a solution are equally hard.
            chance = self._chance(request.number) ** ((STEPS - begun) / STEPS)
            wrong = self._wrong(request.number, request.draw)
            answer = right if request.draw.random() < chance else wrong
        rest = _written(request, answer, begun=begun)
        return rest, _SOLUTION * (STEPS - begun) // STEPS

    def _edit(self, request: Request) -> str:
        before = self._last(request)
        after = self._revised(request)
        marks = "<<<<<<< SEARCH\n    return {}\n=======\n    return {}\n>>>>>>> REPLACE"
        return marks.format(before, after)

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
        count = next((int(a or b) for a, b in _COUNT.findall(request.prompt)), 2)
        looks = self._believes(request, self._last(request))
        values: dict[str, Any] = {
            "reason": "simulated",
            "score": request.draw.randint(6, 10) if looks else request.draw.randint(0, 5),
            "steps": self._steps(request, count),
            "winner": self._winner(request),
            "best": self._best(request),
            "questions": ["Is it right?", "Is it complete?"],
            "answers": ["yes" if looks else "no"] * count,
        }
        return {name: value for name, value in values.items() if name in wanted}

    def _steps(self, request: Request, count: int) -> list[int]:
        """Return a score of every step, of which those after an error are wrong."""
        values = [int(a or b or c) for _, a, b, c in _VALUE.findall(request.prompt)][-count:]
        values += values[-1:] * (count - len(values)) or [0] * (count - len(values))
        return [9 if self._believes(request, value) else 2 for value in values]

    def _winner(self, request: Request) -> str:
        first, second = (*request.answers[-2:], None, None)[:2]
        looks = [self._believes(request, answer) for answer in (first, second)]
        return "tie" if looks[0] == looks[1] else "A" if looks[0] else "B"

    def _best(self, request: Request) -> int:
        return request.answers.index(self._chosen(request)) + 1 if request.answers else 1


def agent_problems(count: int, *, code: bool) -> list[LabelledProblem]:
    """Return problems that a `SimulatedAgent` answers, as numbers or as programs."""
    return [_problem(number, code=code) for number in range(count)]


def number_of(problem: Problem) -> int | None:
    """Return the number of a simulated problem; None for one that a system wrote itself."""
    match = _PROBLEM.search(problem.prompt)
    return int(match[2]) if match else None


def right_answer(number: int) -> int:
    """Return the right answer of a problem."""
    return 1_000 + 37 * number


def values_of(text: str) -> list[int]:
    """Return the values of the steps of a solution; the last one is its answer, if it has one."""
    return [int(a or b or c) for _, a, b, c in _VALUE.findall(text)]


def _statement(number: int, *, code: bool) -> str:
    if code:
        return f"Simulated program {number}: write answer(case). What is {_QUESTION}"
    return f"Simulated problem {number}.\nWhat is {_QUESTION}"


def _problem(number: int, *, code: bool) -> LabelledProblem:
    if not code:
        problem = Problem(
            id=f"simulated/{number}", prompt=_statement(number, code=False), kind="math"
        )
        return LabelledProblem(problem=problem, gold=Gold(answer=str(right_answer(number))))
    tests = [f"assert answer({case}) == {right_answer(number)}" for case in range(VISIBLE + 1)]
    problem = Problem(
        id=f"simulated/{number}",
        prompt=_statement(number, code=True),
        kind="code",
        entry_point="answer",
        tests="\n".join(tests[:VISIBLE]),
    )
    return LabelledProblem(problem=problem, gold=Gold(tests=tests[VISIBLE]))


def simulated_sandbox(*, hidden: bool) -> FakeSandbox:
    """Return a sandbox for simulated programs, whose visible tests let one wrong answer pass.

    They pass programs that are wrong by 9, and two of three pass those that are wrong by 6 to 8.
    """

    def verdict(run: SandboxRun) -> bool | set[str]:
        number, answer = _NUMBER.search(run.source), _ANSWER.search(run.source)
        if not number or not answer:
            return False
        error = int(answer[2] or answer[1]) - right_answer(int(number[1]))
        if hidden or error in (0, 9):
            return error == 0 or not hidden
        return set(run.ids[: VISIBLE - 1]) if error >= 6 else False

    return FakeSandbox(verdict)


def _written(request: Request, answer: int, *, begun: int) -> str:
    """Return the steps of a solution from the first that is not begun; one of them goes wrong."""
    right = right_answer(request.number)
    if request.code:
        # Ten lines, from which on the Refiner asks for edits.
        notes = "\n".join(f"    note_{line} = {line}" for line in range(1, 8))
        head = f"def answer(case):\n    program = {request.number}"
        return f"```python\n{head}\n{notes}\n    return {answer}\n```"
    slip = request.draw.randint(begun + 1, STEPS) if answer != right else STEPS + 1
    values = [answer if step >= slip else right for step in range(1, STEPS)]
    steps = [f"Step {step}: value {step} is {value}." for step, value in enumerate(values, 1)]
    return "\n\n".join([*steps, f"Step {STEPS}: it is \\boxed{{{answer}}}."][begun:])


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
