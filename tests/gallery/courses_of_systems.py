"""The course that each system takes with the same noise instead of models.

python tests/gallery/courses_of_systems.py    # rewrite the courses after a wanted change
"""

import asyncio
import hashlib
import random
import re
from collections.abc import Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from gallery_runs import PROGRAM, QUESTION, RIGHT, WRONG, Doors
from langchain_core.messages import BaseMessage
from langgraph.store.memory import InMemoryStore

from refinegraph.agents.memory import StoreMemory
from refinegraph.agents.models import Choice, Sampling, ScriptedChatModel, TokenLogprob, TopLogprob
from refinegraph.graphs.strategies import (
    STRATEGIES,
    Plan,
    build_strategy,
    find_strategy,
    gallery_names,
)
from refinegraph.schema import (
    Candidate,
    CaseOutcome,
    Gold,
    Isolation,
    Kind,
    LabelledProblem,
    Note,
    Problem,
    RefinementResult,
    Score,
    Verdict,
    VisibleTest,
)

COURSES = Path(__file__).with_name("courses.txt")
DIGESTS = Path(__file__).with_name("digests_of_courses.txt")
MARK = "It is a sum."
"""Stands in each answer of the noise, so that prompts show how many of them they quote."""
MOST = 40
"""Lines of a course; what a long search does shows in its first ones and in its choice."""
EXAMPLES = tuple(
    LabelledProblem(Problem(prompt=f"What is {n} + 2?", kind="math"), Gold(answer=str(n + 2)))
    for n in (1, 3, 5)
)
OFFERED = re.compile(r"(?m)^- ([a-z][\w ]{1,20}): |`([a-z]\w*(?:\[[^`\n]*\])?)`")
ROLES = ("reviewer", "refiner", "tester")


class Situation(NamedTuple):
    """The sizes of a plan, whether each role has a model of its own, and the seed of the noise.

    Fluent noise chooses among what the prompt offers: the items of a list, or words in backquotes.
    """

    seed: int
    samples: int | None = None
    rounds: int | None = None
    one_model: bool = True
    kind: Kind = "math"
    fluent: bool = False


SITUATIONS = {
    "by default": Situation(1),
    "with 3 samples, 2 rounds and 4 models": Situation(2, 3, 2, one_model=False),
    "with 4 models": Situation(3, one_model=False),
}
OTHER_NOISE = (
    Situation(11, rounds=3, fluent=True),
    Situation(12, samples=4, rounds=6, one_model=False),
)
"""Situations whose courses are kept as digests, in full length."""
TESTED = PROGRAM.model_copy(
    update={"tests": "assert half(4) == 2\nassert half(6) == 3\nassert half(9) == 4"}
)
FOR_PROGRAMS = {
    "for a program": Situation(4, kind="code"),
    "for a program, with 5 samples and 1 round": Situation(5, 5, 1, kind="code"),
}
SYSTEMS = (*STRATEGIES, *gallery_names())


class Noise:
    """Answers every prompt of every system in a form that it can read, at random."""

    def __init__(self, seed: int, kind: Kind, *, fluent: bool) -> None:
        self.kind = kind
        self.fluent = fluent
        self.random = random.Random(seed)
        self.asked: list[str] = []
        self.models: list[ScriptedChatModel] = []

    def model(self, role: str) -> ScriptedChatModel:
        """Return a model that notes the role in which it is asked."""

        def answer(messages: Sequence[BaseMessage], sampling: Sampling) -> Choice:
            prompt = "\n".join([*(message.text for message in messages), sampling.prefix or ""])
            self.asked.append(f"{role} {sampling.temperature} reads {prompt.count(MARK)}")
            offered = OFFERED.findall(prompt) if self.fluent else []
            return self.choice(
                steps=len(re.findall(r"(?m)^\[\d+\] ", prompt)),
                offered=[item or words.replace("WHAT", "4") for item, words in offered],
            )

        self.models.append(ScriptedChatModel(answer, name=role))
        return self.models[-1]

    def choice(self, steps: int, offered: Sequence[str]) -> Choice:
        """Return an answer, which is complete in three cases out of four."""
        pick, points = self.random.choice, partial(self.random.randint, 0, 10)
        number, ends = pick((4, 4, 5, 6)), pick((True, True, True, False))
        action = pick(("left", "left", "right", "give up", f"finish[{number}]"))
        chosen = pick(offered) if offered else ""
        action = chosen or action
        text = (
            f"1. {MARK}\nIs 2 + 2 equal to {number}?\n\n"
            f"2. {f'The answer is {number}.' if ends else 'It goes on.'}\n"
            f"{pick(('TRUE', 'FALSE'))}\nSCORE: {points()}\n"
            f"VERDICT: {pick(('right', 'wrong', 'wrong'))}\n"
            f"Winner: {pick('AB')}\nCHOICE: {chosen or points()}\nAction: {action}"
        )
        if self.kind == "code":
            text = f"{MARK}\n```python\n{pick((WRONG, RIGHT))} + {number}\n```\n{text}"
        text += "".join(
            f"\nStep {step}: {max(points(), points())}/10" for step in range(1, steps + 1)
        )
        words = text.split(" ")
        logprobs = tuple(self.token(word + " ") for word in words)
        return Choice(text=text, finish_reason="stop", logprobs=logprobs)

    def token(self, word: str) -> TokenLogprob:
        """Return a word with a log-probability of two alternatives."""
        first = -self.random.random()
        return TokenLogprob(
            token=word, logprob=first, top=(TopLogprob("TRUE", -2.0), TopLogprob("FALSE", -1.0))
        )

    def score(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Score candidates at random."""
        values = [round(self.random.random(), 2) for _ in candidates]
        return [Score(scorer="noise", value=value, steps=(1.0, value)) for value in values]

    async def likelihood(
        self, messages: Sequence[BaseMessage], text: str
    ) -> tuple[TokenLogprob, ...]:
        """Give every word of a text a random log-probability."""
        return tuple(self.token(word) for word in text.split())

    async def check(
        self, problem: Problem, candidate: Candidate, tests: Sequence[VisibleTest]
    ) -> Verdict:
        """Let a candidate pass three tests of four; without tests, one candidate of five."""
        outcomes = tuple(
            CaseOutcome(id=test.id, status="passed" if self.random.random() < 0.75 else "failed")
            for test in tests
        )
        passed = all(case.status == "passed" for case in outcomes) and (
            bool(tests) or self.random.random() < 0.2
        )
        return Verdict(
            passed=passed,
            status="passed" if passed else "failed",
            tests=outcomes,
            isolation=Isolation(tier="none"),
        )


async def course(name: str, situation: Situation) -> list[str]:
    """Return the calls, the candidates and the choice of a run."""
    seed, samples, rounds, one_model, kind, fluent = situation
    needs = find_strategy(name).needs
    noise = Noise(seed, kind, fluent=fluent)
    roles = () if one_model else ROLES["likelihood" in needs :]  # no other model measures texts
    others: dict[str, Any] = {f"{role}_model": noise.model(role) for role in roles}
    memory = StoreMemory(InMemoryStore())
    await memory.add([Note(text=f"2 + 2. {MARK}")])
    plan = Plan(
        model=noise.model("solver"),
        **others,
        kind=kind,
        samples=samples,
        rounds=rounds,
        seed=seed,
        scorer=noise.score if "scorer" in needs else None,
        checker=noise.check if kind == "code" or "checker" in needs else None,
        evidence=("none",),
        environment=Doors,
        likelihood=noise.likelihood,
        user=lambda question: "It is about numbers.",
        examples=EXAMPLES,
        memory=memory,
    )
    values = await build_strategy(name, plan).ainvoke(
        {"problem": TESTED if kind == "code" else QUESTION}
    )
    result: RefinementResult = values["result"]
    assert result.strategy == name
    assert result.usage.llm_calls == sum(len(model.calls) for model in noise.models)
    end = f"ends by {result.stop_reason.rule}: {result.stop_reason.detail}"
    answer = (result.answer or "nothing").strip()
    chosen = f"takes {result.selection.candidate_id}: {answer}, {result.selection.reason}"
    return [*counted(noise.asked), *map(candidate_line, result.candidates), end, chosen]


def shortened(lines: Sequence[str]) -> str:
    """Return the first lines of a course and the last one."""
    *others, chosen = lines
    shown = others[:MOST] + [f"and {len(others) - MOST} lines more"] * (len(others) > MOST)
    return "".join(f"  {line}\n" for line in [*shown, chosen])


def digests(name: str) -> str:
    """Return the digests of a system's courses in other noise, without the sentences at the end."""
    words = [name]
    for situation in OTHER_NOISE:
        *lines, end, chosen = asyncio.run(course(name, situation))
        lines += [end.partition(":")[0], chosen.partition(",")[0]]
        words.append(hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12])
    return " ".join(words) + "\n"


def candidate_line(candidate: Candidate) -> str:
    """Return what a candidate came from, and what became of it."""
    score = "" if candidate.score is None else f" at {candidate.score:.3f}"
    origin = ", ".join(candidate.parents)
    answer = (candidate.program or "").strip() or candidate.answer
    end = answer if candidate.complete else "..."
    return f"{candidate.id} {candidate.operator}({origin}) = {end}{score}"


def counted(lines: Sequence[str]) -> list[str]:
    """Return lines with their number where the same one follows itself."""
    runs = [(line, len(list(group))) for line, group in groupby(lines)]
    return [line if count == 1 else f"{line}, {count} times" for line, count in runs]


def courses(name: str) -> str:
    """Return the course of a system in every situation."""
    situations = {**SITUATIONS, **(FOR_PROGRAMS if name in STRATEGIES else {})}
    return "".join(
        f"{name} {words}\n{shortened(asyncio.run(course(name, situation)))}"
        for words, situation in situations.items()
    )


if __name__ == "__main__":
    COURSES.write_text("".join(map(courses, SYSTEMS)))
    DIGESTS.write_text("".join(map(digests, SYSTEMS)))
